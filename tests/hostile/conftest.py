"""Fixtures and pytest hooks of the end-to-end tests."""

from tests.end_to_end.conftest import (
    group,
    pytest_collection_modifyitems,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    shared,
    standins,
    start_bot,
)

__all__ = [
    "group",
    "pytest_collection_modifyitems",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "shared",
    "standins",
    "start_bot",
]
