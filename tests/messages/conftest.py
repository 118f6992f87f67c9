"""Fixtures of the delivery tests, for masking whole messages."""

from tests.telegram.conftest import pace, sender, telegram

__all__ = ["pace", "sender", "telegram"]
