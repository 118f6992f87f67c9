"""Queries for on-call schedules, calendars and reachability. Functions that take a session do not commit it."""
