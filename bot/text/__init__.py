"""Comparison of names and telephone numbers, and characters that people cannot see."""
