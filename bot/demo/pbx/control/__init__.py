"""Control API of the stand-in MikoPBX, absent from a real one."""
