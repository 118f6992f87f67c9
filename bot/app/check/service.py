"""Check of the service: that it starts again by itself, its addresses, and the heartbeat."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bot.app.check.findings import Finding, fault, ok, warning
from bot.config.settings import Settings

UNIT = "mikopbx-bot.service"
PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "User", "NRestarts")
TIMEOUT = 5.0
CONTAINER_MARKS = (Path("/run/.containerenv"), Path("/.dockerenv"))
# Restarts that are no accident any more.
MANY_RESTARTS = 5


async def read_unit() -> Mapping[str, str] | None:
    """Return the properties of the systemd unit; None on a machine without systemd."""
    program = shutil.which("systemctl")
    if program is None:
        return None
    try:
        async with asyncio.timeout(TIMEOUT):
            asked = await asyncio.create_subprocess_exec(
                program,
                "show",
                UNIT,
                f"--property={','.join(PROPERTIES)}",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            written, _ = await asked.communicate()
    except (OSError, TimeoutError):
        return None
    lines = (line.partition("=") for line in written.decode(errors="replace").splitlines())
    return {name: value for name, parted, value in lines if parted} or None


def is_container() -> bool:
    return any(mark.exists() for mark in CONTAINER_MARKS) or "KUBERNETES_SERVICE_HOST" in os.environ


def unit_findings(unit: Mapping[str, str] | None, *, in_container: bool) -> Iterable[Finding]:
    """Return the findings of the unit. In a container, what started that starts the bot again."""
    name = "service.unit"
    if unit is None or unit.get("LoadState") in (None, "not-found"):
        if in_container:
            yield ok(name, "the bot runs in a container")
        elif unit is None:
            text = "this machine has no systemd, and nothing starts the bot again after a crash or a reboot"
            yield warning(name, text, "let the machine's own service manager run it, with a restart on failure")
        else:
            text = "the bot is no service, and nothing starts it again after a crash or a reboot"
            yield warning(name, text, "make it one: mikopbx-bot install-service")
        return
    if unit.get("LoadState") != "loaded":
        yield fault(name, f"systemd cannot read {UNIT}", f"see systemctl status {UNIT}")
    elif unit.get("ActiveState") == "failed":
        yield fault(name, f"{UNIT} has failed and is not started again", f"see journalctl -u {UNIT}, then start it")
    elif unit.get("UnitFileState") == "disabled":
        yield warning(name, f"{UNIT} does not start with the machine", f"run systemctl enable {UNIT}")
    else:
        yield ok(name, f"{UNIT} is {unit.get('ActiveState', 'there')}, and starts with the machine")
    if unit.get("LoadState") == "loaded" and unit.get("User", "") in ("", "root"):
        text = f"{UNIT} runs the bot as root"
        yield fault("service.user", text, f"name an account of its own as User= of {UNIT}, as the one supplied does")
    restarts = unit.get("NRestarts", "0")
    if restarts.isdigit() and int(restarts) >= MANY_RESTARTS:
        text = f"systemd had to restart the bot {restarts} times"
        yield warning("service.restarts", text, f"see journalctl -u {UNIT} -p err")


async def address_findings(settings: Settings, *, is_running: bool) -> list[Finding]:
    """Return the findings of the addresses to listen at. While the bot runs it has them itself."""
    addresses = {"HEALTH_ADDRESS": settings.health_address}
    addresses |= {"WEBHOOK_ADDRESS": settings.webhook_address if settings.webhook_url else None}
    found = []
    for setting, address in addresses.items():
        if address is None:
            continue
        reason = "" if is_running else _unusable(address)
        if reason:
            text = f"{setting}: {address} cannot be used ({reason})"
            found.append(fault("service.address", text, f"choose another one for {setting}", subject=setting))
        else:
            found.append(ok("service.address", f"{setting}: {address} is the bot's", subject=setting))
    return found


def _unusable(address: str) -> str:
    from bot.http.server import AddressUnusable, listen  # imported late: it loads the web server

    try:
        listen(address).close()
    except AddressUnusable as error:
        return str(error)
    return ""


async def heartbeat_finding(settings: Settings) -> Finding:
    """Connect to the monitor without a request: one would say that the bot is well."""
    name = "heartbeat.monitor"
    if settings.heartbeat_url is None:
        text = "no heartbeat is sent: when this machine is gone, nobody is told"
        return warning(name, text, "put the ping address of a monitor elsewhere into HEARTBEAT_URL")
    parts = urlsplit(settings.heartbeat_url.get_secret_value())
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(TIMEOUT):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        text = f"the monitor of HEARTBEAT_URL cannot be reached at {host}"
        return fault(name, text, "copy its ping address again, or let this machine reach it")
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return ok(name, f"heartbeats go to {host}")
