"""The steps of `mikopbx-bot setup` in their order, and its exit code."""

import argparse
import asyncio
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from bot.app import exit_codes
from bot.app.operation.service import program_command
from bot.app.setup.conversation import Conversation, GivenUp, Rejected, Unanswered, checked
from bot.app.setup.draft import Draft
from bot.app.setup.given import answers
from bot.app.setup.options import OPTION_OF
from bot.app.setup.pbx_steps import PbxSteps
from bot.app.setup.people_steps import PeopleSteps, SecondProgram
from bot.app.setup.terminal import NoAnswer, Terminal
from bot.config.errors import WrongSettings
from bot.config.loading import check_environment, load_settings

ServiceInstaller = Callable[[argparse.Namespace], int]

# It exists where systemd runs the machine.
SYSTEMD = Path("/run/systemd/system")
INTERRUPTED = 130
MAX_TITLE = 64
# Used and never asked: the program may run without this environment, as a service.
NEVER_ASKED = ("TELEGRAM_API_URL", "TELEGRAM_PROXY", "STATIONS_FILE", "PBX_TLS_VERIFY", "PBX_ALLOW_HTTP")


def run(options: argparse.Namespace, install_service: ServiceInstaller) -> int:
    """Ask what is not known, and write `.env`. `install_service`, the command of that name, is offered at the end."""
    terminal = Terminal(agrees=options.yes)
    try:
        with _interruptible(), asyncio.Runner() as runner:
            check_environment()
            conversation = Conversation(terminal, Draft(), answers(options), runner)
            _settle_all(conversation)
            return _finish(conversation, install_service)
    except KeyboardInterrupt:
        terminal.say("\nInterrupted. What you answered is kept in .env.setup; mikopbx-bot setup goes on from there.")
        return INTERRUPTED
    except WrongSettings as wrong:
        return _ended(wrong.lines, exit_codes.WRONG_SETTINGS)
    except Rejected as rejected:
        return _ended([str(rejected)], exit_codes.WRONG_SETTINGS)
    except Unanswered as needed:
        line = f"{needed} is missing: give {OPTION_OF[str(needed)]}, or answer in a terminal"
        return _ended([line], exit_codes.WRONG_SETTINGS)
    except GivenUp:
        return _ended(["Not finished. mikopbx-bot setup goes on from here."], exit_codes.FAILED)
    except SecondProgram:
        return _ended(["Stop the program that uses this token, then run setup again."], exit_codes.SECOND_COPY)


def _settle_all(conversation: Conversation) -> None:
    say = conversation.terminal.say
    say("Setup of MikoPBX Bot, in five minutes. Enter takes the answer in brackets; Ctrl+C keeps those so far.")
    if conversation.draft.resumes:
        say("Going on where it was interrupted.")
    people, pbx = PeopleSteps(conversation), PbxSteps(conversation)
    try:
        people.token()
        if conversation.setting("STATIONS_FILE"):
            say("  ✓ STATIONS_FILE names the PBXs, with their keys.")
        else:
            pbx.address()
            pbx.key()
        people.administrator()
        people.group()
        if pbx.host:
            conversation.settle("PBX_NAME", "Name of the PBX in messages", _title, default=pbx.host)
        conversation.settle("LANGUAGE", "Language of the bot, en or ru", _language, default=people.language)
    finally:
        people.close()


def _title(text: str) -> tuple[str, str]:
    if len(text) > MAX_TITLE or not text.isprintable():
        raise Rejected(f"A name has at most {MAX_TITLE} characters, and all of them can be seen")
    return text, text


def _language(text: str) -> tuple[str, str]:
    language: str = checked("LANGUAGE", text)
    return language, language


def _finish(conversation: Conversation, install_service: ServiceInstaller) -> int:
    say = conversation.terminal.say
    for name in NEVER_ASKED:
        if os.environ.get(name) and conversation.draft.get(name) is None:
            conversation.draft.keep(name, os.environ[name])
    path = conversation.draft.finish()
    say(f"\n✓ {path} has it all, readable by you alone.")
    try:
        load_settings()
    except WrongSettings as wrong:
        return _ended(["Something else in it is wrong:", *wrong.lines], exit_codes.WRONG_SETTINGS)
    is_service = _offer_service(conversation, install_service)
    say("\nNext:")
    say(f"  1. {'Start it by the commands above.' if is_service else f'Start it here: {_program()} run'}")
    say("  2. In Telegram write /test_alert to the bot: it rehearses an outage.")
    where = "in the group" if conversation.draft.get("ALERT_CHATS") else "it sends"
    say(f"  3. Press ✅ under the alert {where}. From then on it wakes you only for real ones.")
    return 0


def _offer_service(conversation: Conversation, install_service: ServiceInstaller) -> bool:
    """Write a unit if somebody types yes: for the machine as root, else for this account. It prints what is left."""
    if not SYSTEMD.is_dir():
        return False
    try:
        wanted = conversation.terminal.consent("Make it a service that starts with this machine?")
    except NoAnswer:
        return False
    return wanted and install_service(argparse.Namespace(user=os.geteuid() != 0, dry_run=False)) == 0


def _program() -> str:
    """Return what starts this program from any folder."""
    command = program_command()
    is_on_path = len(command) == 1 and shutil.which("mikopbx-bot") == command[0]
    return "mikopbx-bot" if is_on_path else shlex.join(command)


def _ended(lines: list[str] | tuple[str, ...], code: int) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return code


@contextmanager
def _interruptible() -> Iterator[None]:
    """End for these signals as for Ctrl+C: a terminal that hides what is typed is set right again."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # As Ctrl+C, for which asyncio cancels: raised in the middle of a request, it would leave that in pieces.
        signal.raise_signal(signal.SIGINT)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
