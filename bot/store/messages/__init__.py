"""Queries for the inbox, the outbox, keyboards and pending questions."""
