"""Imported by the program before it begins: /missed ends the program at once, as a fault in a library may, and /calls
never gives the loop back, until somebody kills it as the watchdog does. Each beginning is a line of `begun`."""

import os
import time
from dataclasses import replace
from pathlib import Path

from handlers import CATALOGUE
from handlers.command import Reply, Request


def _begins(name: str) -> None:
    with Path("begun").open("a") as file:
        file.write(f"{name}\n")


async def _ends(_request: Request) -> Reply:
    _begins("missed")
    os._exit(70)


async def _hangs(_request: Request) -> Reply:
    _begins("calls")
    time.sleep(3600)  # noqa: ASYNC251 (just that)
    return Reply()


for name, handler in (("missed", _ends), ("calls", _hangs)):
    CATALOGUE.commands[name] = replace(CATALOGUE.commands[name], handler=handler)
