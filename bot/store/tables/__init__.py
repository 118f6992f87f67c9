"""Table definitions. All times are UTC and aware."""
