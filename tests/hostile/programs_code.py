"""What the program is made of, found by looking: its patterns, and its functions that take what people write."""

import ast
import functools
import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import bot
import handlers

NOW = datetime(2026, 11, 28, 15, tzinfo=UTC)
APPLIES = frozenset({"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
NAMES = {"SIP-1": "Zadarma", "SIP-2": "Mango Office"}
# What stands for an argument besides the text.
FILLED: Mapping[Any, Any] = {
    datetime: NOW, tzinfo: UTC, str: "", int: 256, bool: False, Callable: lambda *_: False, Mapping[str, str]: NAMES,
    Mapping: {}, dict: {}, Sequence: (), Collection: (), Iterable: (), list: [], tuple: (), Set: frozenset(),
}  # fmt: skip


@functools.cache
def modules() -> tuple[ModuleType, ...]:
    packages = (pkgutil.walk_packages(package.__path__, f"{package.__name__}.") for package in (bot, handlers))
    names = (one.name for found in packages for one in found)
    wanted = (name for name in names if not name.endswith(("__main__", ".cli")) and ".migrations" not in name)
    return (bot, handlers, *map(importlib.import_module, wanted))


def patterns() -> tuple[dict[str, re.Pattern[Any]], set[str]]:
    """Every pattern that is written in the program, by where; and where one is that is made only as it runs."""
    found: dict[str, re.Pattern[Any]] = {}
    made_later: set[str] = set()
    for module in modules():
        tree = ast.parse(Path(str(module.__file__)).read_text())
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and _applies_re(call.func)):
                continue
            place = f"{module.__name__}:{ast.unparse(call.args[0])[:60]}"
            try:
                given = [_value(argument, module) for argument in call.args[:1]]
                flags = [_value(argument, module) for argument in (*call.args[1:], *_flags(call)) if _is_flag(argument)]
            except NameError:
                made_later.add(place)
                continue
            found[place] = re.compile(given[0], functools.reduce(lambda one, other: one | other, flags, 0))
        for name, pattern in _in_values(module):
            found.setdefault(f"{module.__name__}:{name}", pattern)
    return found, made_later


def _applies_re(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in APPLIES
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
    )


def _flags(call: ast.Call) -> Iterator[ast.expr]:
    return (keyword.value for keyword in call.keywords if keyword.arg == "flags")


def _is_flag(argument: ast.expr) -> bool:
    return re.fullmatch(r"(re\.[A-Z]+( \| )?)+", ast.unparse(argument)) is not None


def _value(expression: ast.expr, module: ModuleType) -> Any:
    return eval(compile(ast.Expression(expression), module.__name__, "eval"), vars(module))  # noqa: S307 (our own code)


def _in_values(module: ModuleType) -> Iterator[tuple[str, re.Pattern[Any]]]:
    for name, value in vars(module).items():
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
        for one in inner:
            for part in one if isinstance(one, list | tuple) else [one]:
                if isinstance(part, re.Pattern):
                    yield name, part


def text_functions(left_out: Collection[str]) -> dict[str, Callable[[str], Any]]:
    """Every function of the program whose first argument is a text, or words, and whose others can be made up."""
    found: dict[str, Callable[[str], Any]] = {}
    for module in modules():
        for name, function in vars(module).items():
            place = f"{module.__name__}.{name}"
            plain = inspect.unwrap(function) if callable(function) else None
            if (
                ".demo." in place
                or not inspect.isfunction(plain)
                or plain.__module__ != module.__name__
                or place in left_out
            ):
                continue
            if not inspect.iscoroutinefunction(plain) and (ready := _ready(plain)):
                found[place] = ready
    return found


def _ready(function: Callable[..., Any]) -> Callable[[str], Any] | None:
    try:
        hints = typing.get_type_hints(function)
    except NameError:
        return None
    parameters = [*inspect.signature(function).parameters.values()]
    if not parameters:
        return None
    first, *others = parameters
    kind = hints.get(first.name)
    takes_words = typing.get_origin(kind) in (Sequence, list) and typing.get_args(kind) == (str,)
    if not (kind is str or takes_words):
        return None
    needed = [
        one for one in others if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    kinds = {one.name: _kind(hints.get(one.name)) for one in needed}
    if any(kind not in FILLED for kind in kinds.values()):
        return None
    return partial(_called, function, takes_words, {name: FILLED[kind] for name, kind in kinds.items()})


def _kind(hint: Any) -> Any:
    return hint if hint in FILLED else typing.get_origin(hint) or hint


def _called(function: Callable[..., Any], takes_words: bool, rest: Mapping[str, Any], text: str) -> Any:
    given = function(text.split() if takes_words else text, **rest)
    return list(given) if inspect.isgenerator(given) else given
