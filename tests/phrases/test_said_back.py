"""What the bot says of a time is read as the same again, in both languages."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.incidents.silence import Weekly
from bot.messages.formatting import ReaderView, dated_weekday, duration, moment
from bot.messages.renderer import Renderer
from handlers.parsing.deadlines import take_deadline
from handlers.parsing.periods import Period, read_period
from handlers.parsing.windows import OneTimeWindow, WeeklyWindow, take_window
from handlers.silences.facts import repeats_facts

# A Saturday.
NOW = datetime(2026, 11, 28, 14, 30)  # noqa: DTZ001 (PBX local time)
RENDERERS = {language: Renderer(language) for language in ("en", "ru")}
LANGUAGES = st.sampled_from(sorted(RENDERERS))
PERIOD = '{% from "_period.html" import span %}{{ span(first, last, one_day, times)|trim }}'
WEEKLY = '{% from "_silence.html" import every %}{{ every(one)|trim }}'
PAST = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))
TO_COME = st.integers(1, 360 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@contextmanager
def view_of(language: str) -> Iterator[ReaderView]:
    renderer = RENDERERS[language]
    now = NOW.replace(tzinfo=UTC)
    view = ReaderView(language, renderer._translate, ZoneInfo("UTC"), now)
    token = renderer._view.set(view)
    try:
        yield view
    finally:
        renderer._view.reset(token)


def said(template: str, facts: Mapping[str, Any], language: str) -> str:
    with view_of(language):
        return RENDERERS[language]._environment.from_string(template).render(facts).replace("&nbsp;", " ")


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start, end = sorted([draw(PAST), draw(PAST)])
    if draw(st.booleans()):
        start, end = datetime.combine(start, time.min), datetime.combine(end, time(23, 59, 59))
    return Period(start, end)


@given(periods(), LANGUAGES)
@example(Period(datetime(2026, 2, 3), datetime(2026, 5, 31, 23, 59, 59)), "ru")  # noqa: DTZ001
@example(Period(datetime(2025, 9, 1, 9), datetime(2025, 9, 1, 12)), "ru")  # noqa: DTZ001
def test_a_period(period: Period, language: str) -> None:
    written = said(PERIOD, period.facts(), language)
    assert read_period(written, NOW) == period, written


@given(TO_COME, LANGUAGES)
def test_an_end(until: datetime, language: str) -> None:
    with view_of(language) as view:
        written = f"{'до' if language == 'ru' else 'until'} {moment(view, until)}"
    assert take_deadline(written.split(), NOW) == (until, []), written


@given(
    st.integers(1, 40 * 24).map(lambda hours: timedelta(hours=hours))
    | st.integers(1, 120).map(lambda minutes: timedelta(minutes=minutes)),
    LANGUAGES,
)
def test_a_length(length: timedelta, language: str) -> None:
    with view_of(language) as view:
        written = f"{'на' if language == 'ru' else 'for'} {duration(view, length.total_seconds())}"
    assert take_deadline(written.split(), NOW) == (NOW + length, []), written


@given(TO_COME, st.integers(1, 60 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)), LANGUAGES)
def test_a_window_that_comes_once(begins: datetime, length: timedelta, language: str) -> None:
    with view_of(language) as view:
        written = f"{moment(view, begins)} – {moment(view, begins + length)}"
    window, rest = take_window(written.split(), NOW)
    assert (window, rest) == (OneTimeWindow(begins, begins + length), []), written


@given(st.frozensets(st.integers(0, 6), min_size=1), st.times(), st.integers(1, 24 * 60 - 1), LANGUAGES)
def test_a_window_that_repeats(days: frozenset[int], starts: time, minutes: int, language: str) -> None:
    starts = starts.replace(second=0, microsecond=0)
    facts = {"one": {"repeats": repeats_facts(Weekly(days, starts, minutes, "UTC"))}}
    written = said(WEEKLY, facts, language)
    window, rest = take_window(written.split(), NOW)
    assert (window, rest) == (WeeklyWindow(days, starts, minutes), []), written


@pytest.mark.parametrize(("language", "written"), [("ru", "сб, 28 нояб."), ("en", "Sat, Nov 28")])
def test_a_day_is_said_with_its_weekday(language: str, written: str) -> None:
    with view_of(language) as view:
        assert dated_weekday(view, NOW.date()) == written
    assert read_period(written, NOW).first == NOW.date()
