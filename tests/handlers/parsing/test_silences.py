"""Scope and time of silences as people write them, in both languages."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.silence import EVERYTHING
from handlers.parsing.arguments import split
from handlers.parsing.deadlines import NotADeadline
from handlers.parsing.silences import find_until, take_subject, take_until
from handlers.parsing.windows import NotAWindow, OneTimeWindow, WeeklyWindow, is_window, take_window

BERLIN = ZoneInfo("Europe/Berlin")
# Monday, 14:00 in Berlin.
NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
WALL = datetime.fromisoformat("2026-11-23 14:00")
NAMES = {"T1": "Zadarma", "T2": "Branch IAX", "T3": "Zebra Telecom", "T4": "Zebra", "T5": "Morning Star"}
at = datetime.fromisoformat


def local(written: str) -> datetime:
    return at(written).replace(tzinfo=BERLIN).astimezone(UTC)


def says_until(words: object) -> bool:
    return take_until(list(words), NOW, BERLIN)[0] is not None  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("words", "found", "rest"),
    [
        ("Zadarma for 1h", ["T1"], ["for", "1h"]),
        ("zadarma", ["T1"], []),
        ("Branch IAX works on the line", ["T2"], ["works", "on", "the", "line"]),
        ('"branch iax" 1h', ["T2"], ["1h"]),
        ("«Branch IAX»", ["T2"], []),
        ("T2 1h", ["T2"], ["1h"]),
        ("zad 1h", ["T1"], ["1h"]),
        ("zebra 1h", ["T4"], ["1h"]),
        ("zebra telecom 1h", ["T3"], ["1h"]),
        ("eb 1h", ["T3", "T4"], ["1h"]),
        ("morning star", ["T5"], []),
        ("until morning", [], ["until", "morning"]),
        ("all until morning", [EVERYTHING], ["until", "morning"]),
        ("всё до утра", [EVERYTHING], ["до", "утра"]),
        ("Nonesuch 1h", [], ["Nonesuch", "1h"]),
        ("all except Zadarma 1h", [], ["all", "except", "Zadarma", "1h"]),
        ("все кроме Zadarma на час", [], ["все", "кроме", "Zadarma", "на", "час"]),
        ("Zadarma and Branch IAX 1h", [], ["Zadarma", "and", "Branch", "IAX", "1h"]),
        ("Zadarma Branch IAX 1h", [], ["Zadarma", "Branch", "IAX", "1h"]),
        ("z 1h", [], ["z", "1h"]),
        ("", [], []),
    ],
)
def test_a_subject_is_found_by_its_name_quoted_or_not(words: str, found: list[str], rest: list[str]) -> None:
    subjects, others = take_subject(split(words), NAMES, says_until)
    assert ([one.id for one in subjects], others) == (found, rest)


@pytest.mark.parametrize(
    ("words", "moment", "rest"),
    [
        ("for 1h", NOW + timedelta(hours=1), []),
        ("for 2 hours works", NOW + timedelta(hours=2), ["works"]),
        ("90min on the line until tomorrow", NOW + timedelta(minutes=90), ["on", "the", "line", "until", "tomorrow"]),
        ("на 2 часа", NOW + timedelta(hours=2), []),
        ("until 18:00 works", local("2026-11-23 18:00"), ["works"]),
        ("до 9:30", local("2026-11-24 09:30"), []),
        ("until tomorrow 10:00", local("2026-11-24 10:00"), []),
        ("until morning", local("2026-11-24 08:00"), []),
        ("до утра провайдер чинит", local("2026-11-24 08:00"), ["провайдер", "чинит"]),
        ("until 2026-11-25", local("2026-11-25 23:59:59"), []),
    ],
)
def test_until_when_is_read_and_the_reason_is_left(words: str, moment: datetime, rest: list[str]) -> None:
    until, others = take_until(words.split(), NOW, BERLIN)
    assert until is not None
    assert (until.moment, others) == (moment, rest)


@pytest.mark.parametrize(
    ("words", "minutes", "reason"),
    [
        ("for 10m testing", 10, "testing"),
        ("30m", 30, ""),
        ("for 10m", 10, ""),
        ("10 min", 10, ""),
        ("на 10 минут проверка", 10, "проверка"),
        ("2h", 120, ""),
        ("1.5h", 90, ""),
        ("на час", 60, ""),
        ("на полчаса", 30, ""),
        ("for a week", 7 * 1440, ""),
        ("until monday", 7 * 1440 - 14 * 60, ""),
        ("testing for 10m", 10, "testing"),
        ("works on the line 10 min", 10, "works on the line"),
        ("2h работы на линии", 120, "работы на линии"),
        ("до 18ч", 4 * 60, ""),
        ("до 18 часов ремонт", 4 * 60, "ремонт"),
        ("до 3 дня", 60, ""),
        ("until 18h", 4 * 60, ""),
    ],
)
def test_a_mute_lasts_as_long_as_was_written_wherever_it_stands(words: str, minutes: int, reason: str) -> None:
    until, rest = find_until(words.split(), NOW, BERLIN)
    assert until is not None
    assert until.moment is not None
    assert ((until.moment - NOW) // timedelta(minutes=1), " ".join(rest)) == (minutes, reason)


@pytest.mark.parametrize(
    "words",
    [
        *("for 30", "until 25:00", "for testing", "на линии", "until", "testing for 10x", "30", "25:00 works"),
        *("after 18:00", "from tomorrow", "by 18:00", "к утру", "for hours", "на минут 20", "часа два", "1h30"),
        *("1:30h", "forever", "навсегда", "пока не починят"),
    ],
)
def test_what_may_be_a_time_and_is_none_never_becomes_the_reason(words: str) -> None:
    with pytest.raises(NotADeadline):
        find_until(words.split(), NOW, BERLIN)


def test_a_reason_may_speak_of_somebody_for_whom_it_is() -> None:
    assert find_until(["works", "for", "Boris"], NOW, BERLIN) == (None, ["works", "for", "Boris"])


@pytest.mark.parametrize("words", ["until recovery works", "до восстановления works"])
def test_until_recovery_is_no_moment(words: str) -> None:
    until, others = take_until(words.split(), NOW, BERLIN)
    assert until is not None
    assert (until.moment, others) == (None, ["works"])


@pytest.mark.parametrize("words", ["works for 1h", "on the line", ""])
def test_a_reason_alone_says_no_time(words: str) -> None:
    assert take_until(words.split(), NOW, BERLIN) == (None, words.split())


def test_a_time_that_is_over_is_refused() -> None:
    with pytest.raises(NotADeadline):
        take_until(["until", "2026-11-22"], NOW, BERLIN)


def test_eight_hours_are_eight_hours_in_every_night() -> None:
    evening = local("2026-10-24 22:00")
    until, _ = take_until(["8h"], evening, BERLIN)
    assert until is not None
    assert until.moment == evening + timedelta(hours=8)
    until, _ = take_until(["until", "06:00"], evening, BERLIN)
    assert until is not None
    assert until.moment == evening + timedelta(hours=9)


def test_of_two_moments_with_the_same_time_the_one_to_come_is_meant() -> None:
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    until, _ = take_until(["until", "02:30"], second_pass, BERLIN)
    assert until is not None
    assert until.moment == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "begins", "ends"),
    [
        ("tomorrow 02:00-04:00", "2026-11-24 02:00", "2026-11-24 04:00"),
        ("завтра с 2:00 до 4:00", "2026-11-24 02:00", "2026-11-24 04:00"),
        ("tomorrow from 02:00 to 04:00", "2026-11-24 02:00", "2026-11-24 04:00"),
        ("tomorrow 02:00 - 04:00", "2026-11-24 02:00", "2026-11-24 04:00"),
        ("sat 02:00 for 2h", "2026-11-28 02:00", "2026-11-28 04:00"),
        ("в субботу 23:00-01:00", "2026-11-28 23:00", "2026-11-29 01:00"),
        ("mon 15:00-16:00", "2026-11-23 15:00", "2026-11-23 16:00"),
        ("mon 13:00-13:30", "2026-11-30 13:00", "2026-11-30 13:30"),
        ("02:00-04:00", "2026-11-24 02:00", "2026-11-24 04:00"),
        ("13:00-15:00", "2026-11-23 14:00", "2026-11-23 15:00"),
        ("2026-12-01 22:00 for 10h", "2026-12-01 22:00", "2026-12-02 08:00"),
        ("01.12 22:00-24:00", "2026-12-01 22:00", "2026-12-02 00:00"),
        ("now for 2h", "2026-11-23 14:00", "2026-11-23 16:00"),
        ("сейчас на 30 минут", "2026-11-23 14:00", "2026-11-23 14:30"),
        ("for 2h", "2026-11-23 14:00", "2026-11-23 16:00"),
        ("for 10m", "2026-11-23 14:00", "2026-11-23 14:10"),
        ("сейчас на полчаса", "2026-11-23 14:00", "2026-11-23 14:30"),
        ("sat 02:00 for 1.5h", "2026-11-28 02:00", "2026-11-28 03:30"),
        ("с 28.11 22:00 до 29.11 06:00", "2026-11-28 22:00", "2026-11-29 06:00"),
        ("28.11 22:00 - 29.11 06:00", "2026-11-28 22:00", "2026-11-29 06:00"),
        ("today 23:00 - tomorrow 02:00", "2026-11-23 23:00", "2026-11-24 02:00"),
        ("fri 18:00 to mon 09:00", "2026-11-27 18:00", "2026-11-30 09:00"),
        ("с пятницы 18:00 до понедельника 9:00", "2026-11-27 18:00", "2026-11-30 09:00"),
        ("mon 18:00 to tue 9am", "2026-11-23 18:00", "2026-11-24 09:00"),
        ("mon 9:00 to tue 9am", "2026-11-30 09:00", "2026-12-01 09:00"),
        ("с 1 декабря 10:00 до 2 декабря 18:00", "2026-12-01 10:00", "2026-12-02 18:00"),
        ("sat 28.11 02:00-04:00", "2026-11-28 02:00", "2026-11-28 04:00"),
        ("28.11 sat 02:00-04:00", "2026-11-28 02:00", "2026-11-28 04:00"),
        ("с 22:00 28.11 до 6:00 29.11", "2026-11-28 22:00", "2026-11-29 06:00"),
        ("22:00 to tomorrow 06:00", "2026-11-23 22:00", "2026-11-24 06:00"),
        ("28.11 22:00 - 29.11 24:00", "2026-11-28 22:00", "2026-11-30 00:00"),
        ("tomorrow at 2 for 2h", "2026-11-24 02:00", "2026-11-24 04:00"),
        ("завтра в 2 на 2 часа", "2026-11-24 02:00", "2026-11-24 04:00"),
    ],
)
def test_a_window_that_comes_once_is_read(words: str, begins: str, ends: str) -> None:
    window, rest = take_window([*words.split(), "works", "at", "12:00"], WALL)
    assert isinstance(window, OneTimeWindow)
    assert (window.begins, window.ends, rest) == (at(begins), at(ends), ["works", "at", "12:00"])


@pytest.mark.parametrize(
    ("words", "days", "starts", "minutes"),
    [
        ("weekly sat,sun 02:00-04:00", {5, 6}, time(2), 120),
        ("weekly sat, sun 02:00-04:00", {5, 6}, time(2), 120),
        ("every sat and sun 02:00 for 2h", {5, 6}, time(2), 120),
        ("еженедельно сб,вс 02:00-04:00", {5, 6}, time(2), 120),
        ("каждый вторник 2:00-2:30", {1}, time(2), 30),
        ("daily 03:00-03:15", set(range(7)), time(3), 15),
        ("every day 23:30-00:30", set(range(7)), time(23, 30), 60),
        ("ежедневно 03:00-03:15", set(range(7)), time(3), 15),
        ("weekly mon-fri 22:00-24:00", {0, 1, 2, 3, 4}, time(22), 120),
        ("weekly fri-mon 22:00-23:00", {4, 5, 6, 0}, time(22), 60),
        ("по будням 22:00-23:00 еженедельно", {0, 1, 2, 3, 4}, time(22), 60),
        ("weekly weekend 00:00-24:00", {5, 6}, time(0), 1440),
        ("monday to friday 02:00-04:00", {0, 1, 2, 3, 4}, time(2), 120),
        ("weekly mon to fri 02:00-04:00", {0, 1, 2, 3, 4}, time(2), 120),
        ("с понедельника по среду 2:00-4:00", {0, 1, 2}, time(2), 120),
        ("mondays 2-3", {0}, time(2), 60),
        ("по понедельникам с 2 до 3", {0}, time(2), 60),
        ("каждый день в 3 на 15 минут", set(range(7)), time(3), 15),
    ],
)
def test_a_window_that_repeats_is_read(words: str, days: set[int], starts: time, minutes: int) -> None:
    window, rest = take_window([*words.split(), "updates"], WALL)
    assert (window, rest) == (WeeklyWindow(frozenset(days), starts, minutes), ["updates"])


@pytest.mark.parametrize(
    "words",
    [
        "tomorrow",
        "02:00",
        "today 02:00-04:00",
        "2020-01-01 02:00-04:00",
        "31.02 02:00-04:00",
        "weekly 02:00-04:00",
        "weekly sat 02:00 for 3d",
        "weekly sat tomorrow 02:00-04:00",
        "02:00-04:00 for 2h",
        "02:00 03:00 04:00",
        "now",
        "24:00 for 2h",
        "28.11 22:00 - 27.11 06:00",
        "28.11 22:00 - 28.11.2027 06:00",
        "28.11 и 29.11 02:00-04:00",
        "28.11 - 30.11 02:00-04:00",
        "fri 28.11 02:00-04:00",
        "28.11 fri 02:00-04:00",
        "daily 02:00-04:00 until friday",
        "weekly mon 02:00 to tue 04:00",
        "через 2 часа на час",
        "for 99999999 days",
        "31.12.9999 02:00 for 2 days",
        "works",
        "",
    ],
)
def test_what_is_no_window_to_come_is_refused(words: str) -> None:
    with pytest.raises(NotAWindow):
        take_window(words.split(), WALL)


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        ("daily 03:00-03:15", True),
        ("for 2h", True),
        ("2 hours", True),
        ("2020-01-01", True),
        ("с 18 до 20", True),
        ("from 6 to 8 pm", True),
        ("с 11 вечера до 1 ночи", True),
        ("Zadarma sat 02:00-04:00", False),
        ("", False),
    ],
)
def test_a_time_at_the_beginning_is_distinguished_from_a_name(words: str, is_one: bool) -> None:
    assert is_window(words.split(), WALL) is is_one


TIMES = ("for", "until", "weekly", "daily", "sat", "mon-fri", "now", "tomorrow", "2h", "02:00", "24:00", "31.12", "day")
TYPED = st.lists(st.sampled_from([*TIMES, "02:00-04:00", "-", "7", "recovery"]) | st.text(max_size=8), max_size=7)


@given(TYPED, st.datetimes(at("2020-01-01"), at("2040-01-01")))
def test_whatever_is_written_a_window_is_still_to_come(words: list[str], now: datetime) -> None:
    is_window(words, now)
    try:
        window, rest = take_window(words, now)
    except NotAWindow:
        return
    assert rest == words[len(words) - len(rest) :]
    if isinstance(window, OneTimeWindow):
        assert now <= window.begins < window.ends
    else:
        assert window.days
        assert 0 < window.minutes <= 1440


@given(TYPED, st.integers(0, 10**6))
def test_whatever_is_written_a_mute_ends_later_than_now(words: list[str], minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    try:
        until, rest = take_until(words, now, BERLIN)
    except NotADeadline:
        return
    assert rest == words[len(words) - len(rest) :]
    assert until is None or until.moment is None or until.moment > now
