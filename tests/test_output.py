"""The program where what it prints cannot be shown, written or read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.paths import ROOT

BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
ASCII = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def started(
    folder: Path, *command: str, out: int = subprocess.PIPE, environment: dict[str, str] = BARE
) -> tuple[int, str]:
    """Return the exit code, and what it said."""
    words = [sys.executable, "-m", "bot", *command]
    ended = subprocess.run(
        words, cwd=folder, env=environment, stdout=out, stderr=subprocess.PIPE, text=True, check=False
    )
    return ended.returncode, (ended.stdout or "") + ended.stderr


def test_a_terminal_without_its_signs_is_no_reason_to_fail(tmp_path: Path) -> None:
    code, said = started(tmp_path, "check", environment=BARE | ASCII)
    assert (code, "? TELEGRAM_TOKEN: is missing" in said) == (2, True), said


def test_who_reads_no_more_ends_it_in_silence(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        assert started(tmp_path, "--version", out=write) == (1, "")
    finally:
        os.close(write)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no such device")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        code, said = started(tmp_path, "check", out=full.fileno())
    assert (code, said) == (1, "What it says cannot be written: No space left on device\n")
