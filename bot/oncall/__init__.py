"""Who is on call: turns, overrides and calendars. Pure."""
