"""Answers that the options of `mikopbx-bot setup` give."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.app.setup.options import OPTION_OF
from bot.config.errors import WrongSettings

STANDARD_INPUT = "-"
NO_GROUP = "none"
SECRETS = ("TELEGRAM_TOKEN", "PBX_API_KEY")


def answers(options: argparse.Namespace) -> Mapping[str, str]:
    """Return the settings that the options give. Raises WrongSettings."""
    found: dict[str, str] = {}
    for name, option in OPTION_OF.items():
        value = getattr(options, option.removeprefix("--").replace("-", "_"))
        if value is not None:
            found[name] = _secret(option, value) if name in SECRETS else value.strip()
            if not found[name]:
                raise WrongSettings([f"{option} is empty"])
    if found.get("ALERT_CHATS", "").lower() == NO_GROUP:
        found["ALERT_CHATS"] = ""
    return found


def _secret(option: str, file: str) -> str:
    try:
        text = sys.stdin.readline() if file == STANDARD_INPUT else Path(file).read_text("utf-8-sig")
    except OSError as error:
        raise WrongSettings([f"{option}: {file} cannot be read: {error.strerror}; name the file that has it"]) from None
    except UnicodeDecodeError:
        raise WrongSettings([f"{option}: {file} is no text in UTF-8; save it anew"]) from None
    return text.strip()
