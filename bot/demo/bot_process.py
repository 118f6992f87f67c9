"""The real bot of the demo: a process of its own, started as a user starts it and configured by settings alone."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.demo.pbx import StandinPbx
from bot.demo.telegram.seed import ANNA, BORIS, ON_CALL, VERA

# Seconds between two polls of a PBX, and of all together: the demo polls faster than a bot at work, so that a visitor
# soon sees the alert, but both stand-ins answer from one process.
POLL_SECONDS = 2.0
POLLS_PER_SECOND = 100
# Of the environment; settings of a real bot in it must not reach the demo's.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


async def start_bot(
    address: str, token: str, stations: Mapping[str, StandinPbx], language: str, behind: float, folder: Path
) -> asyncio.subprocess.Process:
    """Start the bot between the stand-ins at `address`; `stations` by path. It lives `behind` seconds ago."""
    settings = {
        "TELEGRAM_TOKEN": token,
        "TELEGRAM_API_URL": address,
        "ADMINS": str(ANNA),
        "OPERATORS": str(BORIS),
        "VIEWERS": str(VERA),
        "ALERT_CHATS": str(ON_CALL),
        "DATABASE_URL": f"sqlite:///{folder / 'bot.sqlite3'}",
        "LOG_LEVEL": "WARNING",
        # Known before each PBX has told its own.
        "PBX_TIMEZONE": stations[""].zone.key,
        # Short, so that a visitor soon sees the alert after breaking a trunk, and its escalation.
        "POLL_INTERVAL": str(max(POLL_SECONDS, len(stations) / POLLS_PER_SECOND)),
        "ALERT_AFTER": "4",
        "PARTIAL_AFTER": "30",
        "PAGE_AGAIN_EVERY": "45",
        "ESCALATE_AFTER": "120",
        "REMIND_EVERY": "300",
        **(_only(address, stations[""]) if len(stations) == 1 else _several(address, stations, folder)),
        "LANGUAGE": language,
    }
    command = (sys.executable, "-m", "bot", "run", "--behind", f"{behind:.3f}")
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("PYTHON")}
    return await asyncio.create_subprocess_exec(*command, cwd=folder, env=kept | settings)


def _only(address: str, station: StandinPbx) -> Mapping[str, str]:
    return {
        "PBX_URL": address,
        "PBX_API_KEY": station.api_key,
        "PBX_NAME": station.name,
        "PBX_AMI_URL": address,
        "PBX_AMI_USER": station.ami.user,
        "PBX_AMI_SECRET": station.ami.secret,
    }


def _several(address: str, stations: Mapping[str, StandinPbx], folder: Path) -> Mapping[str, str]:
    tables = [
        f'[[station]]\nname = "{path.rpartition("/")[2] or "office"}"\ntitle = "{station.name}"\n'
        f'url = "{address}{path}"\nkey = "{station.api_key}"\n'
        f'ami_url = "{address}{path}"\nami_user = "{station.ami.user}"\nami_secret = "{station.ami.secret}"\n'
        for path, station in stations.items()
    ]
    (folder / "stations.toml").write_text("\n".join(tables))
    return {"STATIONS_FILE": "stations.toml"}
