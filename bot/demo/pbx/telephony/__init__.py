"""Calls, call records and recordings of the stand-in MikoPBX."""
