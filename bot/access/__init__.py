"""Access policy: roles, grants and the decision."""
