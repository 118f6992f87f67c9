"""Duties read from a calendar: person, time, and resistance to malicious calendars."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.oncall.calendar import READ, NotACalendar, duties, read
from bot.sandbox.process import run
from bot.sandbox.task import Task, TaskFailed, TaskFailure, TaskRefused

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PEOPLE = {"@anna": 1, "1002": 2, "Vera Smirnova": 3}


def calendar(*events: str) -> str:
    numbered = (f"BEGIN:VEVENT\nUID:{n}\n{event}\nEND:VEVENT" for n, event in enumerate(events))
    return "\r\n".join("\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *numbered, "END:VCALENDAR", ""]).split("\n"))


def event(title: str, begins: str, ends: str, *more: str) -> str:
    return "\n".join([f"SUMMARY:{title}", f"DTSTART{begins}", f"DTEND{ends}", *more])


def shown(text: str) -> list[tuple[int, str, str]]:
    found = duties(read(text, "Europe/Moscow", NOW), 1, PEOPLE.get)
    return [(d.person, f"{d.begins:%d %H:%M}", f"{d.ends:%d %H:%M}") for d in found.duties]


@pytest.mark.parametrize(
    ("title", "person"),
    [("@anna", 1), ("On call: @anna (phone)", 1), ("1002", 2), ("Vera Smirnova", 3), ("On call: Vera Smirnova", 3)],
)
def test_a_title_names_a_person_by_username_id_or_full_name(title: str, person: int) -> None:
    assert shown(calendar(event(title, ":20261126T060000Z", ":20261126T180000Z"))) == [(person, "26 06:00", "26 18:00")]


def test_names_that_nobody_bears_are_reported_once() -> None:
    text = calendar(
        event("Dmitri", ":20261126T060000Z", ":20261126T180000Z"),
        event("Dmitri", ":20261127T060000Z", ":20261127T180000Z"),
        event("@anna", ":20261128T060000Z", ":20261128T180000Z"),
    )
    found = duties(read(text, "UTC", NOW), 1, PEOPLE.get)
    assert found.unknown == ("Dmitri",)
    assert [duty.person for duty in found.duties] == [1]


def test_whole_days_and_times_without_a_zone_are_the_stations() -> None:
    text = calendar(
        event("@anna", ";VALUE=DATE:20261126", ";VALUE=DATE:20261128"),
        event("1002", ":20261128T090000", ":20261128T180000"),
    )
    assert shown(text) == [(1, "25 21:00", "27 21:00"), (2, "28 06:00", "28 15:00")]


def test_events_in_other_zones_and_weekly_ones_with_an_exception() -> None:
    weekly = event(
        "@anna",
        ";TZID=America/New_York:20260901T090000",
        ";TZID=America/New_York:20260901T100000",
        "RRULE:FREQ=WEEKLY",
        "EXDATE;TZID=America/New_York:20261201T090000",
    )
    # Nine in New York is fourteen UTC in winter.
    assert [begins for _, begins, _ in shown(calendar(weekly))][:3] == ["24 14:00", "08 14:00", "15 14:00"]


def test_of_overlapping_events_the_one_that_began_first_is_obeyed_to_its_end() -> None:
    text = calendar(
        event("1002", ":20261126T100000Z", ":20261126T200000Z"),
        event("@anna", ":20261126T060000Z", ":20261126T120000Z"),
        event("Vera Smirnova", ":20261126T080000Z", ":20261126T110000Z"),
    )
    assert shown(text) == [(1, "26 06:00", "26 12:00"), (2, "26 12:00", "26 20:00")]


def test_cancelled_events_and_those_without_length_are_no_duties() -> None:
    text = calendar(
        event("@anna", ":20261126T060000Z", ":20261126T120000Z", "STATUS:CANCELLED"),
        event("@anna", ":20261127T060000Z", ":20261127T060000Z"),
    )
    assert shown(text) == []


def test_only_the_weeks_around_now_are_read() -> None:
    text = calendar(
        event("@anna", ":20200101T060000Z", ":20200101T120000Z"),
        event("@anna", ":20300101T060000Z", ":20300101T120000Z"),
    )
    assert shown(text) == []


@pytest.mark.parametrize(
    "text",
    ["", "hello", "BEGIN:VCALENDAR", "<html></html>", "BEGIN:VEVENT\r\nEND:VEVENT"],
)
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(NotACalendar):
        read(text, "UTC", NOW)


def test_a_calendar_of_thousands_of_duties_is_refused() -> None:
    many = event("@anna", ":20261101T000000Z", ":20261101T001000Z", "RRULE:FREQ=HOURLY")
    with pytest.raises(NotACalendar, match="too many"):
        read(calendar(many, many.replace("1101T0000", "1101T0030")), "UTC", NOW)


async def apart(text: str, task: Task = READ) -> Any:
    return await run(task, text.encode(), owner=1, zone="Europe/Moscow", now=NOW.isoformat())


async def test_in_a_process_of_its_own_it_gives_the_events_or_refuses() -> None:
    assert await apart(calendar(event("@anna", ":20261126T060000Z", ":20261126T180000Z"))) == [
        ["@anna", "2026-11-26T06:00:00+00:00", "2026-11-26T18:00:00+00:00"]
    ]
    with pytest.raises(TaskRefused):
        await apart("nonsense")


async def test_a_recurrence_that_would_never_end_is_ended() -> None:
    """By its limit of processor time, here one second."""
    endless = event("@anna", ":19700101T000000Z", ":19700101T000001Z", "RRULE:FREQ=SECONDLY")
    with pytest.raises(TaskFailed, match=TaskFailure.TIME):
        await apart(calendar(endless), replace(READ, seconds=1))
