"""Queries for incidents and for what the bot keeps of each station."""
