"""Logging: one line per event, with secrets redacted and control characters escaped."""

import io
import logging
import re
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import TextIO
from urllib.parse import quote, unquote

import structlog

# In a URL the token follows a letter: /bot123…
TOKEN = re.compile(r"(?i)(?<!\d)\d{5,}(:|%3a)[a-z0-9_-]{30,}")
KEY = re.compile(r"(?i)(bearer\s+)\S+")
HIDDEN = "•••"


class Redaction:
    """Replace known secrets, and text in the form of a token or key."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {form for secret in secrets if secret for form in _forms(secret)}
        self._secrets = sorted(known, key=len, reverse=True)

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return KEY.sub(rf"\g<1>{HIDDEN}", TOKEN.sub(HIDDEN, text))


def _forms(secret: str) -> set[str]:
    """Return the secret as given, URL-quoted and unquoted, and each as `printable` shows it."""
    forms = {secret, quote(secret, safe=""), unquote(secret)}
    return forms | {printable(form) for form in forms}


class OnChange:
    """Detect changes in a repeated value, so that only they are logged."""

    def __init__(self, initial: str | None = None) -> None:
        self._latest = initial

    def is_new(self, value: str | None) -> bool:
        changed, self._latest = value != self._latest, value
        return changed


def printable(text: str) -> str:
    """Escape line breaks, control, bidirectional and invisible characters as Python does."""
    return text if text.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


class _Unquoted(str):
    """String whose repr has no quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _in_one_line(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Escape keys and values of an event, so that they cannot start a new line."""
    return {printable(key): _safe_value(key, value) for key, value in event.items()}


def _safe_value(key: str, value: object) -> object:
    if key == "exc_info":
        return value
    if key in ("exception", "stack"):
        return _indented(str(value))
    if key == "event":
        return printable(str(value))
    if isinstance(value, str):
        return value if value.isprintable() else _Unquoted(repr(value))
    text = repr(value)
    return value if text.isprintable() else _Unquoted(printable(text))


def _indented(text: str) -> str:
    """Indent each line, so that no line of an error message looks like a log line."""
    return "\n".join(f"    {printable(line)}" for line in text.strip("\n").split("\n"))


def _traceback(stream: TextIO, error: structlog.typing.ExcInfo) -> None:
    """Write a plain traceback: the rich ones print local variables, which may hold secrets."""
    text = io.StringIO()
    structlog.dev.plain_traceback(text, error)
    stream.write(f"\n{_indented(text.getvalue())}")


class _RedactedFormatter(structlog.stdlib.ProcessorFormatter):
    redaction: Redaction

    def format(self, record: logging.LogRecord) -> str:
        return self.redaction.clean(super().format(record))


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the library's own name)
        """Report without the record's text: the default prints it unredacted."""
        with suppress(Exception):
            self.stream.write(f"a log line could not be written: {record.pathname}:{record.lineno}\n")


def configure_logging(level: str, secrets: Iterable[str]) -> None:
    """Route all logging through one handler, which redacts the finished line."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = _RedactedFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _in_one_line,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_traceback),
        ],
    )
    formatter.redaction = Redaction(secrets)
    handler = _Handler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # These log every URL they request, the bot token included.
    for noisy in ("httpx", "httpcore", "telegram", "asyncio", "uvicorn", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _log_python_output()


def _log_python_output() -> None:
    """Log uncaught exceptions and warnings: Python's default output is not redacted."""
    log = logging.getLogger("python")

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("uncaught exception", exc_info=(kind, error, trace))

    sys.excepthook = uncaught
    threading.excepthook = lambda caught: log.critical("uncaught exception in a thread", exc_info=caught.exc_value)
    sys.unraisablehook = lambda caught: log.error("unraisable exception", exc_info=caught.exc_value)
    logging.captureWarnings(capture=True)
