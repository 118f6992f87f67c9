"""Watched extensions: permissions, and notifications of a phone that goes offline and returns."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.incidents.model import EXTENSION
from tests.end_to_end.downtime import time_passes
from tests.end_to_end.harness import ANNA, BORIS, GROUP, LOOK_EVERY, SAM, VERA, Program, Standins, press
from tests.fixtures import stored


def switch(harness: Standins, number: str, *, online: bool) -> None:
    """Connect or disconnect the phone of an extension."""
    harness.post(f"/control/extensions/{number}", online=online)


def test_an_operator_watches_extensions_looks_at_them_and_lets_them_go(shared: Standins) -> None:
    assert "None yet" in shared.asks(BORIS, "/watch")
    switch(shared, "202", online=False)
    listed = shared.asks(BORIS, "/watch 202 203")
    assert "Watched from now on: 202, 203." in listed
    assert "⚫ 202" in listed
    assert "🟢 203" in listed
    assert listed.buttons == [["✖ 202", "✖ 203"], ["↻ Refresh"]]
    switch(shared, "202", online=True)
    fresh = press(shared, listed, "Refresh", "🟢 202", BORIS)
    assert "Watched from now on" not in fresh
    left = press(shared, fresh, "✖ 203", "Watched extensions · 1", BORIS)
    assert "203" not in left
    assert "Not watched any more: 202." in shared.asks(BORIS, "/unwatch 202")
    assert "Nobody watches that" in shared.asks(BORIS, "/unwatch 202")


@pytest.mark.parametrize(
    ("words", "shows"),
    [
        ("/watch 999", "Head office has no extension 999"),
        ("/watch 20a", "An extension is a number, like 202. Write it like this: /watch [extension or name …]"),
        ("/unwatch Nonesuch", "Nobody is called “Nonesuch”"),
    ],
)
def test_what_cannot_be_meant_is_said_with_how_to_write_it(shared: Standins, words: str, shows: str) -> None:
    assert shows in shared.asks(BORIS, words).text.replace("\n", " ")


def test_an_extension_is_watched_by_the_name_of_its_employee(shared: Standins) -> None:
    employee = shared.get("/control/state")["extensions"][3]
    assert f"{employee['number']}" in shared.asks(BORIS, f"/watch {employee['name']}")
    assert employee["number"] in shared.asks(BORIS, f"/unwatch {employee['name']}")


def test_a_viewer_and_a_stranger_watch_nothing(shared: Standins, group: int) -> None:
    shared.asks(BORIS, "/watch 204")
    listed = shared.asks(ANNA, "/watch", group)
    for words in ("/watch 205", "/watch", "/unwatch 204", "/test_alert"):
        assert "no right" in shared.asks(VERA, words, group)
    assert "no right" in shared.presses(VERA, listed, "✖ 204")["text"]
    assert "no access yet" in shared.asks(SAM, "/watch 205")
    assert "204" in shared.asks(BORIS, "/unwatch 204")


def test_the_list_says_why_nothing_is_known_of_the_phones(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    standins.asks(BORIS, "/watch 202")
    standins.post("/control/fault", kind="server_error", paths=["sip"])
    listed = standins.asks(BORIS, "/watch")
    assert "internal error" in listed
    assert "❔ 202" in listed


def test_what_is_watched_outlives_a_restart(standins: Standins, start_bot: Callable[..., Program]) -> None:
    program = start_bot()
    standins.asks(BORIS, "/watch 202")
    program.kill()
    start_bot()
    assert "202" in standins.asks(BORIS, "/watch")


def test_a_phone_that_stays_offline_is_reported_and_its_return_too(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    program = start_bot()
    standins.wait_until_known()
    switch(standins, "202", online=False)
    standins.asks(BORIS, "/watch 202 203")
    database = program.database
    standins.wait_for(lambda: EXTENSION + "202" in remembered(database) or None, "a look at it", every=LOOK_EVERY)
    assert not standins.from_bot(GROUP), "it may come back within a minute"
    program.stop()
    time_passes(database, standins.station, timedelta(minutes=1))
    start_bot()
    alert = standins.wait_for_message(r"202 .*is offline")
    assert not alert.raw["silent"]
    switch(standins, "202", online=True)
    # Watching another one triggers a check at once.
    for number in ("204", "205"):
        standins.asks(BORIS, f"/watch {number}")
    over = standins.wait_for_message(r"202 .*is online again", after=alert.id)
    assert over.raw["reply_to"] == alert.id
    assert not standins.alerts(r"203 .*is offline")


def remembered(database: stored.Stored) -> set[str]:
    """Return the subjects of the stored check states."""
    return {subject for (subject,) in database.execute("SELECT subject FROM watch_states")}
