"""Queries for the inbox, outbox, keyboards and pending questions. Functions that take a session do not commit it."""
