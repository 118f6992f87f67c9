"""JSON of others, read beside the event loop when there is much of it."""

import asyncio
import json
import json.scanner
from typing import Any

# What is read in a few milliseconds is read at once.
SMALL = 200_000
# More than twenty megabytes of what a PBX honestly says; and some hundred megabytes of memory.
MOST_VALUES = 1_000_000


async def json_of(content: bytes) -> Any:
    """What the JSON says. Raises ValueError, or RecursionError, for what is none and for what holds too many values.

    Large JSON is read in a thread, and by the reader that is written in Python: the one written in C gives nobody else
    a turn before it is done. It takes some three times as long, and nobody waits for it but who asked.
    """
    if len(content) <= SMALL:
        return json.loads(content)
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise ValueError("too many values")
    return await asyncio.to_thread(json.loads, content, cls=GivesWay)


class GivesWay(json.JSONDecoder):
    """Reads as `json.loads` does, and lets others have their turn meanwhile."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]
