"""Languages of the bot. English is in the templates; other languages are catalogues."""

import gettext
import hashlib
import os
import sys
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"
SOURCE_LANGUAGE = "en"


def catalogue_path(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def languages() -> tuple[str, ...]:
    """Return the source language, and those that have a catalogue."""
    return SOURCE_LANGUAGE, *sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/messages.po"))


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Load a catalogue, compiled anew if it has changed; cached, since it is slow."""
    if language == SOURCE_LANGUAGE:
        return gettext.NullTranslations()
    return gettext.GNUTranslations(BytesIO(compiled(catalogue_path(language), language)))


def compiled(catalogue: Path, language: str) -> bytes:
    """Return the content of the .mo file, kept in `__pycache__` beside the catalogue as Python keeps its own bytecode.

    It begins with the digest of the text that it was compiled from. Nothing is kept where the process may not write,
    and with PYTHONDONTWRITEBYTECODE.
    """
    text = catalogue.read_bytes()
    digest = hashlib.sha256(text).digest()
    kept = catalogue.parent / "__pycache__" / f"{catalogue.stem}.mo"
    with suppress(OSError):
        content = kept.read_bytes()
        if content.startswith(digest):
            return content[len(digest) :]
    mo = _compile(text, language)
    if not sys.dont_write_bytecode:
        with suppress(OSError):
            _write(kept, digest + mo)
    return mo


def _compile(text: bytes, language: str) -> bytes:
    # Imported late: a catalogue that was compiled before does not need it.
    import polib

    content: bytes = polib.pofile(text.decode("utf-8")).to_binary()
    return content


def _write(path: Path, content: bytes) -> None:
    """Replace the file at once: another process may be reading it."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
