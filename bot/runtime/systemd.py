"""What systemd hears of the program, as a service of Type=notify; without systemd nobody is told."""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping

import structlog

from bot.runtime.logs import Changes, printable
from bot.runtime.waiting import wait_for

log = structlog.get_logger(__name__)

# How often the state is told when no watchdog waits for it.
TELL_EVERY = 30.0


class ServiceManager:
    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # A name that no file has is written with a @, and taken with a zero byte.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        for_us = environment.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        bears = environment.get("WATCHDOG_USEC", "")
        self.every = int(bears) / 2e6 if for_us and bears.isdigit() and int(bears) else TELL_EVERY

    def ready(self, status: str) -> None:
        self._tell("READY=1", f"STATUS={_one_line(status)}")

    async def keep_told(
        self, hung: Callable[[], list[str]], complaints: Callable[[], list[str]], stop: asyncio.Event
    ) -> None:
        """A restart cures a program that hangs, but neither a dead PBX nor Telegram being away: of those only the state
        is told."""
        hanging = Changes("")
        while not stop.is_set():
            parts = ", ".join(hung())
            if hanging.are(parts) and parts:
                log.error("parts of the program hang; systemd is to restart it", parts=parts)
            self._tell(*([] if parts else ["WATCHDOG=1"]), f"STATUS={_one_line('; '.join(complaints()) or 'well')}")
            await wait_for(stop, self.every)

    def stopping(self) -> None:
        self._tell("STOPPING=1", "STATUS=ending")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("systemd cannot be told", reason=str(error))


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
