from tests.documents.tables import written
from tests.fixtures.paths import ROOT

README = ROOT / "README.md"


def main() -> None:
    before = README.read_text()
    after = written(before)
    if after != before:
        README.write_text(after)
    print(f"{README.name}: {'unchanged' if after == before else 'written'}")


main()
