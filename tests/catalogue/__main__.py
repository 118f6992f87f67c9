from babel.messages.pofile import read_po

from bot.text.cldr import EXTRACT
from tests.catalogue import cldr
from tests.catalogue.texts import write
from tests.fixtures.paths import ROOT


def main() -> None:
    print(f"{EXTRACT.relative_to(ROOT)}: {'written' if cldr.write() else 'unchanged'}")
    for path, changed in write():
        with path.open("rb") as file:
            missing = [entry for entry in read_po(file) if entry.id and (not all(_forms(entry.string)) or entry.fuzzy)]
        print(f"{path.relative_to(ROOT)}: {'written' if changed else 'unchanged'}, {len(missing)} to translate")


def _forms(texts: object) -> tuple[str, ...]:
    return tuple(texts) if isinstance(texts, list | tuple) else (str(texts),)


main()
