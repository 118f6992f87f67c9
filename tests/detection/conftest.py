"""Fixtures of every test in this folder."""

from tests.fixtures.quiet_logs import quiet_logs

__all__ = ["quiet_logs"]
