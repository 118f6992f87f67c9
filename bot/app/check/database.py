"""Check of the database: its place, mode and space, its engine and schema, and who else uses it."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.app.check.findings import Finding, fault, ok, warning
from bot.app.check.open_files import Process, writers
from bot.incidents.model import Kind
from bot.runtime import file_modes
from bot.store import database_facts, sqlite
from bot.store.database import Database, DatabaseError
from bot.store.database_errors import database_message, database_remedy
from bot.store.schema import NEWEST_REVISION

MEGABYTE = 1024 * 1024
# A day of a large fleet, and a copy of the file for a migration.
FREE_AT_LEAST = 100 * MEGABYTE
FREE_WANTED = 1024 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Place:
    """File of SQLite. `exists` is False before the first start; `is_writable` is of the folder too, in which SQLite
    keeps a journal; `free` in bytes. `loose` is the command that closes a file to others, "" for a private one."""

    path: Path
    exists: bool
    is_writable: bool
    free: int
    loose: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """State of the database. With `error` only `remedy` is set; `revision` is None for an empty one; `bots` counts
    the bots that use it, this process included if it is one."""

    revision: str | None = None
    error: str = ""
    remedy: str = ""
    second_copy: bool = False
    bots: int = 0
    processes: tuple[Process, ...] = ()


def place_of(file: Path) -> Place:
    path = file.absolute()
    exists = path.exists()
    writable = all(os.access(one, os.W_OK) for one in (path.parent, *((path,) if exists else ())))
    loose = file_modes.remedy(path) if exists and file_modes.is_loose(path) else ""
    return Place(path, exists, writable, shutil.disk_usage(path.parent).free, loose)


async def look_into(database: Database, file: Path | None, *, is_bot: bool) -> Contents:
    """Look into a database opened for reading; `is_bot` for a look by the bot itself."""
    try:
        read = await database.run(database_facts.read)
    except DatabaseError as error:
        text, _, remedy = (database_remedy(error) or database_message(error)).partition("; ")
        return Contents(error=text, remedy=remedy)
    processes = writers(file) if file is not None else ()
    bots = read.machines if file is None else len(processes) + is_bot
    second = Kind.SECOND_COPY in read.open_kinds
    return Contents(read.revision, second_copy=second, bots=bots, processes=processes)


def place_findings(place: Place) -> Iterable[Finding]:
    """Return the findings of the file."""
    if not place.is_writable:
        text = f"the database {place.path} cannot be written by this account"
        yield fault("database.place", text, f"give it the file and its folder: chown -R USER {place.path.parent}")
    elif not place.exists:
        yield ok("database.place", f"the database {place.path} will be created at the first start")
    else:
        yield ok("database.place", f"the database is {place.path}")
    if place.loose:
        yield warning(
            "database.mode", f"others can read {place.path}, which holds names and numbers", f"run {place.loose}"
        )
    megabytes = place.free // MEGABYTE
    if place.free < FREE_AT_LEAST:
        text = f"only {megabytes} MB are free for the database in {place.path.parent}"
        yield fault("database.space", text, "make room there, or move it: DATABASE_URL", megabytes=megabytes)
    elif place.free < FREE_WANTED:
        text = f"{megabytes} MB are free for the database in {place.path.parent}"
        yield warning("database.space", text, "make room there, or move it: DATABASE_URL", megabytes=megabytes)
    else:
        yield ok("database.space", f"{place.free // FREE_WANTED} GB are free for it")


def content_findings(contents: Contents, engine: str) -> Iterable[Finding]:
    """Return the findings of a look into the database."""
    if contents.error:
        remedy = contents.remedy or "check DATABASE_URL, and that the server runs and admits the bot"
        yield fault("database.schema", f"the database cannot be read: {contents.error[:200]}", remedy)
        return
    yield _schema(contents.revision, engine)
    if contents.bots > 1:
        who = f": processes {', '.join(map(str, contents.processes))}" if contents.processes else ""
        text = f"another bot uses this database{who}"
        remedy = "stop one of them, or give each a database of its own"
        yield fault("database.processes", text, remedy, bots=contents.bots)
    if contents.second_copy:
        text = "another copy of the bot polls with the same TELEGRAM_TOKEN"
        yield fault("telegram.second_copy", text, "stop one of them, or give each a token of its own")


def _schema(revision: str | None, engine: str) -> Finding:
    if revision is None:
        return ok("database.schema", f"the database is empty ({engine}): its tables are created at the first start")
    if revision == NEWEST_REVISION:
        return ok("database.schema", f"the database has this version's tables ({engine}, {revision})")
    if revision.isdigit() and revision < NEWEST_REVISION:
        text = f"the database is of an older version ({revision}); the next start makes it {NEWEST_REVISION}"
        return warning("database.schema", text, "keep a copy of it until that start is over")
    text = f"the database is of a newer version ({revision[:32]}) than this program ({NEWEST_REVISION})"
    return fault("database.schema", text, "install the newer version, or put the backup from before in its place")


def engine_of(address: str) -> str:
    """Return the engine, and the host and name of a server's database: no user, no password."""
    if sqlite.file_of(address) is not None:
        return "SQLite"
    parts = urlsplit(address)
    return f"PostgreSQL at {parts.hostname or 'this machine'}{parts.path}"
