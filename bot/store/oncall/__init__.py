"""Queries for on-call schedules, calendars and reachability."""
