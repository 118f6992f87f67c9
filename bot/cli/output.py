"""What a command prints, where it cannot be shown or written."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.cli.refusals import EXIT_REFUSED, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of a write: nobody reads any more, and the disk of a file is full.
UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EIO)


@dataclass
class Output:
    code: int = EXIT_REFUSED


@contextlib.contextmanager
def writable_output() -> Iterator[Output]:
    """Show ? for what the terminal has no sign for, and end the command when its output cannot be written: in silence
    where nobody reads any more, as `| head` does. Set `code` to that of the command."""
    for stream in (sys.stdout, sys.stderr):
        # None if it is closed; tests put other streams there.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    output = Output()
    try:
        yield output
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # An error of a file names it.
        if error.errno not in UNWRITABLE or error.filename is not None:
            raise
        output.code = EXIT_REFUSED
        _give_up_standard_output()
        if error.errno != errno.EPIPE:
            refused([f"What it says cannot be written: {error.strerror}"], EXIT_REFUSED)


def _give_up_standard_output() -> None:
    """Lead what is left in its buffer to nowhere: Python writes it at the end, and fails again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
