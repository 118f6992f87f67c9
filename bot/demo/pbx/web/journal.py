"""Log of requests, without headers and bodies."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_KEPT = 5000


@dataclass
class JournalEntry:
    """Logged request. `status` None: pending; 0: the connection was cut. `answered` is the time of the answer."""

    seq: int
    at: float
    method: str
    path: str
    query: str
    status: int | None = None
    answered: float | None = None


class Journal:
    """Journal; `heard` is called with a request whose answer is about to be sent."""

    def __init__(self, heard: Callable[[JournalEntry], None] = lambda _entry: None) -> None:
        self.heard = heard
        self.total = 0
        self.writes = 0
        self._entries: deque[JournalEntry] = deque(maxlen=_KEPT)

    def begin(self, at: float, method: str, path: str, query: str) -> JournalEntry:
        self.total += 1
        self.writes += method in ("POST", "PUT", "PATCH", "DELETE")
        entry = JournalEntry(self.total, at, method, path, query)
        self._entries.append(entry)
        return entry

    def end(self, entry: JournalEntry, at: float, status: int) -> None:
        entry.answered, entry.status = at, status
        self.heard(entry)

    def after(self, seq: int) -> list[dict[str, object]]:
        return [dict(vars(entry)) for entry in self._entries if entry.seq > seq]
