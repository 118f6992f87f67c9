"""Notifications to systemd for a service of Type=notify; without systemd none are sent."""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping

import structlog

from bot.runtime.logs import OnChange, printable
from bot.runtime.waiting import sleep_or_stop

log = structlog.get_logger(__name__)

# Seconds between STATUS notifications without a systemd watchdog.
NOTIFY_EVERY = 30.0


class ServiceManager:
    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # An abstract socket address is written with @ and starts with a zero byte.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        for_us = environment.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        watchdog_usec = environment.get("WATCHDOG_USEC", "")
        self.every = (
            int(watchdog_usec) / 2e6 if for_us and watchdog_usec.isdigit() and int(watchdog_usec) else NOTIFY_EVERY
        )

    def ready(self, status: str) -> None:
        self._notify("READY=1", f"STATUS={_one_line(status)}")

    async def keep_notified(
        self, stalled: Callable[[], list[str]], problems: Callable[[], list[str]], stop: asyncio.Event
    ) -> None:
        """Notify systemd until `stop`. A stalled task withholds WATCHDOG=1, so that systemd restarts the bot; an
        unreachable PBX or Telegram, which a restart does not cure, is only reported in STATUS."""
        last_stalled = OnChange("")
        while not stop.is_set():
            parts = ", ".join(stalled())
            if last_stalled.is_new(parts) and parts:
                log.error("tasks stalled, restart by systemd expected", parts=parts)
            self._notify(*([] if parts else ["WATCHDOG=1"]), f"STATUS={_one_line('; '.join(problems()) or 'well')}")
            await sleep_or_stop(stop, self.every)

    def stopping(self) -> None:
        self._notify("STOPPING=1", "STATUS=ending")

    def _notify(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("systemd not notified", reason=str(error))


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
