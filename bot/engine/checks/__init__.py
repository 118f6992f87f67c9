"""Checks beside the trunks: one module for each condition that can raise an incident."""
