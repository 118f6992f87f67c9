"""Followers of the call records."""
