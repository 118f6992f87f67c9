"""A catalogue is compiled once, and again only when its text changes."""

import gettext
from io import BytesIO
from pathlib import Path

import pytest

from bot.messages import i18n

TEXT = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Hello"\nmsgstr "{}"\n'


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    path = tmp_path / "messages.po"
    path.write_text(TEXT.format("Привет"), encoding="utf-8")
    return path


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the texts that are compiled from now on."""
    texts = list[bytes]()
    compile_text = i18n._compile

    def record(text: bytes, language: str) -> bytes:
        texts.append(text)
        return compile_text(text, language)

    monkeypatch.setattr(i18n, "_compile", record)
    return texts


def hello(catalogue: Path) -> str:
    """Return a text as a program started now would show it."""
    return gettext.GNUTranslations(BytesIO(i18n.compiled(catalogue, "ru"))).gettext("Hello")


def test_the_next_start_compiles_no_catalogue_that_has_not_changed(catalogue: Path, compilations: list[bytes]) -> None:
    assert [hello(catalogue) for _ in range(2)] == ["Привет", "Привет"]
    assert len(compilations) == 1
    catalogue.write_text(TEXT.format("Здравствуйте"), encoding="utf-8")
    assert [hello(catalogue) for _ in range(2)] == ["Здравствуйте", "Здравствуйте"]
    assert len(compilations) == 2


def test_a_kept_catalogue_that_was_cut_short_is_compiled_anew(catalogue: Path, compilations: list[bytes]) -> None:
    hello(catalogue)
    (kept,) = (catalogue.parent / "__pycache__").iterdir()
    kept.write_bytes(kept.read_bytes()[:7])
    assert hello(catalogue) == "Привет"
    assert len(compilations) == 2


def test_without_a_place_to_keep_it_a_catalogue_is_compiled_at_every_start(
    catalogue: Path, compilations: list[bytes]
) -> None:
    (catalogue.parent / "__pycache__").write_text("not a folder")
    assert [hello(catalogue) for _ in range(2)] == ["Привет", "Привет"]
    assert len(compilations) == 2


def test_nothing_is_kept_where_python_keeps_no_bytecode(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert hello(catalogue) == "Привет"
    assert list(catalogue.parent.iterdir()) == [catalogue]
