"""Call records of a slow PBX: progress in the chat, *Stop*, and nothing read twice."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from tests.end_to_end.commands.test_call_records import Archive
from tests.end_to_end.harness import ANNA, BORIS, Json, Program, Seen, Standins

DAYS = 20
# More than a page, so that a month takes several.
A_DAY = 150


@pytest.fixture
def archive(standins: Standins) -> Archive:
    """Return a month of calls; the newest days have none."""
    standins.post("/control/traffic", running=False)
    archive = Archive(standins)
    archive.put(
        *(
            [archive.incoming(str(archive.now.replace(microsecond=0) - timedelta(days=day, minutes=minute)), 65)]
            for day in range(3, 3 + DAYS)
            for minute in range(A_DAY)
        )
    )
    return archive


def is_slow(standins: Standins, delay: float) -> None:
    """Let the PBX take `delay` seconds for each page of call records."""
    standins.post("/control/fault", kind="slow" if delay else "none", delay=delay, paths=["cdr"])


def pages_read(standins: Standins) -> list[Json]:
    requests = standins.get("/control/requests", after=0)["requests"]
    return [request for request in requests if request["path"].endswith("/cdr") and "sort=start" in request["query"]]


def shown_until(standins: Standins, message: Seen, wanted: Callable[[Seen], object], what: str) -> Seen:
    return standins.wait_for(lambda: (now := standins.again(message)) and (now if wanted(now) else None), what)


@pytest.mark.parametrize(
    ("language", "reading", "stop", "result", "older"),
    [
        ("en", "Reading calls", "Stop", r"300\d calls", "Next"),
        ("ru", "Читаю звонки", "Стоп", r"300\d звон", "Следующие"),
    ],
)
def test_a_long_reading_shows_how_far_it_is_and_becomes_the_answer(
    standins: Standins,
    start_bot: Callable[..., Program],
    archive: Archive,
    language: str,
    reading: str,
    stop: str,
    result: str,
    older: str,
) -> None:
    start_bot(LANGUAGE=language)
    # Slow enough that progress is edited between two pages, also on a busy machine.
    is_slow(standins, 8)
    message = standins.after(standins.says(ANNA, "/cdr 30d"), ANNA, reading)
    assert stop in message.buttons[0][0]
    standins.wait_for_message(str(ANNA), ANNA, standins.says(ANNA, "/id"))
    answer = shown_until(standins, message, lambda now: re.search(result, now.text), "the answer")
    said = [str(call["params"].get("text")) for call in standins.calls() if call["method"] != "getUpdates"]
    assert any(reading in text and re.search(r"[12]\d\d\d(,| so far)", text) for text in said), "how far it is"
    # What the same person asks meanwhile does not wait for it.
    assert _first(said, str(ANNA)) < _first(said, result)
    assert not any(stop in label for row in answer.buttons for label in row)
    assert len([m for m in standins.from_bot(ANNA, ANNA) if m.id >= message.id and reading in m]) == 0

    is_slow(standins, 0)
    before = len(pages_read(standins))
    standins.presses(ANNA, answer, older)
    page = shown_until(standins, message, lambda now: "11" in now and now.text != answer.text, "the next page")
    assert re.search(result, page.text)
    assert re.search(result, standins.asks(ANNA, "/stats 30d").text)
    later = [parse_qs(request["query"]) for request in pages_read(standins)[before:]]
    # Twice the newest day, which may still change, and nothing else.
    assert [query["dateFrom"][0] >= str(archive.now - timedelta(days=2)) for query in later] == [True, True]


def _first(said: list[str], pattern: str) -> int:
    return next(place for place, text in enumerate(said) if re.search(pattern, text))


def test_only_who_asked_stops_it_and_going_on_reads_the_rest(
    standins: Standins, start_bot: Callable[..., Program], archive: Archive
) -> None:
    start_bot()
    group = standins.new_group()
    is_slow(standins, 4)
    message = standins.after(standins.says(ANNA, "/stats 30d", group), group, "Reading calls")
    further = shown_until(standins, message, lambda now: "up to" in now, "how far it is")
    assert "Only the person who asked" in standins.presses(BORIS, further, "Stop")["text"]
    stopping = standins.again(message)
    assert stopping is not None
    assert "It stops" in standins.presses(ANNA, stopping, "Stop")["text"]
    stopped = shown_until(standins, message, lambda now: "Stopped" in now, "that it is stopped")
    assert re.search(r"Calls read: [12]\d\d\d, up to", stopped.text)

    before = len(pages_read(standins))
    standins.presses(ANNA, stopped, "Continue")
    again = shown_until(standins, message, lambda now: "Reading calls" in now, "that it goes on")
    # A press is stopped as well, although presses come one after another.
    assert "It stops" in standins.presses(ANNA, again, "Stop")["text"]
    stopped = shown_until(standins, message, lambda now: "Stopped" in now, "that it is stopped")
    is_slow(standins, 0)
    standins.presses(ANNA, stopped, "Continue")
    answer = shown_until(standins, message, lambda now: re.search(r"300\d calls", now.text), "the figures")
    assert "Stopped" not in answer
    assert all(request["query"] != pages_read(standins)[0]["query"] for request in pages_read(standins)[before:])
