"""Evaluate observations into state changes. Pure: time is a parameter, no I/O."""
