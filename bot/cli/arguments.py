"""Commands and options of the program, as argparse reads them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app.setup.options import declare as declare_setup
from bot.cli.administration import access, back_up_database, check, copy_database, install_service, setup
from bot.cli.running import run
from bot.cli.stand_ins import demo, demo_pbx, demo_telegram

if TYPE_CHECKING:
    from collections.abc import Callable

    AddParser = Callable[..., argparse.ArgumentParser]

DIALECTS = ("2026.1", "2026.9")


def command_parser() -> argparse.ArgumentParser:
    """Return the parser; `command` of what it reads is the function of a command, None without one."""
    whole = argparse.ArgumentParser(
        prog="mikopbx-bot",
        description="A Telegram bot for MikoPBX: ask the PBX from a group chat, and be woken when a trunk dies.",
    )
    whole.add_argument("--version", action="store_true", help="Print the version, the commit and that of Python.")
    whole.set_defaults(command=None)
    add = whole.add_subparsers(title="commands", metavar="COMMAND").add_parser
    ran = _command(add, "run", run)
    # The demo's: there it is always a Tuesday.
    ran.add_argument("--behind", type=float, default=0.0, help=argparse.SUPPRESS)
    declare_setup(_command(add, "setup", setup))
    asked = _command(add, "access", access)
    asked.add_argument(
        "who", nargs="?", default="", help="A numeric id, or a @username that the bot has met; everybody without it."
    )
    asked.add_argument("--station", default="", help="The PBX to look at, by its name in STATIONS_FILE.")
    checked = _command(add, "check", check)
    checked.add_argument("--station", default="", help="Ask this PBX alone, by its name in STATIONS_FILE.")
    checked.add_argument("--json", action="store_true", help="Print one JSON object, for programs.")
    service = _command(add, "install-service", install_service)
    service.add_argument("--user", action="store_true", help="A service of this account, settings from this folder.")
    service.add_argument("--dry-run", action="store_true", help="Print the unit and write nothing.")
    _add_demo(add)
    database = add("database", help="Back up the database, or copy it to another one.")
    add_database = database.add_subparsers(title="commands", metavar="COMMAND", required=True).add_parser
    backed_up = _command(add_database, "backup", back_up_database)
    backed_up.add_argument("file", metavar="FILE", type=Path, help="The copy to make; it must not exist.")
    copied = _command(add_database, "copy", copy_database)
    copied.add_argument("source", metavar="FROM", help="Address of the database to copy, as in DATABASE_URL.")
    copied.add_argument("target", metavar="TO", help="Address of an empty database.")
    return whole


def _add_demo(add: AddParser) -> None:
    shown = _command(add, "demo", demo)
    shown.add_argument("--port", type=port_number, default=8765, help="Port on 127.0.0.1; 0 takes a free one.")
    shown.add_argument("--language", choices=("en", "ru"), default="en", help="What the bot and the page speak.")
    shown.add_argument("--pbxs", type=pbx_number, default=1, metavar="N", help="How many stand-in PBXs: 1 to 1000.")
    add_part = shown.add_subparsers(title="one of the stand-ins alone", metavar="STAND-IN").add_parser
    pbx, telegram = _command(add_part, "pbx", demo_pbx), _command(add_part, "telegram", demo_telegram)
    for part in (pbx, telegram):
        part.add_argument("--port", type=port_number, required=True, help="Port on 127.0.0.1; 0 takes a free one.")
    pbx.add_argument("--api-key", required=True, help="The key that has all rights.")
    pbx.add_argument("--speed", type=speed_factor, default=1.0, help="Divides the PBX's own delays; at least 0.1.")
    for part in (shown, pbx):
        part.add_argument("--dialect", choices=DIALECTS, default=DIALECTS[-1], help="The release of MikoPBX to play.")
    telegram.add_argument("--token", help="The only bot token accepted; without it any well-formed one.")


def _command(add: AddParser, name: str, command: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    """Declare a command; its docstring is its help."""
    added = add(name, help=command.__doc__, description=command.__doc__, allow_abbrev=False)
    added.set_defaults(command=command)
    return added


def port_number(text: str) -> int:
    if not 0 <= (port := int(text)) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def pbx_number(text: str) -> int:
    if not 1 <= (number := int(text)) <= 1000:
        raise argparse.ArgumentTypeError("the demo has 1 to 1000 PBXs")
    return number


def speed_factor(text: str) -> float:
    if not (speed := float(text)) >= 0.1:
        raise argparse.ArgumentTypeError("the least speed is 0.1")
    return speed
