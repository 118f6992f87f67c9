"""Parse untrusted JSON without blocking the event loop."""

import asyncio
import json
import json.scanner
from typing import Any

# Parsed inline in a few milliseconds. Bytes.
SMALL = 200_000
# More than twenty megabytes of a PBX's real answers, and some hundred megabytes of memory.
MAX_VALUES = 1_000_000


async def json_of(content: bytes) -> Any:
    """Parse JSON. Raises ValueError, or RecursionError, for invalid JSON and for too many values.

    Large JSON is parsed in a thread by the Python scanner: the C scanner holds the GIL until it is done. It takes about
    three times as long; only its caller waits.
    """
    if len(content) <= SMALL:
        return json.loads(content)
    if sum(map(content.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise ValueError("too many values")
    return await asyncio.to_thread(json.loads, content, cls=PurePythonDecoder)


class PurePythonDecoder(json.JSONDecoder):
    """Decode as `json.loads` does, and release the GIL meanwhile."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]
