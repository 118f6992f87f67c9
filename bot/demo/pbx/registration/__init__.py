"""Trunks of the stand-in MikoPBX, and their registration as the PBX sees it."""
