"""MikoPBX Bot: the machine. What people can say to it lives in the package `handlers`."""
