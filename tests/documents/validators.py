"""Which settings a function of the configuration validates, read from the code."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from tests.fixtures.paths import ROOT

CONFIG = ROOT / "bot" / "config"
# What more of them use is about no particular one.
MOST = 5


@cache
def validated_by() -> Mapping[str, str]:
    """Return the settings of each function, by its name, as they stand before what it complains of."""
    found: dict[str, set[str]] = {}
    for function, setting in (*_called_by_validators(), *_in_types()):
        found.setdefault(function, set()).add(setting.upper())
    _follow_calls(found)
    return {function: ", ".join(sorted(settings)) for function, settings in found.items() if 0 < len(settings) <= MOST}


def _follow_calls(found: dict[str, set[str]]) -> None:
    """Give a function that another one calls the settings of that one."""
    functions = [
        function
        for folder in ("config", "http")
        for file in sorted((CONFIG.parent / folder).glob("*.py"))
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
    ]
    named = {function.name for function in functions}
    callers = [(function.name, _called(function) & named) for function in functions]
    before = -1
    while before != (before := sum(map(len, found.values()))):
        for caller, called in callers:
            for name in called:
                found.setdefault(name, set()).update(found.get(caller, ()))


def _tree(name: str) -> ast.Module:
    return ast.parse((CONFIG / name).read_text(encoding="utf-8"))


def _called_by_validators() -> Iterator[tuple[str, str]]:
    """`@field_validator("telegram_proxy")`: the function itself, and those that it calls."""
    functions = (node for node in ast.walk(_tree("settings.py")) if isinstance(node, ast.FunctionDef))
    for function in functions:
        for decorator in function.decorator_list:
            match decorator:
                case ast.Call(func=ast.Name(id="field_validator"), args=named):
                    settings = [one.value for one in named if isinstance(one, ast.Constant)]
                    called = _called(function) | {function.name}
                    yield from ((name, str(setting)) for name in called for setting in settings)


def _in_types() -> Iterator[tuple[str, str]]:
    """`Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]`, and `pbx_timezone: Zone | None`."""
    types = {
        node.targets[0].id: _names(node.value)
        for node in _tree("station_settings.py").body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for field in ast.walk(_tree("settings.py")):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            for name in _names(field.annotation):
                yield from ((function, field.target.id) for function in types.get(name, ()))


def _called(function: ast.FunctionDef) -> set[str]:
    return {name for call in ast.walk(function) if isinstance(call, ast.Call) for name in _names(call.func)}


def _names(node: ast.AST) -> set[str]:
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    found |= {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return found | ({node.name} if isinstance(node, ast.FunctionDef) else set())
