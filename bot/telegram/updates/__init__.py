"""Receive updates by polling or webhook, store them, and hand them to the dispatcher."""
