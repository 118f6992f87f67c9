"""On-call rotations, overrides and calendars. Pure."""
