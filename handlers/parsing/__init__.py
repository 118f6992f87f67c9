"""Parsers for what people type: arguments, periods, deadlines, windows and shifts."""
