"""REST resources of a MikoPBX, one module each."""
