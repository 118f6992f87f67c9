"""Catalogues contain exactly the texts of the program."""

import re
from collections.abc import Iterable
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.messages.i18n import catalogue_path
from bot.text.cldr import EXTRACT
from tests.catalogue import cldr
from tests.catalogue.texts import LANGUAGES, Texts, extracted, updated

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[a-z%]")


@cache
def spoken() -> dict[Texts, str]:
    """Return every text marked for translation with its location."""
    found: dict[Texts, str] = {}
    for texts, file, line in extracted():
        found.setdefault(texts, f"{file}:{line}")
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
def test_the_catalogue_is_up_to_date(language: str) -> None:
    path = catalogue_path(language)
    assert updated(path, language) == path.read_bytes(), "run make messages"


def test_a_catalogue_is_brought_up_to_date(tmp_path: Path) -> None:
    """One text is new, one is gone, and one has changed slightly."""
    path = tmp_path / "messages.po"
    header, new, *others = catalogue_path("ru").read_text().split("\n\n")
    changed = max((entry for entry in others if "msgid_plural" not in entry), key=len)
    others[others.index(changed)] = changed.replace('msgid "', 'msgid "!')
    path.write_text("\n\n".join([header, 'msgid "gone for good"\nmsgstr "нет"', *others]))
    path.write_bytes(updated(path, "ru"))
    catalogue = read_po(BytesIO(path.read_bytes()), locale="ru")
    [untranslated], [slightly] = ([one for one in read_po(StringIO(entry)) if one.id] for entry in (new, changed))
    assert catalogue[untranslated.id].fuzzy or not catalogue[untranslated.id].string
    assert catalogue[slightly.id].fuzzy
    assert catalogue[slightly.id].string == slightly.string
    assert "gone for good" not in catalogue
    assert path.read_text().startswith(f"{header}\n\n")
    assert updated(path, "ru") == path.read_bytes()


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
            # The singular may spell out "one"; the plural form has all placeholders.
            wanted = sorted(pattern.findall(forms(entry.id)[-1]))
            for translated in forms(entry.string):
                assert sorted(pattern.findall(translated)) == wanted, f"{entry.id} → {translated}"


def test_the_facts_of_languages_zones_and_countries_are_those_of_the_unicode_cldr() -> None:
    assert EXTRACT.read_text("utf-8") == cldr.extract(), "run make messages"
