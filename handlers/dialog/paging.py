"""Pages of a list: the slice that is shown, and the buttons that turn pages. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.messages.message import Button, Rows, TrustedText, mark

T = TypeVar("T")

PREVIOUS = mark("‹ Previous")
NEXT = mark("Next ›")
# From one entry back to the list that it was opened from.
TO_LIST = mark("↩ List")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`number` counts from 0, `count` is at least 1: an empty list has one empty page. `first` is the place of the
    page's first item in the list, counted from 1."""

    items: Sequence[T]
    number: int
    count: int
    first: int

    @property
    def has_previous(self) -> bool:
        return self.number > 0

    @property
    def has_next(self) -> bool:
        return self.number + 1 < self.count

    def facts(self) -> dict[str, int]:
        """Number of the page, from 1, and of the pages, as templates show them."""
        return {"page": self.number + 1, "pages": self.count}


def paginate(items: Sequence[T], number: int, size: int) -> Page[T]:
    """Return the page `number`, or the nearest that exists: the list may have become shorter since the button was
    made."""
    count = max(1, -(-len(items) // size))
    number = max(0, min(number, count - 1))
    start = number * size
    return Page(items[start : start + size], number, count, start + 1)


def numbered_row(page: Page[Any], action: str, data: Mapping[str, Any] | None = None, key: str = "page") -> Rows:
    """Return the row that turns pages by number, which `action` reads from `key`; no row for a list of one page."""
    here = data or {}
    previous = {**here, key: page.number - 1} if page.has_previous else None
    return page_row(action, previous, {**here, key: page.number + 1} if page.has_next else None)


def page_row(
    action: str,
    previous: Mapping[str, Any] | None,
    following: Mapping[str, Any] | None,
    before: Sequence[Button] = (),
) -> Rows:
    """Return the row that turns pages by the data of each button; None where there is no page. `before` stand in the
    same row. No row without buttons."""
    both: tuple[tuple[TrustedText, Mapping[str, Any] | None], ...] = ((PREVIOUS, previous), (NEXT, following))
    row = (*before, *(Button(label, action, data) for label, data in both if data is not None))
    return (row,) if row else ()
