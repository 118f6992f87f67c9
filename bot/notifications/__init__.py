"""Notify people of incidents: recipients, escalation, and the messages that show an incident."""
