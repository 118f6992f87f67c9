"""Checks other than trunk monitoring: one module for each condition that can raise an incident."""
