"""Queries for incidents and for data of a station. Functions that take a session do not commit it."""
