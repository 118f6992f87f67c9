"""Rules about ended calls: outcome, statistics, missed callers and their cards, digests. Pure."""
