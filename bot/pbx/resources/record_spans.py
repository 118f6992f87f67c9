"""Which parts of a period are known, and which have to be read. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar


class Span(Protocol):
    """Time of which every call is known that began from `start` to just before `stop`."""

    @property
    def start(self) -> datetime: ...

    @property
    def stop(self) -> datetime: ...


S = TypeVar("S", bound=Span)


@dataclass(frozen=True, slots=True)
class Piece(Generic[S]):
    """Part of a period, `stop` excluded; `known` is the span that it is taken from, None if it has to be read."""

    start: datetime
    stop: datetime
    known: S | None = None


def plan(start: datetime, stop: datetime, spans: Iterable[S]) -> list[Piece[S]]:
    """Divide a period into pieces in order, without gap or overlap; nothing is read that a span knows."""
    pieces: list[Piece[S]] = []
    cursor = start
    for span in sorted(spans, key=lambda one: one.start):
        until = min(span.stop, stop)
        if until <= max(cursor, span.start):
            continue
        if cursor < span.start:
            pieces.append(Piece(cursor, span.start))
            cursor = span.start
        pieces.append(Piece(cursor, until, span))
        cursor = until
    return [*pieces, Piece(cursor, stop)] if cursor < stop else pieces
