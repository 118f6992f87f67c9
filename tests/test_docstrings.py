"""Names in docstrings and comments, which renames leave behind."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from tests.fixtures.paths import ROOT

MODULES = sorted(path for package in ("bot", "handlers") for path in (ROOT / package).rglob("*.py"))
SETTINGS = {name.upper() for model in (Settings, StationSettings) for name in model.model_fields}
CONSTANT = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")


def texts_and_names(code: str) -> tuple[Iterator[str], set[str]]:
    """Return the docstrings and comments of a module, and every word of the rest, strings included."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        node.body[0].lineno
        for node in ast.walk(ast.parse(code))
        if isinstance(node, documented) and ast.get_docstring(node) is not None
    }
    texts, names = list[str](), set[str]()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        is_text = token.type == tokenize.COMMENT or (
            token.type == tokenize.STRING and token.start[0] in docstrings and token.line.strip()[:1] in "\"r'"
        )
        if is_text:
            texts.append(token.string)
        else:
            names |= set(re.findall(r"\w+", token.string))
    return iter(texts), names


def left_behind(code: str) -> set[str]:
    """Return the constants that a module's docstrings and comments name, and its code does not."""
    texts, names = texts_and_names(code)
    return {name for text in texts for name in CONSTANT.findall(text)} - names - SETTINGS


def test_constants_that_are_named_exist() -> None:
    found = {path.relative_to(ROOT).as_posix(): left_behind(path.read_text()) for path in MODULES}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_constant_that_was_renamed_is_found() -> None:
    code = 'MAX_ROWS = 1\n\n\ndef read() -> int:\n    """Read MOST_ROWS, at most ALERT_AFTER."""\n    return MAX_ROWS\n'
    assert left_behind(code) == {"MOST_ROWS"}
