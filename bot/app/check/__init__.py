"""Check of an installation: what is right, what is wrong, and one remedy for each fault. Changes nothing."""
