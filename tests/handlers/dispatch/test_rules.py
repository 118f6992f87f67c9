"""Table of rules: the dispatcher applies it, /help lists it, and the menus offer it."""

import re

import pytest

from bot.access.policy import ADMIN, OPERATOR, VIEWER, Grant, Permission, Role
from bot.store.database import Database
from bot.store.messages.keyboards import new_keyboard
from handlers import CATALOGUE
from handlers.dialog.menus import Menus
from handlers.dispatch.declare import ButtonAction, Command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import RULES, OnRestart, Rule, Where
from handlers.help.help import help_
from tests.handlers.dispatcher_harness import STATION, DispatcherHarness
from tests.messages.renderers import renderer

VIEWING, OPERATING, ADMINISTERING, STRANGER = 11, 12, 13, 14
ROLES: dict[int, Role | None] = {VIEWING: VIEWER, OPERATING: OPERATOR, ADMINISTERING: ADMIN, STRANGER: None}
GRANTS = tuple(Grant(person, role.name) for person, role in ROLES.items() if role)
GROUP = -500


@pytest.fixture
def harness(database: Database) -> DispatcherHarness:
    """All commands and buttons, with handlers that only reply."""
    harness = DispatcherHarness(database, grants=GRANTS)

    async def done(request: Request) -> Reply:
        harness.done.append(request)
        return Reply()

    for name, command in CATALOGUE.commands.items():
        harness.catalogue.commands[name] = Command(name, done, command.rule, command.summary)
    for name, press in CATALOGUE.buttons.items():
        harness.catalogue.buttons[name] = ButtonAction(name, done, press.rule)
    return harness


def holds(rule: Rule, role: Role | None, *, private: bool) -> bool:
    """Apply the table's rule, written independently of the code."""
    if (rule.where is Where.PRIVATE and not private) or (rule.where is Where.GROUP and private):
        return False
    if rule.permission == Permission.ANYONE:
        return private or role is not None
    return role is not None and rule.permission in role.permissions | {Permission.ANY_ROLE}


@pytest.mark.parametrize("person", ROLES)
@pytest.mark.parametrize("private", [True, False])
async def test_the_table_is_what_is_obeyed(harness: DispatcherHarness, person: int, private: bool) -> None:
    chat = person if private else GROUP
    presses = [name for name in RULES if name in CATALOGUE.buttons]
    rows = [[{"label": "x", "action": name, "data": {}}] for name in presses]
    keyboard = new_keyboard(chat, rows, now=harness.now, station=STATION)
    with harness.database.begin() as session:
        session.add(keyboard)
    for name, rule in RULES.items():
        harness.done.clear()
        if name.startswith("/"):
            await harness.types(name, person, chat)
        elif name in presses:
            await harness.presses(keyboard, person, chat, f"{presses.index(name)}:0")
        else:
            continue
        assert bool(harness.done) is holds(rule, ROLES[person], private=private), name


@pytest.mark.parametrize("person", ROLES)
@pytest.mark.parametrize("private", [True, False])
async def test_help_and_the_menu_list_what_is_obeyed(harness: DispatcherHarness, person: int, private: bool) -> None:
    expected = {c.name for c in CATALOGUE.in_order() if holds(c.rule, ROLES[person], private=private)}
    menus = Menus(None, renderer(), CATALOGUE, harness.book, harness.database, harness.clock)  # type: ignore[arg-type]
    offered = menus._commands_for(await harness.book.current(), person, person if private else GROUP)
    assert {command.command for command in offered} == {name for name in expected if " " not in name}
    if ROLES[person] is None:
        return
    harness.catalogue.commands["help"] = Command("help", help_, RULES["/help"], "")
    harness.catalogue.buttons["help.show"] = CATALOGUE.buttons["help.show"]
    chat, listed = person if private else GROUP, list[str]()
    await harness.types("/help", person, chat)
    topics, keyboard = harness.chat.shown[-1].buttons, harness.chat.keyboards[-1]
    for row, buttons in enumerate(topics[:-1]):
        for column, _ in enumerate(buttons):
            await harness.presses(keyboard, person, chat, f"{row}:{column}")
            listed += [command["name"] for command in harness.chat.shown[-1].facts["commands"]]
    assert sorted(listed) == sorted(expected)


# Writes that do not resume after a kill, with the reason: none so far.
ASKED_INSTEAD: dict[str, str] = {}


def test_what_writes_is_gone_on_with_after_a_kill() -> None:
    """A write is atomic or verified first; any other states why its author is asked instead."""
    handlers = {**CATALOGUE.buttons, **CATALOGUE.answers}
    assert {name for name, rule in RULES.items() if rule.writes} <= handlers.keys()
    unsure = {name for name, one in handlers.items() if one.resume is OnRestart.ASK_USER}
    careless = {name for name, one in handlers.items() if one.rule.writes and one.resume is OnRestart.RERUN}
    assert unsure == ASKED_INSTEAD.keys()
    assert not careless


def test_what_changes_our_own_store_alone_is_all_or_nothing() -> None:
    """Repeating these has no effect or asks again; all other writes are atomic."""
    harmless = {
        "/watch", "watch.stop", "/test_alert", "access.ask_give", "access.ask_take", "access.leave", "oncall.ask_take",
        "oncall.calendar", "chat.dismiss", "incident.hand_over", "incident.mute", "maintenance.subject",
        "maintenance.cancel", "/grant", "/revoke", "/oncall set", "/oncall remove", "/oncall import", "/oncall swap",
        "/bind", "/unbind", "chat.ask_bind", "chat.leave_bound", "mute.leave", "access.requests", "access.show_request",
    }  # fmt: skip
    of_ours = {
        Permission.INCIDENTS_ACKNOWLEDGE,
        Permission.INCIDENTS_MUTE,
        Permission.EXTENSIONS_WATCH,
        Permission.ONCALL_TAKE,
        Permission.ONCALL_WRITE,
    }
    of_ours |= {Permission.ACCESS_GRANT}
    everything = {f"/{name}": one for name, one in CATALOGUE.commands.items()} | CATALOGUE.buttons | CATALOGUE.answers
    freely = {n for n, one in everything.items() if one.rule.permission in of_ours and one.resume is OnRestart.RERUN}
    assert freely - {"watch.show"} == harmless - {"watch.show"}


def test_what_writes_is_asked_for_first() -> None:
    """A write is never a command: it follows a question."""
    assert not [name for name, rule in RULES.items() if rule.writes and name.startswith("/")]


def test_every_permission_of_a_rule_is_one() -> None:
    known = {value for name, value in vars(Permission).items() if re.fullmatch("[A-Z_]+", name)}
    assert {rule.permission for rule in RULES.values()} <= known
