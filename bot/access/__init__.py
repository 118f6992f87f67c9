"""Access policy: roles, grants, decisions."""
