"""Telegram Bot API: the only package that knows it."""
