"""Times as people type them: the calls that are listed are those of the time that was meant."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.end_to_end.commands.test_call_records import Archive
from tests.end_to_end.harness import ANNA, Program, Standins

MONTHS = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
]
PHRASES = {
    "en": {
        "yesterday": 3,
        "yesterday 9-12": 1,
        "yesterday from 9 to 12": 1,
        "Yesterday evening": 1,
        "yesterday morning, answered": 2,
        "yesterday until 12": 2,
        "since yesterday": 3,
        "last 7 days": 4,
        "3 days ago": 1,
        "over the last 90 days": 5,
    },
    "ru": {
        "вчера": 3,
        "вчера 9–12": 1,
        "вчера с 9 до 12": 1,
        "Вчера вечером": 1,
        "вчера утром, отвеченные": 2,
        "вчера до 12": 2,
        "со вчера": 3,
        "последние 7 дней": 4,
        "3 дня назад": 1,
        "за последние 90 дней": 5,
    },
}
TOLD = {"en": r"(\d+) calls?:", "ru": r"(\d+) звон\w+:"}
TYPING_ERROR = {"en": ("yesteday", "Did you mean", "yesterday"), "ru": ("вчра", "Может быть", "вчера")}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_calls_of_the_time_that_was_meant_are_listed(
    standins: Standins, start_bot: Callable[..., Program], language: str
) -> None:
    standins.post("/control/traffic", running=False)
    archive = Archive(standins)
    moments = [(1, "08:30:00"), (1, "10:30:00"), (1, "19:30:00"), (3, "10:30:00"), (40, "10:30:00")]
    archive.put(*([archive.incoming(archive.at(days, clock), 65)] for days, clock in moments))
    start_bot(LANGUAGE=language)
    day = archive.now - timedelta(days=3)
    dated = f"{day:%b} {day.day}" if language == "en" else f"{day.day} {MONTHS[day.month - 1]}"
    for written, count in (PHRASES[language] | {dated: 1}).items():
        answer = standins.asks(ANNA, f"/cdr {written}")
        told = re.search(TOLD[language], answer.text)
        assert told, f"{written}: {answer.text}"
        assert int(told[1]) == count, f"{written}: {answer.text}"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_typing_error_is_named_and_mended_with_a_button(
    standins: Standins, start_bot: Callable[..., Program], language: str
) -> None:
    standins.post("/control/traffic", running=False)
    archive = Archive(standins)
    archive.put([archive.incoming(archive.at(1, "10:30:00"), 65)])
    start_bot(LANGUAGE=language)
    written, asked, meant = TYPING_ERROR[language]
    answer = standins.asks(ANNA, f"/cdr {written}")
    assert f"“{written}”" in answer.text or f"«{written}»" in answer.text
    assert asked in answer.text
    standins.presses(ANNA, answer, meant)
    listed = standins.wait_for_message("10:30", ANNA, after=answer.id - 1)
    assert re.search(TOLD[language], listed.text)
    # Nor is it searched for as a caller; and one whom nobody knows is named.
    since = "from" if language == "en" else "с"
    assert asked in standins.asks(ANNA, f"/cdr {since} {written}").text
    assert UNKNOWN[language][0] in standins.asks(ANNA, f"/cdr {since} Nonesuch").text


UNKNOWN = {"en": ("no employee and no trunk has that name", "Did you mean"), "ru": ("так не зовут", "Может быть")}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_name_with_a_typing_error_is_named_and_mended_with_a_button(
    standins: Standins, start_bot: Callable[..., Program], language: str
) -> None:
    standins.post("/control/traffic", running=False)
    archive = Archive(standins)
    number, name = archive.people[0]
    archive.put([archive.outgoing(archive.at(1, "10:30:00"), 65)])
    start_bot(LANGUAGE=language)
    misspelled = name[:2] + name[3:]
    unknown, near = UNKNOWN[language]
    for written in ("from ", ""):
        answer = standins.asks(ANNA, f"/cdr yesterday {written}{misspelled}")
        assert misspelled.split()[0] in answer.text
        assert unknown in answer.text
        assert near in answer.text
        standins.presses(ANNA, answer, f"{number} {name}")
        standins.wait_for_message("10:30", ANNA, after=answer.id - 1)
    for command in ("calls", "status"):
        answer = standins.asks(ANNA, f"/{command} {misspelled}")
        assert near in answer.text, command
        assert [f"{number} {name}"] in answer.buttons, command


FAR_MONTHS = {"en": ["may", "november"], "ru": ["май", "ноябрь"]}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_second_time_is_no_name(standins: Standins, start_bot: Callable[..., Program], language: str) -> None:
    # Not beside yesterday, or both together would be a period.
    second = FAR_MONTHS[language][standins.now().month < 9 and standins.now().month > 2]
    start_bot(LANGUAGE=language)
    answer = standins.asks(ANNA, f"/cdr yesterday {second}")
    assert answer.text.startswith("⚠️")
    assert second in answer.text
