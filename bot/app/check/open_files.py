"""Bots that have a file open for writing, from /proc: those of this account, of all accounts for root.

A backup opens the file too, and is no bot.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
BOT = re.compile(r"(mikopbx-bot|-m bot) run$")
MAX_COMMAND = 80


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.pid} ({self.command})"


def writers(file: Path) -> tuple[Process, ...]:
    """Return the bots besides this process; none where there is no /proc."""
    try:
        wanted = file.stat()
    except OSError:
        return ()
    return tuple(sorted(_writers((wanted.st_dev, wanted.st_ino)), key=lambda one: one.pid))


def _writers(wanted: tuple[int, int]) -> Iterator[Process]:
    for folder in PROC.glob("[0-9]*"):
        # A process may end at any moment, and those of others are not shown.
        with suppress(OSError, ValueError):
            command = (folder / "cmdline").read_text(errors="replace").replace("\0", " ").strip()
            if int(folder.name) == os.getpid() or not BOT.search(command):
                continue
            if any(_is_writing(fd, wanted) for fd in (folder / "fd").iterdir()):
                yield Process(int(folder.name), command[:MAX_COMMAND])


def _is_writing(descriptor: Path, wanted: tuple[int, int]) -> bool:
    try:
        found = descriptor.stat()
        if (found.st_dev, found.st_ino) != wanted:
            return False
        info = (descriptor.parent.parent / "fdinfo" / descriptor.name).read_text()
    except OSError:
        return False
    flags = next((line.split()[1] for line in info.splitlines() if line.startswith("flags:")), "0")
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
