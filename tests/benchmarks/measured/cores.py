"""How much of the processor a process has had, as the kernel counts it. Linux only. In seconds."""

import os
from pathlib import Path


def seconds(pid: int) -> float:
    """In the program and in the kernel for it, since it began."""
    # Behind the name, which may hold anything, the fields begin with the third.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
