"""Access requests and roles given and revoked in chat: each person may do exactly what their role permits, while it
lasts.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end import launcher
from tests.end_to_end.harness import (
    ANNA,
    ASKING,
    BORIS,
    GROUP,
    SAM,
    VERA,
    Program,
    Seen,
    Standins,
    ordinary_settings,
    press,
    running_bot,
    running_standins,
)
from tests.end_to_end.people import ANYONE, OPERATOR, VIEWER, grant, newcomer, wait_for_menu
from tests.fixtures import stored

DORA = 1004
SETTINGS = {"ADMINS": f"{ANNA},{DORA}", "ROLE_reception": "calls.read,status.read"}
IN_A_MONTH = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Standins]:
    """Two administrators, Anna and her deputy Dora."""
    with running_standins(speed=ASKING) as harness:
        harness.post("/client/people", first_name="Dora", last_name="Deputy", username="dora", id=DORA)
        with running_bot(harness, folder, **SETTINGS, POLL_INTERVAL="3"):
            harness.asks(DORA, "/start")
            yield harness


def request_of(shared: Standins, person: int) -> Seen:
    """Request access; return the question sent to Anna."""
    shared.presses(person, shared.asks(person, "/start"), "Request access")
    shared.wait_for_message("I asked the administrators", person, seen_by=person)
    return shared.wait_for_message(rf"Somebody asks for access[^🙋]* {person}\n", ANNA)


def copy_for(shared: Standins, admin: int, person: int) -> Seen:
    return shared.wait_for_message(rf"Somebody asks for access[^🙋]* {person}\n", admin, seen_by=admin)


@pytest.mark.parametrize(
    ("label", "role", "offered"), [("Viewer", "viewer", VIEWER), ("Operator", "operator", OPERATOR)]
)
def test_a_stranger_who_asks_gets_the_role_that_was_pressed_and_no_more(
    shared: Standins, label: str, role: str, offered: set[str]
) -> None:
    person = newcomer(shared, "Nina", username=f"nina_{role}")
    question = request_of(shared, person)
    assert f"Nina @nina_{role} {person}" in question
    assert question.buttons == [["👁 Viewer", "🎧 Operator"], ["✖ Refuse"]]
    press(shared, question, label, f"Anna Ivanova made this person {role}")
    shared.wait_for_message(f"gave you access to Head office: {role}", person, seen_by=person)
    wait_for_menu(shared, person, offered)
    card = shared.asks(person, "/trunks Zadarma")
    assert ("🔎 Check now" in card.buttons[0]) is (role == "operator")
    assert "no right" in shared.asks(person, "/add_employee 243 John Smith")


def test_one_answer_counts_and_every_administrator_sees_it(shared: Standins) -> None:
    person = newcomer(shared, "Oleg")
    request_of(shared, person)
    shared.presses(DORA, copy_for(shared, DORA, person), "Viewer")
    for admin in (ANNA, DORA):
        seen = shared.wait_for_message(rf"{person}\n✅ Dora Deputy made this person viewer", admin, seen_by=admin)
        assert not seen.buttons


def test_the_second_administrator_hears_that_somebody_was_faster(shared: Standins) -> None:
    person = newcomer(shared, "Pavel")
    question = request_of(shared, person)
    shared.post("/client/faults", kind="server_error", methods=["editMessageText"], chat=DORA, count=-1)
    copy = copy_for(shared, DORA, person)
    press(shared, question, "Refuse", "Anna Ivanova refused")
    assert "before you" in shared.presses(DORA, copy, "Operator")["text"]
    shared.post("/client/faults", kind="none")
    shared.wait_for_message(rf"{person}\n✖ Anna Ivanova refused", DORA, seen_by=DORA)
    wait_for_menu(shared, person, ANYONE)


def test_who_was_refused_is_notified_and_may_not_ask_again_within_a_day(shared: Standins) -> None:
    person = newcomer(shared, "Roman")
    press(shared, request_of(shared, person), "Refuse", "refused")
    shared.wait_for_message("did not give you access to Head office", person, seen_by=person)
    again = press(shared, shared.asks(person, "/status"), "Request access", "less than a day", person)
    assert str(person) in again
    assert not [m for m in shared.from_bot(ANNA) if str(person) in m.text and m.buttons]


def test_a_role_given_shows_in_the_menu_and_is_gone_again_when_it_is_taken(shared: Standins, group: int) -> None:
    person = newcomer(shared, "Tanya", username="tanya")
    shared.asks(person, "/start")
    wait_for_menu(shared, person, ANYONE)
    grant(shared, "@Tanya viewer", group)
    wait_for_menu(shared, person, VIEWER)
    question = shared.asks(ANNA, "/revoke @tanya", group)
    assert "viewer" in question
    assert "No role: the bot does not obey." in press(shared, question, "Take away", "Taken away")
    wait_for_menu(shared, person, ANYONE)
    assert "no access yet" in shared.asks(person, "/status")


def test_a_card_gives_and_takes_roles_after_a_question(shared: Standins) -> None:
    person = newcomer(shared, "Ulyana")
    card = grant(shared, f"{person} viewer", by=DORA)
    assert "• viewer · given by Dora Deputy" in card
    kept = press(shared, press(shared, card, "➕ operator", "Give this role", DORA), "Cancel", "May:", DORA)
    assert "operator" not in kept
    given = press(shared, press(shared, kept, "➕ operator", "Give this role", DORA), "Give", "• operator", DORA)
    question = press(shared, given, "➖ viewer", "Take this away", DORA)
    taken = press(shared, question, "Take away", "Taken away", DORA)
    assert "• operator" in taken
    assert "• viewer" not in taken


def test_the_list_turns_pages_and_opens_cards(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot(VIEWERS=",".join(map(str, range(3001, 3009))))
    listed = standins.asks(ANNA, "/access", GROUP)
    assert "🔐 Access · 10 · Head office" in listed
    assert listed.buttons == [["1", "2", "3", "4"], ["5", "6", "7", "8"], ["Next ›"]]
    second = press(standins, listed, "Next", "10. 3008 · name not known here\n    viewer · in the settings")
    assert second.buttons == [["9", "10"], ["‹ Previous"]]
    card = press(standins, second, "10", "• viewer · in the settings")
    assert card.buttons == [["➕ operator", "➕ admin"], ["↩ List"]]


def test_in_a_group_the_author_of_the_message_replied_to_is_meant(shared: Standins) -> None:
    person = newcomer(shared, "Fedor", username="fedor")
    group = shared.new_group(members=[person])
    question = shared.asks(ANNA, "/grant operator for 8h", group, reply_to=shared.says(person, "hello", group))
    assert f"Give this role on Head office?\nFedor @fedor {person}\noperator until " in question.text
    assert question.buttons == [["✅ Give"], ["Cancel"]]


def test_here_is_the_group_which_is_operator_at_most(shared: Standins) -> None:
    person = newcomer(shared, "Galya")
    group = shared.new_group(members=[person])
    assert "A group can be operator at most" in shared.asks(ANNA, "/grant here admin", group)
    given = press(shared, shared.asks(ANNA, "/grant here viewer", group), "Give", "Given")
    assert given.buttons[0] == ["➕ operator", "➕ reception"]
    assert "only there" in given
    wait_for_menu(shared, person, VIEWER, group)
    assert "Zadarma" in shared.asks(person, "/status", group)
    assert "no access yet" in shared.asks(person, "/status")


@pytest.mark.parametrize(
    ("words", "shows"),
    [
        ("@nobody_knows viewer", "I have not met @nobody_knows yet"),
        ("700800900 viewer", "I have not met this person yet; check the id"),
        ("-1007008009001 viewer", "I have heard nothing from this group yet; check the id"),
        ("@dora boss", "There is no role “boss”. Write one role: admin, operator, reception, viewer."),
        ("@dora", "Write one role: admin, operator, reception, viewer."),
        ("dora viewer", "Write whom you mean"),
        ("viewer", "Write whom you mean"),
        (f"700800900 viewer until {IN_A_MONTH}", "viewer until "),
        ("700800900 viewer until 2020-01-01", "“until 2020-01-01” is not a time I can use"),
    ],
)
def test_what_a_grant_says_of_how_it_was_written(shared: Standins, words: str, shows: str) -> None:
    """In an alert group, where Telegram limits a bot to twenty messages a minute."""
    assert shows in shared.asks(ANNA, f"/grant {words}", GROUP)


def test_an_administrator_of_the_settings_is_not_removed_in_chat(shared: Standins, group: int) -> None:
    assert "stands in the bot's settings" in shared.asks(ANNA, "/revoke @dora", group)
    grant(shared, "@dora viewer", group)
    question = shared.asks(ANNA, "/revoke @dora", group)
    assert "Stays, because it stands in the settings: admin" in question
    assert "• admin · in the settings" in press(shared, question, "Take away", "Taken away")
    assert "There is nothing to take away" in shared.asks(ANNA, "/revoke @dora viewer", group)


def test_a_viewer_and_an_operator_may_use_none_of_it(shared: Standins, group: int) -> None:
    listed = shared.asks(ANNA, "/access", group)
    question = shared.asks(ANNA, f"/grant {SAM} viewer", group)
    for person in (VERA, BORIS):
        for command in ("/access", f"/grant {SAM} viewer", f"/revoke {BORIS}"):
            assert "You have no right" in shared.asks(person, command, group)
        assert "no right" in shared.presses(person, listed, "1")["text"]
        assert "Only whoever sent the command" in shared.presses(person, question, "Give")["text"]


def test_a_role_for_a_time_ends_by_itself(shared: Standins, group: int, folder: Path) -> None:
    person = newcomer(shared, "Zoya")
    grant(shared, f"{person} viewer for 8h", group)
    assert "Zadarma" in shared.asks(person, "/status")
    ended = f"{shared.now():%Y-%m-%d %H:%M:%S.%f}"
    stored.in_folder(folder).execute("UPDATE grants SET until = ? WHERE subject_id = ?", ended, person)
    assert "no access yet" in shared.asks(person, "/status")
    assert str(person) not in shared.asks(ANNA, "/access", group).text


def test_what_was_given_outlives_a_restart(standins: Standins, start_bot: Callable[..., Program]) -> None:
    program = start_bot()
    grant(standins, f"{SAM} viewer", GROUP)
    program.kill()
    start_bot()
    assert "Zadarma" in standins.asks(SAM, "/status")
    wait_for_menu(standins, SAM, VIEWER)
    # A notice about the killed run may come in between.
    standins.after(standins.says(ANNA, "/access", GROUP), GROUP, "viewer · given by Anna Ivanova")


def test_a_role_of_the_site_opens_what_it_names_and_nothing_else(shared: Standins) -> None:
    person = newcomer(shared, "Lena", username="lena")
    shared.asks(person, "/start")
    group = shared.new_group(members=[person])
    grant(shared, "@lena reception", group)
    wait_for_menu(shared, person, ANYONE | {"cancel", "status", "calls", "stations", "pbx", "bans"})
    topics = shared.asks(person, "/help")
    assert topics.buttons == [["📞 Right now", "🏢 PBXs"], ["🤖 The bot"], ["🕐 How to write times"]]
    shared.presses(person, topics, "Right now")
    listed = shared.wait_for(
        lambda: (m := shared.again(topics, person)) and (m if "/calls" in m.text else None), "topic"
    )
    assert re.findall(r"^/(\w+)", listed.text, re.MULTILINE) == ["status", "calls"]
    assert shared.asks(person, "/start").buttons == [["🚦 Status", "📞 Calls now"], ["❓ All commands"]]
    for allowed, shows in (("/status", "Zadarma"), ("/calls", "calls")):
        assert shows in shared.asks(person, allowed)
    for denied in ("/cdr", "/trunks", "/employees", "/access", "/audit"):
        assert "no right" in shared.asks(person, denied, None if denied == "/audit" else group)


def report(shared: Standins, folder: Path, *who: str) -> launcher.Ended:
    """Run `mikopbx-bot access` on the machine while the bot runs."""
    bare = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "SYSTEMROOT")}
    environment = bare | ordinary_settings(shared.address, folder) | SETTINGS
    return launcher.run(folder, environment, "access", *who, clock=shared.clock)


def line(table: str, *beginning: str) -> str:
    """Return the rest of the line that begins with these cells."""
    found = re.search(r"^" + r" +".join(map(re.escape, beginning)) + r" +(.+?) *$", table, re.MULTILINE)
    assert found, table
    return found[1]


def test_the_machine_prints_every_rule_and_grant(shared: Standins, folder: Path, group: int) -> None:
    person = newcomer(shared, "Misha", username="misha")
    shared.asks(person, "/start")
    grant(shared, "@misha operator for 8h", group)
    printed = report(shared, folder)
    assert printed.code == 0
    assert line(printed.stdout, "reception") == "calls.read status.read"
    assert line(printed.stdout, "/add_employee", "employees.write", "anywhere") == "admin"
    assert line(printed.stdout, "/audit", "audit.read") == "in private  admin"
    assert line(printed.stdout, f"Misha @misha ({person})").endswith(f"UTC  Anna Ivanova ({ANNA})")
    assert (
        line(printed.stdout, f"Dora Deputy @dora ({DORA})", "admin")
        == "every        for good              the settings"
    )


def test_the_machine_prints_of_one_person_what_and_why(shared: Standins, folder: Path) -> None:
    shared.asks(BORIS, "/start")
    by_name, by_id = (report(shared, folder, who) for who in ("@boris_petrov", str(BORIS)))
    assert by_name.stdout == by_id.stdout
    assert f"Boris Petrov @boris_petrov ({BORIS}) in private" in by_name.stdout
    assert line(by_name.stdout, "/status", "allowed") == "role operator, from the settings"
    assert line(by_name.stdout, "/add_employee", "denied") == "beyond role operator; needs employees.write"
    assert line(by_name.stdout, "/help", "allowed") == "open to anyone"


def test_the_machine_knows_nobody_by_a_name_that_was_never_met(shared: Standins, folder: Path) -> None:
    printed = report(shared, folder, "@nobody_knows")
    assert printed.code == 1
    assert printed.stdout == ""
    assert printed.stderr == "The bot has not met @nobody_knows; give the numeric id (the person sees it with /id).\n"
