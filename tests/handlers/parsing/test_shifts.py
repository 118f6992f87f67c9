"""Shifts as people write them, in both languages."""

from datetime import datetime

import pytest

from bot.oncall.rotation import Unit
from handlers.parsing.shifts import NotAShift, take_level, take_shift

# A Wednesday.
NOW = datetime.fromisoformat("2026-11-25 14:00")


@pytest.mark.parametrize(
    ("words", "unit", "length", "begins"),
    [
        ("weekly mon 09:00", Unit.WEEKS, 1, "2026-11-23 09:00"),
        ("weekly", Unit.WEEKS, 1, "2026-11-23 09:00"),
        ("weekly wed 14:00", Unit.WEEKS, 1, "2026-11-25 14:00"),
        ("weekly wednesday 14:01", Unit.WEEKS, 1, "2026-11-18 14:01"),
        ("every 2 weeks on fri at 18:00", Unit.WEEKS, 2, "2026-11-20 18:00"),
        ("daily 09:00", Unit.DAYS, 1, "2026-11-25 09:00"),
        ("daily at 20:00", Unit.DAYS, 1, "2026-11-24 20:00"),
        ("every day", Unit.DAYS, 1, "2026-11-25 09:00"),
        ("every 3 days 09:00", Unit.DAYS, 3, "2026-11-25 09:00"),
        ("every 12h from 08:00", Unit.HOURS, 12, "2026-11-25 08:00"),
        ("every 4 hours from 08:00", Unit.HOURS, 4, "2026-11-25 12:00"),
        ("every 12h from 20:00", Unit.HOURS, 12, "2026-11-25 08:00"),
        ("еженедельно пн 09:00", Unit.WEEKS, 1, "2026-11-23 09:00"),
        ("ежедневно в 9:00", Unit.DAYS, 1, "2026-11-25 09:00"),
        ("каждые 12 часов с 08:00", Unit.HOURS, 12, "2026-11-25 08:00"),
        ("каждую неделю во вторник", Unit.WEEKS, 1, "2026-11-24 09:00"),
        ("каждые 2 недели чт", Unit.WEEKS, 2, "2026-11-19 09:00"),
    ],
)
def test_turns_begin_so_that_the_first_named_is_on_call_now(words: str, unit: Unit, length: int, begins: str) -> None:
    shift, rest = take_shift([*words.split(), "@anna", "@boris"], NOW, "Europe/Moscow")
    assert (shift.unit, shift.length, f"{shift.begins:%Y-%m-%d %H:%M}") == (unit, length, begins)
    assert shift.begins <= NOW < shift.begins + shift.lasts
    assert rest == ["@anna", "@boris"]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "mon 09:00",
        "@anna @boris",
        "every 0 days",
        "every 9 weeks",
        "monthly 09:00",
        "weekly mon tue",
        "daily 24:00",
        "daily 9:00 10:00",
    ],
)
def test_what_is_no_length_of_a_turn_is_said_to_be_none(words: str) -> None:
    with pytest.raises(NotAShift):
        take_shift(words.split(), NOW, "UTC")


def test_what_is_not_understood_is_left_over() -> None:
    assert take_shift(["weekly", "quickly", "123456789", "@anna"], NOW, "UTC")[1] == ["quickly", "123456789", "@anna"]


def test_a_level_stands_anywhere() -> None:
    assert take_level(["8h", "level", "2"]) == (2, ["8h"])
    assert take_level(["уровень", "3", "@anna"]) == (3, ["@anna"])
    assert take_level(["8h"]) == (None, ["8h"])


@pytest.mark.parametrize("words", ["level", "level two", "level 0", "level 6", "level ²"])
def test_a_level_is_a_small_number(words: str) -> None:
    with pytest.raises(NotAShift):
        take_level(words.split())
