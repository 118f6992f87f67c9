"""`mikopbx-bot check`: a sound installation shows no fault, and each misconfiguration is named with its remedy."""

import contextlib
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.app.check.cases import CASES, NOW, Case, stations
from tests.app.check.stage import KEY, SECRETS, Stage, Switched, server, sound
from tests.end_to_end.server import Server

# Certificates and other programs go by the machine's clock.
pytestmark = pytest.mark.usefixtures("real_time")

BLOCKED = "Forbidden: bot was blocked by the user"
HOLDS_IT_OPEN = "import sys; file = open(sys.argv[1], 'r+'); print(flush=True); sys.stdin.read()"


@pytest.fixture(scope="module")
def switched() -> Switched:
    return Switched()


@pytest.fixture(scope="module")
def running(switched: Switched) -> Iterator[Server]:
    with server(switched) as one:
        yield one


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """Restore what the program configures."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level, hooks = root.handlers, root.level, sys.excepthook
    mask = os.umask(0o022)
    yield
    os.umask(mask)
    root.handlers, root.level, sys.excepthook = handlers, level, hooks
    logging.captureWarnings(capture=False)
    structlog.configure(**before)


@pytest.fixture
def stage(running: Server, switched: Switched, tmp_path: Path) -> Stage:
    return sound(running, switched, tmp_path)


def test_a_sound_installation_is_all_well_and_left_as_it_was(stage: Stage) -> None:
    before = stage.database.read_bytes()
    checked = stage.check()
    marks = {line.split()[0] for line in checked.printed.splitlines() if line.startswith("  ")}
    assert (checked.code, marks) == (0, {"✓"}), checked.printed
    assert stage.database.read_bytes() == before
    assert sorted(path.name for path in stage.folder.iterdir()) == [".env", "bin", "bot.sqlite3"]
    asked = {call["method"] for call in stage.server.look(lambda: stage.chats.log.after(0))}
    assert asked == {"getMe", "getWebhookInfo", "getChat", "getChatMember"}
    requests = [one for one in stage.station.journal.after(0) if one["path"] != "/asterisk/rawman"]
    assert {one["method"] for one in requests if one["status"] != 405} == {"GET"}
    assert (stage.station.ami.logins, stage.station.ami.calls) == (1, [])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_misconfiguration_is_named_with_its_remedy_and_no_secret(stage: Stage, case: Case) -> None:
    case.spoil(stage)
    checked = stage.check("--json")
    said = [one for one in checked.wrong if one["check"] == case.check]
    assert any(case.text in one["text"] and case.remedy in one["remedy"] for one in said), checked.printed
    assert (checked.code, {one["level"] for one in said} & {case.level}) == (case.code, {case.level})
    assert not [secret for secret in SECRETS if secret in checked.printed]
    if len(checked.wrong) == 1:
        return
    # What follows from it is told too, and nothing else.
    allowed = {
        case.check,
        "people.unknown",
        "people.admins",
        "people.admin",
        "pbx.clock",
        "settings.value",
        "service.root",
    }
    assert {one["check"] for one in checked.wrong} <= allowed, checked.printed


def test_two_bots_on_one_database_are_named(stage: Stage) -> None:
    arguments = [sys.executable, "-c", HOLDS_IT_OPEN, str(stage.database), "-m", "bot", "run"]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(arguments, stdin=pipe, stdout=pipe) as one,
        subprocess.Popen(arguments, stdin=pipe, stdout=pipe) as two,
    ):
        for held in (one, two):
            assert held.stdout is not None
            held.stdout.readline()
        checked = stage.check("--json")
    (said,) = checked.wrong
    assert (said["check"], said["remedy"]) == (
        "database.processes",
        "stop one of them, or give each a database of its own",
    )
    assert str(one.pid) in said["text"]
    assert str(two.pid) in said["text"]


FLEET = f"""
[[station]]
name = "acme"
title = "Acme"
url = "{{at}}"
key = "{KEY}"
[[station]]
name = "branch"
title = "Branch"
url = "https://pbx.invalid"
key = "{KEY}"
"""


def test_of_a_fleet_each_pbx_is_told_by_its_name_or_one_alone(stage: Stage) -> None:
    stations(FLEET)(stage)
    checked = stage.check("--json")
    down = {one["text"]: one["remedy"] for one in checked.wrong if one["check"] == "pbx.address"}
    remedy = "correct url of branch in STATIONS_FILE, or the name server of this machine"
    assert down == {"Branch: there is no host pbx.invalid": remedy}
    alone = stage.check("--json", "--station", "acme")
    assert (alone.code, {one["subject"] for one in alone.findings if one["check"] == "pbx.address"}) == (0, {"acme"})


def test_a_running_bot_is_read_beside(stage: Stage) -> None:
    """With a log of writes beside the file, what is in it is read, and nothing waits for a writer."""
    with contextlib.closing(sqlite3.connect(stage.database)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("INSERT INTO closed_chats (chat_id, reason, at) VALUES (1001, ?, ?)", (BLOCKED, NOW))
        writer.commit()
        writer.execute("BEGIN IMMEDIATE")
        checked = stage.check("--json")
    assert "people.admin" in {one["check"] for one in checked.wrong}
