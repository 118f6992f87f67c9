"""Web server, router and worker queue of the stand-in MikoPBX."""
