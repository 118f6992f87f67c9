"""Queries for incidents and for data of a station."""
