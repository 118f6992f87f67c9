"""Log lines for people and machines, with secrets taken out of every one of them."""

import logging
import re
import sys
from collections.abc import Iterable

import structlog

TOKEN = re.compile(r"\b\d{5,}(:|%3A)[A-Za-z0-9_-]{30,}")
KEY = re.compile(r"(?i)(bearer\s+)\S+")
HIDDEN = "•••"


class Redaction:
    """Takes known secrets, and whatever looks like one, out of finished text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted((s for s in secrets if s), key=len, reverse=True)

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return KEY.sub(rf"\g<1>{HIDDEN}", TOKEN.sub(HIDDEN, text))


class _RedactedFormatter(structlog.stdlib.ProcessorFormatter):
    redaction: Redaction

    def format(self, record: logging.LogRecord) -> str:
        return self.redaction.clean(super().format(record))


def configure_logging(level: str, secrets: Iterable[str]) -> None:
    """Everything goes through one handler, and that handler cleans the finished line: nothing can go around it."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = _RedactedFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # Plain tracebacks: the rich ones print local variables, and those hold secrets.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
    )
    formatter.redaction = Redaction(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # These name every address they call, the bot token included, and add nothing to our own lines.
    for noisy in ("httpx", "httpcore", "telegram", "aiosqlite", "asyncio", "uvicorn", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
