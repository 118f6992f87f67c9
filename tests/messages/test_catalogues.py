"""The catalogues say all that the program says, and nothing else."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import bot
from bot.messages.i18n import LOCALES, catalogue_path

ROOT = Path(bot.__path__[0]).parent
PACKAGES = [ROOT / "bot", ROOT / "handlers"]
KEYWORDS: dict[str, tuple[int, ...] | None] = {"mark": None, "_": None, "gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[a-z%]")
LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir())


@cache
def spoken() -> dict[str | tuple[str, ...], str]:
    """Every text marked for translation, and where."""
    found: dict[str | tuple[str, ...], str] = {}
    for package in PACKAGES:
        for name, line, texts, _, _ in extract_from_dir(
            str(package),
            method_map=[
                ("**/demo/**", "ignore"),
                ("**.py", "python"),
                ("**/templates/**.html", "jinja2.ext:babel_extract"),
            ],
            options_map={
                "**.html": {"trimmed": "true", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
            },
            keywords=KEYWORDS,
        ):
            found.setdefault(texts, f"{package.name}/{name}:{line}")
    return found


def catalogue(language: str) -> Catalog:
    with catalogue_path(language).open("rb") as file:
        return read_po(file, locale=language)


def entries(language: str) -> Iterable[Message]:
    return [entry for entry in catalogue(language) if entry.id]


def forms(texts: str | Iterable[str] | None) -> list[str]:
    return [texts or ""] if isinstance(texts, str | None) else list(texts)


def test_the_search_for_texts_finds_all_kinds() -> None:
    found = spoken()
    assert "🔁 possible repeat" in found
    assert ("… and %(count)d more line", "… and %(count)d more lines") in found
    assert any(".html:" in place for place in found.values())
    assert not any("/demo/" in place for place in found.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    known = {tuple(forms(entry.id)) for entry in entries(language)}
    missing = [f"{place}: {texts!r}" for texts, place in spoken().items() if tuple(forms(texts)) not in known]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_outlives_its_text(language: str) -> None:
    alive = {tuple(forms(texts)) for texts in spoken()}
    unused = [entry.id for entry in entries(language) if tuple(forms(entry.id)) not in alive]
    assert not unused
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_empty_or_a_guess(language: str) -> None:
    plurals = catalogue(language).num_plurals
    for entry in entries(language):
        translated = forms(entry.string)
        assert all(translated), f"empty: {entry.id}"
        assert not entry.fuzzy, f"fuzzy: {entry.id}"
        assert len(translated) == (1 if isinstance(entry.id, str) else plurals), f"plural forms: {entry.id}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_placeholders_and_the_markup(language: str) -> None:
    for entry in entries(language):
        for pattern in (PLACEHOLDER, re.compile(r"</?[a-z-]+"), re.compile(r"/[a-z_]{2,}")):
            # The singular may say "one" in words; the plural form has everything.
            wanted = sorted(pattern.findall(forms(entry.id)[-1]))
            for translated in forms(entry.string):
                assert sorted(pattern.findall(translated)) == wanted, f"{entry.id} → {translated}"
