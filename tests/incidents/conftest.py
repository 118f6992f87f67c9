"""Fixtures of this folder's tests."""

from tests.fixtures.quiet_logs import quiet_logs

__all__ = ["quiet_logs"]
