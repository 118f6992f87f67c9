"""REST actions of the stand-in MikoPBX, one module for each resource."""
