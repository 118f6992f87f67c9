"""What the program writes into its log, as it writes it."""

import io
import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
import structlog

from bot.logs import configure_logging


@contextmanager
def logged_as_the_program_does(monkeypatch: pytest.MonkeyPatch, secrets: Iterable[str] = ()) -> Iterator[io.StringIO]:
    """What reaches the standard error of a program that logs everything."""
    for owner, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook"), (sys, "stderr")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    configure_logging("DEBUG", secrets)
    # What is written afterwards is not to go the same way.
    structlog.configure(cache_logger_on_first_use=False)
    yield stream
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
