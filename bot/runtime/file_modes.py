"""Files that hold secrets are for the bot's own account alone."""

import os
import resource
import shlex
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

PRIVATE = 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO
# What SQLite lays beside a database.
BESIDE = ("-wal", "-shm", "-journal")


def keep_to_ourselves() -> None:
    """Whatever this process writes, others cannot read; and no image of its memory is left, should it be killed."""
    os.umask(OTHERS)
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def make_private(database: str) -> None:
    """Create the database file, for SQLite gives what it lays beside it the same mode; close what is open to others.
    Where it cannot be created, SQLite says so."""
    path = Path(database)
    if database == ":memory:":
        return
    with suppress(OSError):
        path.touch(PRIVATE)
    for one in (path, *(Path(database + ending) for ending in BESIDE)):
        _close(one)


def _close(path: Path) -> None:
    try:
        mode = _mode(path)
    except OSError:
        return
    if not mode & OTHERS:
        return
    try:
        path.chmod(mode & ~OTHERS)
        log.warning("others could read this file; now they cannot", file=str(path), mode=f"{mode:04o}")
    except OSError:
        log.warning("others can read this file, and it is not mine to close", file=str(path), remedy=_remedy(path))


def complain(paths: Iterable[Path]) -> None:
    """Of each file that is open to others: they are the administrator's, so that only the log says so."""
    for path in paths:
        if path.exists() and _is_loose(path):
            log.warning(
                "others can read or change a file with secrets",
                file=str(path),
                mode=f"{_mode(path):04o}",
                remedy=_remedy(path),
            )


def _is_loose(path: Path) -> bool:
    """What belongs to another account, as root, may be open to be read by our group: we could not read it otherwise."""
    allowed = 0 if _is_ours(path) else stat.S_IRGRP
    return bool(_mode(path) & OTHERS & ~allowed)


def _remedy(path: Path) -> str:
    return f"chmod {'600' if _is_ours(path) else '640'} {shlex.quote(str(path))}"


def _is_ours(path: Path) -> bool:
    return path.stat().st_uid == os.geteuid()


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
