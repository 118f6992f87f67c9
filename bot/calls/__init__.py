"""Rules about ended calls: outcome, missed callers, and what becomes of their cards. Pure."""
