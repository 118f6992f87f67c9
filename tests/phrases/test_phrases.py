"""Times as people write them, in both languages: each phrase with its meaning, or the refusal that names it."""

import string
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.parsing.deadlines import NotADeadline, take_deadline
from handlers.parsing.periods import NotAPeriod, take_period
from handlers.parsing.times import words as time_words
from handlers.parsing.times.model import fold

HERE = Path(__file__).parent
# A Saturday.
NOW = datetime(2026, 11, 28, 14, 30)  # noqa: DTZ001 (PBX local time)
REFUSED = "refused: "


def phrases(kind: str) -> Iterator[tuple[str, str]]:
    for language in ("en", "ru"):
        for line in (HERE / f"{kind}_{language}.txt").read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                written, _, meaning = line.partition(" => ")
                yield written, meaning


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d} 24:00" if at.time() == time(23, 59, 59) else f"{at:%Y-%m-%d %H:%M}"


def with_rest(meaning: str, rest: list[str]) -> str:
    return " | ".join([meaning, " ".join(rest)] if rest else [meaning])


def period_meant(written: str) -> str:
    try:
        period, rest = take_period(written.split(), NOW)
    except NotAPeriod as wrong:
        return REFUSED + str(wrong)
    return with_rest(f"{moment(period.start)} – {moment(period.end)}", rest)


def end_meant(written: str) -> str:
    try:
        until, rest = take_deadline(written.split(), NOW, weekday_ends=time.min)
    except NotADeadline as wrong:
        return REFUSED + str(wrong)
    return with_rest(moment(until) if until else "none", rest)


@pytest.mark.parametrize(("written", "meaning"), list(phrases("periods")))
def test_a_period_means(written: str, meaning: str) -> None:
    assert period_meant(written) == meaning


@pytest.mark.parametrize(("written", "meaning"), list(phrases("deadlines")))
def test_an_end_means(written: str, meaning: str) -> None:
    assert end_meant(written) == meaning


def test_there_are_enough_of_them_in_each_language() -> None:
    counts = Counter(any("а" <= letter <= "я" for letter in written.lower()) for written, _ in phrases("periods"))
    assert counts[True] >= 150
    assert sum(counts.values()) + len(list(phrases("deadlines"))) >= 400


MINUTES = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))
VOCABULARY = {
    word
    for name, table in vars(time_words).items()
    if name.isupper() and isinstance(table, dict | frozenset)
    for word in table
}
JUNK = st.text(string.ascii_letters + "абвгдежзийклмн@#_", min_size=1, max_size=12).filter(
    lambda word: fold(word) not in VOCABULARY
)
WORDS = st.lists(JUNK | st.sampled_from(sorted(map(str, VOCABULARY))) | st.from_regex(r"\d{1,4}", fullmatch=True))


@given(WORDS)
def test_no_word_that_is_no_time_is_dropped(words: list[str]) -> None:
    strange = Counter(word for word in words if fold(word) not in VOCABULARY and not word.isdecimal())
    for read in (take_period, take_deadline):
        try:
            _, rest = read(words, NOW)
        except (NotAPeriod, NotADeadline):
            continue
        assert strange <= Counter(rest)


@given(st.lists(st.text(max_size=8) | st.sampled_from(sorted(map(str, VOCABULARY))), max_size=8), MINUTES)
def test_whatever_is_written_is_a_period_in_order_or_refused(words: list[str], now: datetime) -> None:
    try:
        period, _ = take_period(words, now)
    except NotAPeriod:
        return
    assert period.start <= period.end
    assert period.first <= now.date()
