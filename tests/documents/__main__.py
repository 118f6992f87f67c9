"""Write what the program itself knows into the documents, and the schema of a new database (make docs)."""

from pathlib import Path

from bot.store.sqlite import NEWEST_SCHEMA
from tests.documents.blocks import DOCUMENTS, written
from tests.documents.schema import migrated
from tests.fixtures.paths import ROOT


def main() -> None:
    for document in DOCUMENTS:
        file = ROOT / document
        write(file, written(file.read_text(encoding="utf-8")))
    write(NEWEST_SCHEMA, migrated())


def write(file: Path, text: str) -> None:
    unchanged = file.exists() and file.read_text(encoding="utf-8") == text
    if not unchanged:
        file.write_text(text, encoding="utf-8")
    print(f"{file.relative_to(ROOT)}: {'unchanged' if unchanged else 'written'}")


main()
