"""Composition of the program's parts, from settings and shared services."""
