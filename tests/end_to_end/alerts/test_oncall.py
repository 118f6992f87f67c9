"""On-call commands end to end: every command and button, by role, and the private notifications."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bot.demo.launcher import listening
from tests.end_to_end.harness import (
    ANNA,
    BORIS,
    GROUP,
    SAM,
    VERA,
    Program,
    Seen,
    Standins,
    press,
    running_bot,
    running_standins,
)
from tests.end_to_end.people import newcomer
from tests.fixtures import stored

WEEKLY = f"/oncall set weekly mon 09:00 @anna_ivanova {BORIS}"
SECRET = "k3ep-me-to-yourself"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def shared(folder: Path, web: str) -> Iterator[Standins]:
    """All but Boris have opened the bot's private chat; he is known from the group."""
    with running_standins() as harness, running_bot(harness, folder, CALENDAR_HOSTS=urlsplit(web).netloc):
        for person in (ANNA, VERA):
            harness.asks(person, "/start")
        harness.asks(BORIS, "/id", GROUP)
        # The zone has its name only after the first request to the PBX.
        harness.wait_until_known()
        yield harness


@pytest.fixture(autouse=True)
def nobody_on_call(folder: Path) -> None:
    """Empty the roster before each test."""
    with stored.in_folder(folder).migrated().transaction() as execute:
        execute("DELETE FROM rotations")
        execute("DELETE FROM overrides")


def answered(shared: Standins, person: int, text: str, shows: str) -> Seen:
    """Ask in private, where notifications may arrive in between."""
    return shared.after(shared.says(person, text), person, shows, person)


def set_weekly(shared: Standins) -> Seen:
    return press(shared, answered(shared, ANNA, WEEKLY, "Set who is on call"), "✅ Set", "Set. I check now")


def opened(shared: Standins, person: int) -> None:
    """Open the bot's private chat."""
    shared.asks(person, "/start")


def test_turns_are_previewed_set_shown_and_removed(shared: Standins, group: int) -> None:
    preview = shared.asks(ANNA, WEEKLY, group)
    assert "Every week, hand-over at 09:00 (Etc/GMT" in preview
    assert preview.text.count("Anna Ivanova @anna_ivanova") == 3
    assert "Nobody is on call" in press(shared, preview, "Cancel", "Nobody is on call")
    shown = set_weekly(shared)
    assert "Anna Ivanova @anna_ivanova · since" in shown
    assert "Next:" in shown
    for person in (ANNA, BORIS, VERA):
        assert "Anna Ivanova @anna_ivanova · since" in shared.asks(person, "/oncall", group)
    question = shared.asks(ANNA, "/oncall remove", group)
    assert "Only whoever sent the command" in shared.presses(BORIS, question, "Remove")["text"]
    assert "Nobody is on call" in press(shared, question, "Remove", "Removed.")


def test_who_has_not_opened_the_bot_is_named_to_the_alert_chat_and_in_the_overview(shared: Standins) -> None:
    person = newcomer(shared, "Kim", username="kim_on_call")
    press(shared, answered(shared, ANNA, f"/grant {person} operator", "Give this role"), "✅ Give", "Given")
    preview = answered(shared, ANNA, f"/oncall set daily 09:00 {person}", "Set who is on call")
    press(shared, preview, "✅ Set", "Set. I check now")
    for chat in (GROUP, ANNA):
        told = shared.wait_for_message(rf"{person} cannot be called", chat)
        assert "They must open me and press Start" in told
    answered(shared, ANNA, "/oncall", f"{person}: I may not write to them in private")
    opened(shared, person)
    preview = answered(shared, ANNA, f"/oncall set daily 10:00 {person}", "Set who is on call")
    assert "⚠️ Kim @kim_on_call: I may not write" in preview
    changed = press(shared, preview, "✅ Set", "Set. I check now")
    shared.wait_for(
        lambda: "I may not write" not in press(shared, changed, "Refresh", "On call") or None, "it is in order"
    )


def test_an_operator_takes_over_and_takes_it_back(shared: Standins, group: int) -> None:
    set_weekly(shared)
    opened(shared, BORIS)
    taken = shared.asks(BORIS, "/oncall take 8h", group)
    assert "Boris Petrov @boris_petrov is on call" in taken
    told = shared.wait_for_message("You are not on call", ANNA)
    assert "Instead of you: Boris Petrov" in told
    shown = shared.asks(VERA, "/oncall", group)
    assert "Boris Petrov @boris_petrov · since" in shown
    assert "out of turn" in shown
    assert "Taken back." in shared.asks(BORIS, "/oncall cancel", group)
    shared.wait_for_message("You are on call", ANNA, told.id)
    assert "could be taken back" in shared.asks(BORIS, "/oncall отменить", group)


def test_the_button_to_take_over_asks_first_and_is_for_operators(shared: Standins, group: int) -> None:
    set_weekly(shared)
    opened(shared, BORIS)
    assert shared.asks(VERA, "/oncall", group).buttons == [["📅 Shifts", "↻ Refresh"]]
    shown = shared.asks(BORIS, "/oncall", group)
    assert "no right" in shared.presses(VERA, shown, "Take over")["text"]
    question = press(shared, shown, "Take over", "Take over until", BORIS)
    assert "Only whoever sent the command" in shared.presses(ANNA, question, "Take over")["text"]
    assert "Boris Petrov @boris_petrov is on call" in press(shared, question, "Take over", "is on call", BORIS)
    shifts = press(shared, shared.asks(VERA, "/oncall", group), "Shifts", "The next two weeks", VERA)
    assert "Boris Petrov @boris_petrov · out of turn" in shifts
    assert "On call" in press(shared, shifts, "↩ On call", "On call", VERA)


def test_who_gives_a_shift_away_tells_the_receiver(shared: Standins, group: int) -> None:
    set_weekly(shared)
    opened(shared, BORIS)
    begun = shared.says(BORIS, "hello")
    assert "Boris Petrov @boris_petrov is on call" in shared.asks(ANNA, "/oncall give @boris_petrov 2h", group)
    told = shared.wait_for_message("You are on call", BORIS, begun, seen_by=BORIS)
    assert "By Anna Ivanova" in told
    by_reply = shared.asks(BORIS, "/oncall give", group, reply_to=shared.says(ANNA, "mine again", group))
    assert "Anna Ivanova @anna_ivanova is on call" in by_reply


def test_a_swap_counts_only_when_the_other_agrees_in_private(shared: Standins, group: int) -> None:
    set_weekly(shared)
    opened(shared, BORIS)
    choice = shared.asks(ANNA, "/oncall swap @boris_petrov", group)
    assert "1. yours:" in choice
    assert "theirs:" in choice
    assert "Only whoever sent the command" in shared.presses(BORIS, choice, "🔁 1")["text"]
    asked = press(shared, choice, "🔁 1", "I asked in private")
    assert not asked.buttons
    question = shared.wait_for_message("asks you to swap shifts", BORIS, seen_by=BORIS)
    assert question.buttons == [["✅ I agree", "✖ No"]]
    assert "Anna Ivanova @anna_ivanova · since" in shared.asks(VERA, "/oncall", group)
    press(shared, question, "I agree", "have swapped shifts", BORIS)
    shared.wait_for_message("have swapped shifts", group)
    assert "Boris Petrov @boris_petrov · since" in shared.asks(VERA, "/oncall", group)


def test_a_refused_swap_is_reported_where_it_was_asked(shared: Standins, group: int) -> None:
    set_weekly(shared)
    opened(shared, BORIS)
    begun = shared.says(BORIS, "hello")
    press(shared, shared.asks(ANNA, "/oncall swap @boris_petrov", group), "🔁 1", "I asked in private")
    question = shared.wait_for_message("asks you to swap shifts", BORIS, begun, seen_by=BORIS)
    press(shared, question, "No", "does not agree", BORIS)
    shared.wait_for_message("does not agree to swap; nothing has changed", group)
    assert "Anna Ivanova @anna_ivanova · since" in shared.asks(VERA, "/oncall", group)


def test_a_second_level_stands_beside_the_first(shared: Standins, group: int) -> None:
    set_weekly(shared)
    question = shared.asks(ANNA, f"/oncall set every 12h from 08:00 {BORIS} level 2", group)
    assert "Level 2" in press(shared, question, "✅ Set", "Set. I check now")
    assert "is on call then already. · Head office · level 2" in shared.asks(BORIS, "/oncall take 1h level 2", group)
    assert "no level" in shared.asks(BORIS, "/oncall take 1h level 3", group)
    shifts = press(shared, shared.asks(VERA, "/oncall", group), "Shifts", "level 1", VERA)
    assert "Boris Petrov @boris_petrov" in press(shared, shifts, "📅 2", "level 2", VERA)


@pytest.mark.parametrize("words", ["take 8h", "give @boris_petrov", "swap @boris_petrov", "cancel"])
def test_a_viewer_looks_and_does_nothing(shared: Standins, group: int, words: str) -> None:
    assert "You have no right to use /oncall" in shared.asks(VERA, f"/oncall {words}", group)


@pytest.mark.parametrize("words", ["set daily 09:00 1002", "remove", "import"])
def test_only_an_administrator_sets_removes_and_imports(shared: Standins, group: int, words: str) -> None:
    for person in (VERA, BORIS):
        assert "You have no right to use /oncall" in shared.asks(person, f"/oncall {words}", group)


def test_a_stranger_learns_nothing(shared: Standins) -> None:
    for words in ("", " take 8h", " set daily 09:00 1009"):
        assert "no access yet" in shared.asks(SAM, f"/oncall{words}")


def test_only_who_has_a_role_of_their_own_can_be_on_call(shared: Standins, group: int) -> None:
    refused = shared.asks(ANNA, f"/oncall set daily 09:00 {VERA}", group)
    assert "has a role for it of their own" in refused
    assert f"/grant {VERA} operator" in refused


def calendar(title: str) -> bytes:
    """Return a calendar with one person on duty every day."""
    begins = f"{datetime.now(UTC) - timedelta(days=2):%Y%m%d}"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:1", f"SUMMARY:{title}"]
    lines += [f"DTSTART;VALUE=DATE:{begins}", "RRULE:FREQ=DAILY", "END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def test_a_file_says_who_is_on_call_and_whom_it_names_in_vain(shared: Standins, group: int) -> None:
    both = (
        calendar("Boris Petrov").replace(b"END:VCALENDAR", b"")
        + calendar("Dmitri").replace(b"UID:1", b"UID:2").partition(b"VERSION:2.0\r\n")[2]
    )
    number = shared.sends_file(ANNA, "duty.ics", both, "/oncall import", group)
    preview = shared.after(number, group, "Let this calendar say")
    assert "From a file" in preview
    assert "who may not be on call: Dmitri" in preview
    assert "Only whoever sent the command" in shared.presses(BORIS, preview, "Use it")["text"]
    shown = press(shared, preview, "Use it", "the calendar says")
    assert "Boris Petrov @boris_petrov · since" in shown
    assert "The calendar names people whom I do not know, or who may not be on call: Dmitri" in shown
    set_weekly(shared)
    assert "Anna Ivanova @anna_ivanova · since" in shared.asks(VERA, "/oncall", group)


@pytest.mark.parametrize(
    ("content", "shows"),
    [
        (b"hello", "Export the calendar again as .ics"),
        (
            calendar("Boris Petrov")
            .replace(b";VALUE=DATE:20", b";TZID=Mars/Olympus:20")
            .replace(b"\r\nRRULE", b"T090000\r\nDURATION:PT9H\r\nRRULE"),
            "a zone that I do not know: Mars/Olympus",
        ),
        (b"x" * 1_000_001, "larger than 1 MB"),
        (calendar("Nobody In Particular"), "No event of the next two months names somebody"),
        (calendar("Vera Smirnova"), "names somebody who may be on call"),
    ],
)
def test_what_is_said_of_a_file_that_cannot_be_used(shared: Standins, group: int, content: bytes, shows: str) -> None:
    shared.after(shared.sends_file(ANNA, "duty.ics", content, "/oncall import", group), group, shows)
    assert "Nobody is on call" in shared.asks(VERA, "/oncall", group)


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    """Yield the address, with a secret in it, of a calendar that puts Boris on call."""
    routes = [Route(f"/{SECRET}.ics", lambda _request: Response(calendar("@boris_petrov"), media_type="text/calendar"))]
    with listening(0) as (sock, address):
        server = uvicorn.Server(
            uvicorn.Config(Starlette(routes=routes), ws="none", lifespan="off", log_level="critical")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        yield f"{address}/{SECRET}.ics"
        server.should_exit = True
        thread.join(10)


def test_an_address_is_given_in_private_and_nobody_sees_it_again(
    shared: Standins, group: int, web: str, folder: Path
) -> None:
    begun = shared.says(ANNA, "hello")
    assert "let's continue in private" in shared.asks(ANNA, "/oncall import", group).text.replace("\n", " ")
    shared.wait_for_message("Send me an .ics file", ANNA, begun)
    preview = answered(shared, ANNA, web, "Let this calendar say")
    assert "I look at it every 10 minutes" in preview
    assert "Boris Petrov @boris_petrov" in press(shared, preview, "Use it", "the calendar says")
    again = answered(shared, ANNA, f"/oncall import {web}", "Let this calendar say who is on call")
    press(shared, again, "Cancel", "On call")
    for chat in (ANNA, group, GROUP):
        assert not [message for message in shared.from_bot(chat) if SECRET in message.text]
    assert not [log for log in folder.glob("bot-*.log") if SECRET in log.read_text()]
    audit = str(stored.in_folder(folder).rows_of("audit"))
    assert "/oncall import" in audit
    assert SECRET not in audit


def test_an_address_in_a_group_is_refused_and_not_kept(shared: Standins, group: int, web: str, folder: Path) -> None:
    assert "whoever has it can read the calendar" in shared.asks(ANNA, f"/oncall import {web}", group)
    assert "Nobody is on call" in shared.asks(VERA, "/oncall", group)
    assert SECRET not in str(stored.in_folder(folder).rows_of("audit"))


@pytest.mark.parametrize(
    ("written", "shows"),
    [
        ("http://example.com/a.ics", "must begin with https"),
        ("my calendar", "no web address"),
        ("https://anna:word@example.com/a.ics", "hold no login"),
        ("ftp://example.com/a.ics", "must begin with https"),
        ("https://127.0.0.1:9/a.ics", "into your own network"),
        ("https://x.invalid/a.ics", "does not answer"),
    ],
)
def test_what_is_said_of_an_address_that_cannot_be_used(shared: Standins, written: str, shows: str) -> None:
    answered(shared, ANNA, "/oncall import", "Send me an .ics file")
    answered(shared, ANNA, written, shows)


def test_quiet_hours_are_for_who_can_be_on_call(shared: Standins, group: int) -> None:
    assert "Warnings come at any hour" in shared.asks(BORIS, "/quiet", group)
    assert "No warnings in private 22:00–08:00, in the time of Head office" in shared.asks(
        BORIS, "/quiet 22:00-08:00", group
    )
    assert "22:00–08:00" in shared.asks(BORIS, "/quiet", group)
    assert "Warnings come at any hour" in shared.asks(BORIS, "/quiet off", group)
    assert "no right to use /quiet" in shared.asks(VERA, "/quiet 22:00-08:00", group)


def test_help_names_every_word_that_this_person_may_use(shared: Standins) -> None:
    answered(shared, ANNA, "/help oncall", "/oncall set ")
    mine = shared.asks(VERA, "/help oncall")
    assert "/oncall" in mine
    assert "/oncall take" not in mine
    answered(shared, ANNA, "/help oncall give", "/oncall give @boris until 18:00")


def test_who_is_on_call_outlives_a_restart(standins: Standins, start_bot: Callable[..., Program]) -> None:
    program = start_bot()
    set_weekly(standins)
    standins.after(standins.says(BORIS, "/oncall take 8h", GROUP), GROUP, "✅ Boris Petrov")
    program.kill()
    start_bot()
    shown = standins.after(standins.says(VERA, "/oncall", GROUP), GROUP, "📟 On call", VERA)
    assert "Boris Petrov @boris_petrov · since" in shown
    assert "out of turn" in shown
