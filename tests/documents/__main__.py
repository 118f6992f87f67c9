"""What the program itself knows: the README's tables, and the schema of a new database. `python -m tests.documents`
writes both (make docs)."""

from pathlib import Path

from bot.store.sqlite import NEWEST_SCHEMA
from tests.documents.schema import migrated
from tests.documents.tables import written
from tests.fixtures.paths import ROOT


def main() -> None:
    readme = ROOT / "README.md"
    write(readme, written(readme.read_text()))
    write(NEWEST_SCHEMA, migrated())


def write(file: Path, text: str) -> None:
    unchanged = file.exists() and file.read_text() == text
    if not unchanged:
        file.write_text(text)
    print(f"{file.name}: {'unchanged' if unchanged else 'written'}")


main()
