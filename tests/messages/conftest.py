"""Fixtures of the delivery tests that the masking of whole messages needs."""

from tests.telegram.conftest import messenger, pace, telegram

__all__ = ["messenger", "pace", "telegram"]
