"""Comparison of names, and reading of telephone numbers."""
