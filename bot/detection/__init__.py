"""Decide from observations what is wrong. Pure: time is passed in, nothing is read or sent."""
