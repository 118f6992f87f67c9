"""Queries for people, grants, access requests and the audit log."""
