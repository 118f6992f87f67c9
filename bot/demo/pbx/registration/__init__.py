"""Trunks of the stand-in MikoPBX and what it believes of their registration."""
