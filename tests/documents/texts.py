"""Texts for people, read from the templates and the code that declare them; a value that is filled in is ‹named›."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, nodes

from bot.messages.renderer import TEMPLATES
from tests.fixtures.paths import ROOT

GETTEXT = ("gettext", "ngettext")


def _environment() -> Environment:
    """Parse templates as the program does; nothing is rendered."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, extensions=["jinja2.ext.i18n"])
    environment.policies["ext.i18n.trimmed"] = True
    return environment


ENVIRONMENT = _environment()


def parsed(template: Path) -> nodes.Template:
    return ENVIRONMENT.parse(template.read_text(encoding="utf-8"))


def texts(node: nodes.Node) -> list[str]:
    """Return the translated texts below a node, in their order."""
    calls = [call for call in node.find_all(nodes.Call) if isinstance(call.node, nodes.Name)]
    found = [call.args[0] for call in calls if isinstance(call.node, nodes.Name) and call.node.name in GETTEXT]
    return [readable(str(text.value)) for text in found if isinstance(text, nodes.Const)]


def block(template: Path, name: str) -> list[str]:
    return [text for one in parsed(template).find_all(nodes.Block) if one.name == name for text in texts(one)]


def branches(template: Path, macro: str) -> dict[str, list[str]]:
    """Return the texts for each value that a macro compares with, and under "" those for all others."""
    found: dict[str, list[str]] = {}
    (defined,) = (one for one in parsed(template).find_all(nodes.Macro) if one.name == macro)
    for outer in defined.iter_child_nodes():
        if isinstance(outer, nodes.If):
            for branch in [outer, *outer.elif_]:
                values = [str(const.value) for const in branch.test.find_all(nodes.Const)]
                said = texts(nodes.Template(branch.body))
                found |= {value: [*found.get(value, ()), *said] for value in values}
            found[""] = texts(nodes.Template(outer.else_))
    return found


def readable(text: str) -> str:
    """Return a text as it is read: without tags, its placeholders in ‹marks›."""
    bare = re.sub(r"</?(?:b|i|code)>", "", text)
    return re.sub(r"%\((\w+)\)s", lambda found: f"‹{found[1].replace('_', ' ')}›", bare)


def raised(file: Path, errors: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each literal text that the code of a file raises as one of these errors, and the name of the function.
    Constants of the file are filled in, other values are shown as ‹…›."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    constants = {
        target.id: str(node.value.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    # An inner function is walked with the outer one, too: the name is that of the inner.
    within = {node: function.name for function in _functions(tree) for node in ast.walk(function)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in errors and call.args:
            written = (_written(node, constants) for node in ast.walk(call.args[0]))
            if text := next((text for text in written if " " in text), ""):
                yield readable(text), within.get(call, "")


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _written(node: ast.AST, constants: Mapping[str, str]) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr():
            return "".join(_written(part, constants) for part in node.values)
        case ast.FormattedValue(value=ast.Name(id=name)):
            return constants.get(name, "‹…›")
        case ast.FormattedValue():
            return "‹…›"
    return ""


def python_files(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))
