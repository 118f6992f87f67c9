"""Texts marked for translation, extracted from the program and its templates, and the catalogues made of them.

A reference names the file without the line, so that moving code does not change a catalogue.
"""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bot.messages.i18n import LOCALES, catalogue_path
from bot.messages.message import mark
from tests.fixtures.paths import ROOT

PACKAGES = ("bot", "handlers")
KEYWORDS: dict[str, tuple[int, ...] | None] = {mark.__name__: None, "_": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [("**/demo/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**.html": {"trimmed": "true", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}}
LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir())
Texts = str | tuple[str, ...]


@cache
def extracted() -> tuple[tuple[Texts, str, int], ...]:
    """Every marked text with its file, relative to the project, and its line; a text once for each place."""
    return tuple(_extracted())


def _extracted() -> Iterator[tuple[Texts, str, int]]:
    for package in PACKAGES:
        for name, line, texts, _, _ in extract_from_dir(
            str(ROOT / package), method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS
        ):
            yield texts, f"{package}/{name}", line


def updated(path: Path, language: str) -> bytes:
    """The catalogue with the texts of the program in the order of their files.

    Translations are kept, and those of a text that has only changed are marked fuzzy; a new text has none; a text that
    is gone is left out. The header stays as it is."""
    before = path.read_bytes()
    catalogue = read_po(BytesIO(before), locale=language)
    template = Catalog()
    for texts, file, _ in extracted():
        template.add(texts, locations=[(file, None)])  # type: ignore[list-item]
    catalogue.update(template)
    after = BytesIO()
    write_po(after, catalogue, width=0, omit_header=True, ignore_obsolete=True, include_lineno=False)
    header = before.split(b"\n\n", 1)[0]
    return header + b"\n\n" + after.getvalue()


def write() -> Iterator[tuple[Path, bool]]:
    """Update every catalogue; each with whether it has changed."""
    for language in LANGUAGES:
        path = catalogue_path(language)
        after = updated(path, language)
        changed = after != path.read_bytes()
        if changed:
            path.write_bytes(after)
        yield path, changed
