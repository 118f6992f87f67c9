"""Deadlines: words in any order, in both languages."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.parsing.deadlines import MAX_AHEAD, NotADeadline, take_deadline

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
        ("10m", NOW + timedelta(minutes=10), []),
        ("for 10 min", NOW + timedelta(minutes=10), []),
        ("1.5h", NOW + timedelta(minutes=90), []),
        ("на 1,5 часа", NOW + timedelta(minutes=90), []),
        ("на час", NOW + timedelta(hours=1), []),
        ("на полчаса", NOW + timedelta(minutes=30), []),
        ("for half an hour", NOW + timedelta(minutes=30), []),
        ("for an hour", NOW + timedelta(hours=1), []),
        ("на полтора часа", NOW + timedelta(minutes=90), []),
        ("for a week", NOW + timedelta(weeks=1), []),
        ("на сутки", NOW + timedelta(days=1), []),
        ("until monday", at("2026-11-30 23:59:59"), []),
        ("до среды", at("2026-11-25 23:59:59"), []),
        ("viewer until friday 18:00", at("2026-11-27 18:00"), ["viewer"]),
        ("until 30 november", at("2026-11-30 23:59:59"), []),
        ("до 30 ноября", at("2026-11-30 23:59:59"), []),
        ("until dec 1 12:00", at("2026-12-01 12:00"), []),
        ("until 6pm", at("2026-11-23 18:00"), []),
        ("до 9 утра", at("2026-11-24 09:00"), []),
        ("до 3 дня", at("2026-11-23 15:00"), []),
        ("на 3 дня", NOW + timedelta(days=3), []),
        ("until 18.30", at("2026-11-23 18:30"), []),
    ],
)
def test_a_deadline_is_read(words: str, until: datetime | None, rest: list[str]) -> None:
    assert take_deadline(words.split(), NOW) == (until, rest)


@pytest.mark.parametrize("words", ["until 2026-11-22", "until 2020-01-01", "0h", "until 31.02", "until 2099-01-01"])
def test_what_is_over_or_no_day_is_refused(words: str) -> None:
    with pytest.raises(NotADeadline):
        take_deadline(words.split(), NOW)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("@boris operator until someday", "until someday"),
        ("for 30", "for 30"),
        ("until 25:00", "until 25:00"),
        ("на совсем", "на совсем"),
        ("@boris viewer до", "до"),
    ],
)
def test_what_follows_for_and_until_is_a_time_or_refused(words: str, named: str) -> None:
    with pytest.raises(NotADeadline, match=named):
        take_deadline(words.split(), NOW)


@given(st.text(), st.datetimes(at("2020-01-01 00:00"), at("2040-01-01 00:00")))
def test_a_deadline_is_always_still_to_come(text: str, now: datetime) -> None:
    try:
        until, _ = take_deadline(text.split(), now)
    except NotADeadline:
        return
    assert until is None or now < until <= now + MAX_AHEAD
