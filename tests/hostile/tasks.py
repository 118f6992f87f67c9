"""What the tests let a process do."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.sandbox.task import Refusal


def sleeps(content: bytes) -> None:
    time.sleep(600)


def burns(content: bytes) -> None:
    while True:
        pass


def eats(content: bytes) -> int:
    return len(bytearray(1 << 30))


def tells(content: bytes, path: str) -> dict[str, Any]:
    written = False
    with suppress(OSError):
        written = bool(Path(path).write_text("x"))
    return {"content": content.decode(), "environment": sorted(os.environ), "written": written}


def much(content: bytes) -> str:
    return "x" * 2_000


def refuses(content: bytes) -> None:
    raise Refusal("it does not want")


def breaks(content: bytes) -> None:
    raise KeyError("secret")
