"""Parsers for typed text: arguments, periods, deadlines, windows, shifts, fields, people and phone numbers."""
