"""Queries for people, grants, access requests and the audit log. Functions that take a session do not commit it."""
