"""Deliver the outbox to Telegram within its rate limits."""
