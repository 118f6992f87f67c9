"""Restrict files with secrets to the bot's own account."""

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
# Files that SQLite creates beside a database.
COMPANION_SUFFIXES = ("-wal", "-shm", "-journal")


def restrict_umask() -> None:
    """Set the umask so that new files are private, and disable core dumps."""
    os.umask(OTHERS)
    _, hard_limit = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard_limit))


def make_private(database: str) -> None:
    """Create the database file, as SQLite gives its companion files the same mode, and remove access for others. A
    failed creation is left for SQLite to report."""
    path = Path(database)
    if database == ":memory:":
        return
    with suppress(OSError):
        path.touch(PRIVATE)
    for file in (path, *(Path(database + ending) for ending in COMPANION_SUFFIXES)):
        _remove_access(file)


def _remove_access(path: Path) -> None:
    try:
        mode = _mode(path)
    except OSError:
        return
    # What is named by mistake is often used by all programs, like /tmp or /dev/full.
    if not mode & OTHERS or not path.is_file():
        return
    try:
        path.chmod(mode & ~OTHERS)
        log.warning("file was readable by others, access removed", file=str(path), mode=f"{mode:04o}")
    except OSError:
        log.warning("file is readable by others, access not removed", file=str(path), remedy=remedy(path))


def warn_of_loose_modes(paths: Iterable[Path]) -> None:
    """Log each file that is accessible to others. Their modes belong to the administrator and are not changed."""
    for path in paths:
        if path.exists() and is_loose(path):
            log.warning(
                "file with secrets is accessible to others",
                file=str(path),
                mode=f"{_mode(path):04o}",
                remedy=remedy(path),
            )


def is_loose(path: Path) -> bool:
    """Return True if others can read it. A file of another account, such as root, may be readable by our group: the bot
    could not read it otherwise."""
    allowed = 0 if _is_own(path) else stat.S_IRGRP
    return bool(_mode(path) & OTHERS & ~allowed)


def remedy(path: Path) -> str:
    return f"chmod {'600' if _is_own(path) else '640'} {shlex.quote(str(path))}"


def _is_own(path: Path) -> bool:
    return path.stat().st_uid == os.geteuid()


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
