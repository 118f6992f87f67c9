"""Upgrade, back up, restore and remove, as docs/guides/operate.md says."""

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli.arguments import command_parser
from bot.cli.refusals import EXIT_REFUSED
from tests.end_to_end.harness import ANNA, BORIS, GROUP, Standins, ordinary_settings, running_bot
from tests.fixtures import stored
from tests.fixtures.old_database import LAST_UPDATE, recorded
from tests.fixtures.paths import ROOT

GUIDE = (ROOT / "docs" / "guides" / "operate.md").read_text()
LONGEST_CHAPTER = 16

pytestmark = stored.about_a_file


def backup(standins: Standins, folder: Path, target: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "database", "backup", target],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        | ordinary_settings(standins.address, folder)
        | settings,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def content(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [line for line in connection.iterdump() if "INSERT" in line]


def test_what_0_1_0_kept_is_upgraded_backed_up_while_it_runs_and_restored(standins: Standins, tmp_path: Path) -> None:
    database, kept = tmp_path / "bot.sqlite3", tmp_path / "kept.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(recorded(standins.now()))
    standins.chats.queue._last_id = LAST_UPDATE
    standins.breaks("Zadarma")
    with running_bot(standins, tmp_path):
        assert "Branch IAX" in standins.asks(ANNA, "/mutes")
        standins.asks(ANNA, "/mute Zadarma 2h provider is told", GROUP)
        made = backup(standins, tmp_path, kept)
        assert (made.returncode, made.stderr) == (0, "")
        assert "checked" in made.stdout
        assert kept.stat().st_mode & 0o777 == 0o600
        again = backup(standins, tmp_path, kept)
        assert again.returncode == EXIT_REFUSED
        assert "exists already" in again.stderr
        standins.asks(BORIS, "/unmute Zadarma", GROUP)
    assert sorted(path.name for path in tmp_path.iterdir() if "kept" in path.name) == ["kept.sqlite3"]

    # As in the guide: the file and its companions are gone, the copy takes its place.
    for file in tmp_path.glob("bot.sqlite3*"):
        file.unlink()
    shutil.copy(kept, database)
    database.chmod(0o600)
    before = content(kept)
    assert set(before) <= set(content(database))
    with running_bot(standins, tmp_path):
        muted = standins.asks(ANNA, "/mutes")
        assert "Branch IAX" in muted
        assert "provider is told" in muted
        assert "Zadarma" in standins.asks(ANNA, "/incidents")


@pytest.mark.parametrize(
    ("settings", "target", "told"),
    [
        ({"DATABASE_URL": "postgresql://bot:hunter2@db/bot"}, "kept", "pg_dump --format=custom"),
        ({}, "kept", "there is no database"),
        ({"DATABASE_URL": "sqlite:///notes.txt"}, "kept", "file is not a database"),
        ({"DATABASE_URL": "sqlite:///notes.txt"}, "no/such/folder/kept", "No such file or directory"),
    ],
)
def test_what_cannot_be_backed_up_is_said_in_a_line(
    settings: dict[str, str], target: str, told: str, standins: Standins, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("not a database" * 1000)
    ended = backup(standins, tmp_path, tmp_path / target, **settings)
    assert ended.returncode == EXIT_REFUSED
    assert ended.stderr.count("\n") == 1
    assert told in ended.stderr
    assert "hunter2" not in ended.stderr
    assert not [path.name for path in tmp_path.iterdir() if "kept" in path.name]


def test_the_guide_is_short_and_its_commands_are_those_of_the_program() -> None:
    for chapter in re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:]:
        lines = [line for line in chapter.splitlines()[1:] if line and not line.startswith("```")]
        assert len(lines) <= LONGEST_CHAPTER, chapter
    typed = re.findall(r"(?<!bot/)\bmikopbx-bot ((?:database|install-service)[^\n#`]*)", GUIDE)
    assert len(typed) >= 4
    for line in typed:
        assert command_parser().parse_args(shlex.split(line)).command is not None
