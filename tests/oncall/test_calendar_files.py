"""Calendars as Outlook, Exchange, Google, PagerDuty and others write them: who is on call, and when."""

import codecs
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.oncall.calendar import NotACalendar, duties, read
from bot.oncall.calendar_text import decoded
from bot.oncall.calendar_zones import UnknownZone, zone_written

FILES = Path(__file__).parent / "calendars"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ANNA, BORIS, SEMYON = "Anna Ivanova", "Boris Petrov", "Семён Фёдоров"
PEOPLE = {name: name for name in (ANNA, BORIS, SEMYON)} | {"anna_ivanova": ANNA}
IDS = {ANNA: 1, BORIS: 2, SEMYON: 3}
NAMES = {number: name for name, number in IDS.items()}
# Nine to six of the Monday in Moscow, and in zones two hours before and behind it, in UTC.
MOSCOW, YEKATERINBURG, BERLIN = ("30 06:00", "30 15:00"), ("30 04:00", "30 13:00"), ("30 08:00", "30 17:00")


def shifts(content: bytes, *, first: int = 1) -> list[tuple[str, str, str]]:
    """Return the first shifts from the Monday on, at a PBX in Moscow."""
    events = read(decoded(content), "Europe/Moscow", NOW)
    found = duties(events, 1, lambda name: IDS.get(PEOPLE.get(name, "")))
    assert found.unknown == ()
    ahead = [duty for duty in found.duties if duty.ends > NOW]
    return [(NAMES[duty.person], f"{duty.begins:%d %H:%M}", f"{duty.ends:%d %H:%M}") for duty in ahead[:first]]


@pytest.mark.parametrize(
    ("file", "person", "times"),
    [
        ("outlook_customized_zone", ANNA, YEKATERINBURG),
        ("windows_name_no_vtimezone", ANNA, YEKATERINBURG),
        ("tzone_microsoft_utc", ANNA, ("30 09:00", "30 18:00")),
        ("localized_zone_name", ANNA, BERLIN),
        ("x_wr_timezone_only", ANNA, YEKATERINBURG),
        ("bom", ANNA, MOSCOW),
        ("duration_no_dtend", ANNA, MOSCOW),
        ("allday_one_day_no_dtend", ANNA, ("29 21:00", "30 21:00")),
        ("pagerduty_title", ANNA, MOSCOW),
        ("attendee_only", ANNA, MOSCOW),
        ("yo", SEMYON, MOSCOW),
        ("escaped_comma_folded", ANNA, MOSCOW),
        ("lf_only", ANNA, MOSCOW),
        ("outlook_trailing_garbage", ANNA, MOSCOW),
        ("email_title", ANNA, MOSCOW),
        ("begin_lowercase_text_before", ANNA, MOSCOW),
    ],
)
def test_a_calendar_gives_its_shift(file: str, person: str, times: tuple[str, str]) -> None:
    assert shifts((FILES / f"{file}.ics").read_bytes()) == [(person, *times)]


def test_one_shift_of_a_series_that_was_moved_and_one_from_which_on_another_takes_over() -> None:
    moved = (FILES / "override_utc_recurrence_id.ics").read_bytes()
    assert shifts(moved, first=2) == [(BORIS, "01 07:00", "01 15:00"), (ANNA, "07 06:00", "07 15:00")]
    taken_over = (FILES / "thisandfuture.ics").read_bytes()
    assert shifts(taken_over, first=2) == [(BORIS, *MOSCOW), (BORIS, "07 06:00", "07 15:00")]


def calendar(*lines: str, before: str = "", after: str = "") -> str:
    """Return the calendar of one event with these lines."""
    event = ["BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT"]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", *([before] if before else []), *event, "END:VCALENDAR"]
    return "\r\n".join(whole) + "\r\n" + after


def at_nine(zone: str = "", *more: str) -> str:
    end = f";TZID={zone}" if zone else ""
    return calendar(f"SUMMARY:{ANNA}", f"DTSTART{end}:20261130T090000", f"DTEND{end}:20261130T180000", *more)


RUSSIAN = calendar(f"SUMMARY:{SEMYON}", "DTSTART:20261130T060000Z", "DTEND:20261130T150000Z")


@pytest.mark.parametrize(
    "content",
    [
        RUSSIAN.encode(),
        codecs.BOM_UTF8 + RUSSIAN.encode(),
        RUSSIAN.encode("cp1251"),
        RUSSIAN.encode("utf-16"),
        codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be"),
        RUSSIAN.encode("utf-16-le"),
    ],
)
def test_a_calendar_is_read_in_every_encoding(content: bytes) -> None:
    assert shifts(content) == [(SEMYON, *MOSCOW)]


def test_a_western_zone_name_of_a_calendar_in_a_western_encoding() -> None:
    content = (FILES / "localized_zone_name.ics").read_bytes().decode().encode("cp1252")
    assert shifts(content) == [(ANNA, *BERLIN)]


def test_a_server_may_say_the_encoding() -> None:
    assert shifts(decoded(RUSSIAN.encode("koi8-r"), "koi8-r").encode()) == [(SEMYON, *MOSCOW)]
    assert decoded(RUSSIAN.encode(), "no-such-charset") == RUSSIAN


@pytest.mark.parametrize(
    "text",
    [
        at_nine("", "RRULE:FREQ=WEEKLY;UNTIL=20261201T000000Z").lower().replace("anna ivanova", ANNA),
        at_nine().replace("\r\n", "\n"),
        at_nine().replace("\r\n", "\r"),
        at_nine().replace("\r\n", "\r\r\n"),
        "Here is the calendar:\r\n\r\n" + at_nine() + "\r\n-- \r\nsent from my phone\r\n",
        "  " + at_nine(),
        at_nine().replace("END:VCALENDAR", "a line that is no iCalendar\r\nEND:VCALENDAR"),
        at_nine("", "BEGIN:VALARM", "TRIGGER;RELATED=:-PT15M", "rubbish", "END:VALARM"),
        at_nine("", "X-ALT-DESC;FMTTYPE=text/html:<html>", "<body>a: b</body>", "</html>"),
        # Two calendars in one file, the first without a shift.
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n" + at_nine(),
        # An event without a beginning, a zone without a rule that nothing is in, an empty zone of the calendar.
        at_nine().replace("VERSION:2.0", "VERSION:2.0\r\nBEGIN:VEVENT\r\nUID:2\r\nSUMMARY:Someone\r\nEND:VEVENT"),
        at_nine().replace("VERSION:2.0", "VERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE"),
        at_nine().replace("VERSION:2.0", "VERSION:2.0\r\nX-WR-TIMEZONE:"),
    ],
)
def test_what_stands_around_and_between_the_lines_does_not_matter(text: str) -> None:
    assert shifts(text.encode()) == [(ANNA, *MOSCOW)]


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("Asia/Yekaterinburg", 4),
        ("asia/yekaterinburg", 4),
        ("/freeassociation.sourceforge.net/Asia/Yekaterinburg", 4),
        ("/softwarestudio.org/Olson_20011030_5/Asia/Yekaterinburg", 4),
        ("Ekaterinburg Standard Time", 4),
        ("ekaterinburg standard time", 4),
        ('"(UTC+05:00) Ekaterinburg"', 4),
        ('"(GMT+03:00) Moscow, St. Petersburg, Volgograd"', 6),
        ('"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"', 8),
        ('"(UTC) Coordinated Universal Time"', 9),
        ("GMT+0500", 4),
        ("GMT-0300", 12),
        ("UTC+5", 4),
        ('"UTC+05:30"', 3),
        ("Etc/GMT-5", 4),
        ('"tzone://Microsoft/Utc"', 9),
        # Without the quotes that a name with a colon needs.
        ("(UTC+05:00) Ekaterinburg", 4),
        ("tzone://Microsoft/Utc", 9),
        ("UTC", 9),
        ("Z", 9),
    ],
)
def test_zones_are_known_by_all_their_names(zone: str, begins: int) -> None:
    ((_, at, _),) = shifts(at_nine(zone).encode())
    assert int(at[3:5]) == begins


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "Customized Time Zone", "GMT+99", "tzone://Microsoft/Custom", "Москва (зима)"]
)
def test_a_zone_that_is_not_known_is_named_and_never_that_of_the_pbx(zone: str) -> None:
    with pytest.raises(NotACalendar, match="unknown zone") as refused:
        shifts(at_nine(f'"{zone}"').encode())
    assert refused.value.reason == f"unknown zone: {zone}"
    with pytest.raises(NotACalendar, match="unknown zone"):
        shifts(at_nine(zone).encode())
    weekly = at_nine(f'"{zone}"', "RRULE:FREQ=WEEKLY").replace("20261130", "20261102")
    with pytest.raises(NotACalendar, match="unknown zone"):
        shifts(weekly.encode())


def test_an_event_long_ago_may_be_in_a_zone_that_is_not_known() -> None:
    old = at_nine("Mars/Olympus").replace("20261130", "20191130").replace("UID:1", "UID:2")
    both = old.replace("END:VCALENDAR\r\n", "") + at_nine().partition("VERSION:2.0\r\n")[2]
    assert shifts(both.encode()) == [(ANNA, *MOSCOW)]


def test_the_zone_of_a_display_name_has_its_offset_or_is_not_known() -> None:
    assert isinstance(zone_written("(GMT+04:00) Moscow, St. Petersburg, Volgograd"), UnknownZone)


@pytest.mark.parametrize(
    ("zone", "event", "begins"),
    [
        ("Asia/Yekaterinburg", at_nine(), "30 04:00"),
        ("Ekaterinburg Standard Time", at_nine(), "30 04:00"),
        ("UTC+5", at_nine(), "30 04:00"),
        # Times that have a zone, or are in UTC, keep it.
        ("Asia/Yekaterinburg", at_nine("Europe/Berlin"), "30 08:00"),
        ("Asia/Yekaterinburg", at_nine().replace("T090000", "T060000Z").replace("T180000", "T150000Z"), "30 06:00"),
        ("Asia/Yekaterinburg", calendar(f"SUMMARY:{ANNA}", "DTSTART;VALUE=DATE:20261130"), "29 19:00"),
    ],
)
def test_the_zone_of_a_calendar_is_that_of_times_without_one(zone: str, event: str, begins: str) -> None:
    text = event.replace("VERSION:2.0\r\n", f"VERSION:2.0\r\nX-WR-TIMEZONE:{zone}\r\n")
    assert [at for _, at, _ in shifts(text.encode())] == [begins]


def test_a_zone_of_the_calendar_that_is_not_known_is_refused_where_it_is_needed() -> None:
    text = at_nine().replace("VERSION:2.0\r\n", "VERSION:2.0\r\nX-WR-TIMEZONE:Mars/Olympus\r\n")
    with pytest.raises(NotACalendar, match="unknown zone: Mars/Olympus"):
        shifts(text.encode())
    in_utc = text.replace("T090000", "T060000Z").replace("T180000", "T150000Z")
    assert shifts(in_utc.encode()) == [(ANNA, *MOSCOW)]


def test_a_zone_of_one_file_is_not_known_in_the_next() -> None:
    assert shifts((FILES / "outlook_customized_zone.ics").read_bytes())
    with pytest.raises(NotACalendar, match="unknown zone"):
        shifts(at_nine('"Customized Time Zone"').encode())


def test_a_zone_may_be_defined_after_its_event() -> None:
    text = (FILES / "outlook_customized_zone.ics").read_bytes().decode()
    begin, end = text.index("BEGIN:VTIMEZONE"), text.index("BEGIN:VEVENT")
    later = text[:begin] + text[end:].replace("END:VCALENDAR", text[begin:end] + "END:VCALENDAR")
    assert shifts(later.encode()) == [(ANNA, *YEKATERINBURG)]


@pytest.mark.parametrize(
    "line", ["DTSTART:tomorrow", "DTSTART:20261130T060000+0300", "DTEND:never", "RRULE:FREQ=SOMETIMES"]
)
def test_a_shift_whose_time_cannot_be_read_is_named_and_not_left_out(line: str) -> None:
    name = line.partition(":")[0]
    lines = [line, *(one for one in at_nine().split("\r\n") if one.startswith("DT") and not one.startswith(name))]
    with pytest.raises(NotACalendar, match=f"unreadable event: {ANNA}"):
        shifts(calendar(f"SUMMARY:{ANNA}", *lines).encode())


def test_a_zone_without_a_rule_is_not_known() -> None:
    text = at_nine("X").replace("VERSION:2.0", "VERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE")
    with pytest.raises(NotACalendar, match="unknown zone: X"):
        shifts(text.encode())


def test_a_whole_day_that_ends_on_its_own_day_is_that_day() -> None:
    text = calendar(f"SUMMARY:{ANNA}", "DTSTART;VALUE=DATE:20261130", "DTEND;VALUE=DATE:20261130")
    assert shifts(text.encode()) == [(ANNA, "29 21:00", "30 21:00")]


@pytest.mark.parametrize("end", ["", "END:VEVENT\r\n"])
def test_a_calendar_that_was_cut_off_is_refused(end: str) -> None:
    text = at_nine()
    with pytest.raises(NotACalendar):
        shifts((text[: text.index("END:VEVENT")] + end).encode())
    with pytest.raises(NotACalendar):
        shifts(text.replace("END:VEVENT\r\n", "").encode())
