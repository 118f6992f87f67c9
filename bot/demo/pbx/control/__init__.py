"""Control API of the stand-in MikoPBX, which a real one does not have."""
