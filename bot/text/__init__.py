"""Comparison of names and phone numbers, and invisible characters."""
