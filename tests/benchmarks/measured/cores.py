"""Processor time of a process in seconds, as the kernel counts it. Linux only."""

import os
from pathlib import Path


def seconds(pid: int) -> float:
    """Return user and system time since the process began."""
    # After the name, which may contain anything, the fields begin with the third.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
