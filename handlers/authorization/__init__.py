"""Decisions on requests: the action and station they are about, the preconditions, the grants, and the audit row."""
