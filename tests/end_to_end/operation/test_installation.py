"""A running bot checks its installation: what nobody else tells comes to the administrators, once, and its end too."""

import json
import subprocess
import sys
from pathlib import Path

from bot.demo.telegram.model import Member
from tests.end_to_end.harness import ANNA, GROUP, Standins, ordinary_settings, running_bot, running_standins
from tests.fixtures.paths import ROOT

TOLD = r"I may not write in PBX on call"
MENDED = r"is mended"


def give(standins: Standins, status: str) -> None:
    """Change what the bot may do in the group, without an update that tells it so."""
    bot = standins.chats.bot.id
    standins._server.look(lambda: standins.chats.chats[GROUP].members.__setitem__(bot, Member(bot, status)))


def test_a_group_in_which_it_may_not_write_is_told_until_that_is_mended(tmp_path: Path) -> None:
    with running_standins() as standins:
        standins.says(ANNA, "/start")
        give(standins, "restricted")
        with running_bot(standins, tmp_path) as program:
            standins.wait_for_message(TOLD, ANNA)
            found = checked(standins, tmp_path)
            assert {"groups.write"} <= {one["check"] for one in found if one["level"] == "fault"}
            assert "may not write in PBX on call" in program.log.read_text()
        give(standins, "member")
        with running_bot(standins, tmp_path):
            standins.wait_for_message(MENDED, ANNA)
        assert len(standins.alerts(TOLD, ANNA)) == len(standins.alerts(MENDED, ANNA)) == 1


def checked(standins: Standins, folder: Path) -> list[dict[str, str]]:
    """Run `mikopbx-bot check` beside the bot, as a process of its own."""
    settings = ordinary_settings(standins.address, folder)
    command = [sys.executable, "-m", "bot", "check", "--json"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **settings}
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    assert run.stderr == ""
    found: list[dict[str, str]] = json.loads(run.stdout)["findings"]
    return found
