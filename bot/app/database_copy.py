"""`mikopbx-bot database copy`."""

from bot.config.addresses import check_database
from bot.store import sqlite
from bot.store.copying import CopiedTable, CopyRefused, copy
from bot.store.database import Database


async def copy_with_report(source: str, target: str) -> None:
    """Copy a database, and print the tables. Raises CopyRefused, DatabaseError, and ValueError for an address that is
    none."""
    for address in (source, target):
        check_database(address)
    file, target_file = sqlite.file_of(source), sqlite.file_of(target)
    if source == target or (file is not None and target_file is not None and file.resolve() == target_file.resolve()):
        raise CopyRefused("both addresses are the same")
    if file is not None and not file.is_file():
        raise CopyRefused(f"there is no file {file}")
    databases = Database(source), Database(target)
    try:
        copied = await copy(*databases)
    finally:
        for database in databases:
            await database.close()
    print(report(copied))


def report(copied: list[CopiedTable]) -> str:
    lines = [f"{table.name:<20} {table.rows:>9,}  {table.checksum[:16]}" for table in copied]
    rows = sum(table.rows for table in copied)
    return "\n".join(
        (*lines, f"Copied {rows:,} rows of {len(copied)} tables; counts and checksums are the same in both databases.")
    )
