"""Incidents, their timelines, and the silences that hold notifications back."""
