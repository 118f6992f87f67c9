"""Fixtures of the delivery tests, for masking whole messages."""

from tests.telegram.conftest import messenger, pace, telegram

__all__ = ["messenger", "pace", "telegram"]
