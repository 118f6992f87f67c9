"""Queries for the inbox, the outbox, keyboards and pending questions. Functions that take a session do not commit it."""
