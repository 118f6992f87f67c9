"""A template is compiled once, and again only when its text or its compiler changes."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import Environment

from bot.messages import renderer
from bot.messages.renderer import Renderer

NOW = datetime(2026, 11, 23, 11, 2, tzinfo=UTC)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the texts that are compiled from now on."""
    texts = list[str]()
    compile_text = Environment._parse

    def parse(self: Environment, source: str, name: str | None, filename: str | None) -> object:
        texts.append(source)
        return compile_text(self, source, name, filename)

    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr(Environment, "_parse", parse)
    return texts


def shown(templates: Path) -> str:
    """Return the text that a program started now would send."""
    return Renderer("en", templates).text("greeting", {}, zone=UTC, now=NOW)


def test_the_next_start_compiles_no_template_that_has_not_changed(tmp_path: Path, compiled: list[str]) -> None:
    (tmp_path / "greeting.html").write_text("Hello")
    assert [shown(tmp_path) for _ in range(2)] == ["Hello", "Hello"]
    assert compiled == ["Hello"]
    (tmp_path / "greeting.html").write_text("Good day")
    assert shown(tmp_path) == "Good day"


def test_a_change_of_the_compiler_s_options_compiles_all_anew(
    tmp_path: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greeting.html").write_text("Hello")
    shown(tmp_path)
    changed = tmp_path / "renderer.py"
    shutil.copy(renderer.__file__, changed)
    with changed.open("a") as file:
        file.write("# other options\n")
    monkeypatch.setattr(renderer, "__file__", str(changed))
    shown(tmp_path)
    assert compiled == ["Hello", "Hello"]


def test_a_folder_that_the_bot_may_not_write_costs_time_only(tmp_path: Path, compiled: list[str]) -> None:
    (tmp_path / "greeting.html").write_text("Hello")
    # Nothing can be created in a file, even by root.
    (tmp_path / "__pycache__").touch()
    assert [shown(tmp_path) for _ in range(2)] == ["Hello", "Hello"]
    assert compiled == ["Hello", "Hello"]


def test_installation_compiles_every_template(tmp_path: Path, compiled: list[str]) -> None:
    (tmp_path / "greeting.html").write_text("Hello")
    (tmp_path / "topic").mkdir()
    (tmp_path / "topic" / "farewell.html").write_text("Goodbye")
    Renderer("en", tmp_path).compile_all()
    assert sorted(compiled) == ["Goodbye", "Hello"]
    shown(tmp_path)
    assert len(compiled) == 2
