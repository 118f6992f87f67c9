"""Until when: words in any order, in both languages."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.deadlines import LONGEST, NotADeadline, take_deadline

at = datetime.fromisoformat
NOW = at("2026-11-23 14:00")


@pytest.mark.parametrize(
    ("words", "until", "rest"),
    [
        ("@boris operator", None, ["@boris", "operator"]),
        ("operator for 8h @boris", NOW + timedelta(hours=8), ["operator", "@boris"]),
        ("for 8 hours", NOW + timedelta(hours=8), []),
        ("на 8 часов", NOW + timedelta(hours=8), []),
        ("30min", NOW + timedelta(minutes=30), []),
        ("на 30 минут", NOW + timedelta(minutes=30), []),
        ("7d", NOW + timedelta(days=7), []),
        ("2w", NOW + timedelta(weeks=2), []),
        ("until 18:00", NOW.replace(hour=18), []),
        ("до 9:30", at("2026-11-24 09:30"), []),
        ("until 2026-12-31", at("2026-12-31 23:59:59"), []),
        ("until 31.12.2026 12:00", at("2026-12-31 12:00"), []),
        ("до 01.12", at("2026-12-01 23:59:59"), []),
        ("until 01.02", at("2027-02-01 23:59:59"), []),
        ("until tomorrow", at("2026-11-24 23:59:59"), []),
        ("завтра 10:00", at("2026-11-24 10:00"), []),
        ("100200300 viewer", None, ["100200300", "viewer"]),
    ],
)
def test_a_deadline_is_read(words: str, until: datetime | None, rest: list[str]) -> None:
    assert take_deadline(words.split(), NOW) == (until, rest)


@pytest.mark.parametrize("words", ["until 2026-11-22", "until 2020-01-01", "0h", "until 31.02", "until 2099-01-01"])
def test_what_is_over_or_no_day_is_refused(words: str) -> None:
    with pytest.raises(NotADeadline):
        take_deadline(words.split(), NOW)


@given(st.text(), st.datetimes(at("2020-01-01 00:00"), at("2040-01-01 00:00")))
def test_a_deadline_is_always_still_to_come(text: str, now: datetime) -> None:
    try:
        until, _ = take_deadline(text.split(), now)
    except NotADeadline:
        return
    assert until is None or now < until <= now + LONGEST
