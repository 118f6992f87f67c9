"""`mikopbx-bot install-service`: a systemd unit for the program as it is installed.

The unit of the system is mikopbx-bot.service beside this module with the program's own path. That of an account leaves
out what only the system's manager can do.
"""

import os
import pwd
import re
import shlex
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = Path(__file__).with_name("mikopbx-bot.service")
SYSTEM_FOLDER, SETTINGS_FOLDER = Path("/etc/systemd/system"), Path("/etc/mikopbx-bot")
ACCOUNT = "mikopbx-bot"
# A service of the system sees none of these (ProtectHome=yes, PrivateTmp=yes).
UNREACHABLE = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")  # noqa: S108
# What only the system's manager can do; the folder of an account's service has the database too.
OF_THE_SYSTEM = re.compile(
    r"(After|Wants|User|State\w+|CapabilityBoundingSet|AmbientCapabilities|Protect\w+|Private\w+|ProcSubset|RemoveIPC)="
)


class ServiceRefused(Exception):
    """Raised with the reason and the remedy in words."""


@dataclass(frozen=True, slots=True)
class Service:
    """What to write, and the commands that are left to a person."""

    path: Path
    unit: str
    commands: tuple[str, ...]


def install(*, user: bool, dry_run: bool) -> str:
    """Write the unit unless `dry_run`; return the text to print. Raises ServiceRefused."""
    if not (user or dry_run or os.geteuid() == 0):
        raise ServiceRefused("this needs root: sudo, or --user for a service of this account")
    program = program_command()
    service = of_this_account(program, Path.cwd(), _units_of_this_account()) if user else of_the_system(program)
    if dry_run:
        return f"# {service.path}\n{service.unit}\n{_told(service, 'It would be started by')}"
    try:
        service.path.parent.mkdir(parents=True, exist_ok=True)
        service.path.write_text(service.unit, "utf-8")
        service.path.chmod(0o644)
    except OSError as error:
        raise ServiceRefused(f"{error.strerror}: {error.filename}") from error
    return _told(service, f"Written: {service.path}. Now, in this order")


def _told(service: Service, heading: str) -> str:
    return "\n".join([f"{heading}:", *(f"  {command}" for command in service.commands)])


def program_command() -> tuple[str, ...]:
    """Return the program's own path: that of the environment it runs in, not of a link to it."""
    script = Path(sysconfig.get_path("scripts")) / "mikopbx-bot"
    return (str(script),) if script.is_file() else (sys.executable, "-m", "bot")


def of_the_system(program: tuple[str, ...]) -> Service:
    """Return the service of the machine, under an account of its own. Raises ServiceRefused where that could not run
    the program."""
    if program[0].startswith(UNREACHABLE):
        raise ServiceRefused(
            f"{program[0]} is in a folder that a service of the system cannot see. Install it for everybody: "
            "sudo env PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx install …, or use --user"
        )
    unit = _with(TEMPLATE.read_text("utf-8"), program, SETTINGS_FOLDER)
    return Service(SYSTEM_FOLDER / TEMPLATE.name, unit, tuple(_system_commands()))


def _system_commands() -> list[str]:
    commands = [f"sudo install -D -o {ACCOUNT} -m 600 .env {SETTINGS_FOLDER}/.env"]
    if not _is_account(ACCOUNT):
        made = f"sudo useradd --system --user-group --home-dir /var/lib/{ACCOUNT} --shell /usr/sbin/nologin {ACCOUNT}"
        commands.insert(0, made)
    tried = Path("mikopbx-bot.sqlite3")
    if tried.is_file():
        commands.append(
            f"sudo install -D -o {ACCOUNT} -m 600 {tried} /var/lib/{ACCOUNT}/bot.sqlite3  # while no bot runs"
        )
    return [*commands, f"sudo systemctl daemon-reload && sudo systemctl enable --now {ACCOUNT}"]


def of_this_account(program: tuple[str, ...], settings: Path, units: Path) -> Service:
    """Return a service of one's own account, with the settings in the folder `settings`."""
    lines = [line for line in TEMPLATE.read_text("utf-8").splitlines() if not OF_THE_SYSTEM.match(line)]
    unit = _with("\n".join(lines), program, settings).replace("multi-user.target", "default.target")
    login = shlex.quote(pwd.getpwuid(os.geteuid()).pw_name)
    commands = (
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {ACCOUNT}",
        f"loginctl enable-linger {login}",
    )
    return Service(units / TEMPLATE.name, unit, commands)


def _with(unit: str, program: tuple[str, ...], settings: Path) -> str:
    """Return the unit with this program and folder."""
    command = " ".join(_quoted(part) for part in (*program, "run"))
    lines = [line for line in unit.splitlines() if not line.startswith("#")]
    text = "\n".join(lines).strip() + "\n"
    text = re.sub(r"^ExecStart=.*$", lambda _: f"ExecStart={command}", text, flags=re.MULTILINE)
    folder = str(settings).replace("%", "%%")
    return re.sub(r"^WorkingDirectory=.*$", lambda _: f"WorkingDirectory={folder}", text, flags=re.MULTILINE)


def _quoted(part: str) -> str:
    """Quote for ExecStart=, where % and $ have a meaning."""
    written = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{written}"' if re.search(r"[\s\"';]", part) else written


def _units_of_this_account() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def _is_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
