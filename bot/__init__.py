"""MikoPBX Bot. The commands are in the package `handlers`."""
