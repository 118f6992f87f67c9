"""No branch of a template joins a sentence to the following text: a line break right after a tag is not rendered.

Static analysis: follows every path through the conditions of a template, with the text at its edges.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment, nodes

from bot.messages.renderer import TEMPLATES
from tests.messages.renderers import renderer

if TYPE_CHECKING:
    from pathlib import Path

# First and last character of an external value.
VALUE = "x"
ENDS_SENTENCE = re.compile(r"[.:;!?…]$")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]")
MARKUP = re.compile(r"</?[a-z]+[^>]*>")


@dataclass(frozen=True)
class Way:
    """Possible first and last character of a part; both empty if it may render no text."""

    first: str
    last: str


NOTHING = Way("", "")


class Ways:
    """Walk a template. `glued` collects the edges at which a sentence ends and a letter follows directly."""

    def __init__(self, environment: Environment, language: str) -> None:
        self._environment = environment
        self._translations = renderer(language)._translations
        self._macros: dict[str, set[Way]] = {}
        self._blocks: dict[str, set[Way]] = {}
        self.glued: set[tuple[int, str]] = set()

    def of(self, body: Iterable[nodes.Node]) -> set[Way]:
        ways = {NOTHING}
        for node in body:
            ways = {self._joined(before, after, node.lineno) for before in ways for after in self._one(node)}
        return ways

    def _joined(self, before: Way, after: Way, line: int) -> Way:
        # A lone colon separates two parts of one item, as in chat:topic.
        if before.last != ":" and ENDS_SENTENCE.search(before.last) and after.first[:1].isalnum():
            self.glued.add((line, f"{before.last}{after.first}"))
        return Way(before.first or after.first, after.last or before.last)

    def _one(self, node: nodes.Node) -> set[Way]:
        match node:
            case nodes.Output():
                return self.of(node.nodes)
            case nodes.TemplateData():
                return {_way(node.data)}
            case nodes.If():
                branches = [node.body, *(other.body for other in node.elif_), node.else_]
                return {way for branch in branches for way in self.of(branch)}
            case nodes.For():
                once = self.of(node.body)
                twice = {self._joined(one, other, node.lineno) for one in once for other in once}
                return {*once, *twice, *self.of(node.else_)}
            case nodes.Macro() | nodes.Block() | nodes.Extends():
                self._define(node)
                return {NOTHING}
            case nodes.CallBlock() | nodes.With() | nodes.Scope() | nodes.FilterBlock():
                return self.of(node.body)
            case nodes.Include():
                return {Way(VALUE, VALUE)}
            case nodes.Expr():
                return self._value(node)
        return {NOTHING}

    def _define(self, node: nodes.Macro | nodes.Block | nodes.Extends) -> None:
        """Record the output of a macro or block for its callers."""
        match node:
            case nodes.Macro():
                self._macros[node.name] = self.of(node.body)
            case nodes.Block():
                self._blocks[node.name] = self.of(node.body)
            case nodes.Extends(template=nodes.Const(value=str(parent))):
                assert self._environment.loader is not None
                source, _, _ = self._environment.loader.get_source(self._environment, parent)
                self.of(self._environment.parse(source).body)

    def _value(self, node: nodes.Expr) -> set[Way]:
        match node:
            case nodes.Const():
                return {_way(str(node.value))}
            case nodes.MarkSafeIfAutoescape() | nodes.MarkSafe():
                return self._value(node.expr)
            case nodes.Call(node=nodes.Name(name="gettext"), args=[nodes.Const(value=str(text))]):
                return {_way(self._translations.gettext(text))}
            case nodes.Call(
                node=nodes.Name(name="ngettext"), args=[nodes.Const(value=one), nodes.Const(value=many), *_]
            ):
                return {_way(self._translations.ngettext(one, many, count)) for count in (1, 2, 5)}
            case nodes.Call(node=nodes.Name(name=name)) if name in self._macros:
                return self._macros[name]
            case nodes.Call(node=nodes.Getattr(node=nodes.Name(name="self"), attr=name)):
                return self._blocks.get(name, {NOTHING})
            case nodes.CondExpr():
                other = self._value(node.expr2) if node.expr2 else {NOTHING}
                return self._value(node.expr1) | other
            case nodes.Mod():
                return self._value(node.left)
        return {Way(VALUE, VALUE)}


def _way(text: str) -> Way:
    shown = MARKUP.sub("", PLACEHOLDER.sub(VALUE, text))
    return Way(shown[:12], shown[-12:])


def glued(source: str, language: str) -> set[tuple[int, str]]:
    environment = renderer(language)._environment
    ways = Ways(environment, language)
    ways.of(environment.parse(source).body)
    return ways.glued


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_sentence_is_glued_to_what_follows_it(language: str) -> None:
    paths = sorted(TEMPLATES.rglob("*.html"))
    assert paths
    found = [
        f"{path.name}:{line}: {edge!r}" for path in paths for line, edge in sorted(glued(path.read_text(), language))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "{% if a %}{% trans %}Write it.{% endtrans %}\n{% endif %}\n{{ b }}: c",
        "{% trans %}Write it.{% endtrans %}\n{% if a %}\n{% trans %}Nothing{% endtrans %}\n{% endif %}",
        "{% for one in a %}{{ one }}.{% endfor %}",
        "{% block c %}{% if a %}{% trans %}Write it.{% endtrans %}\n{% endif %}{{ b }}{% endblock %}",
        "{% macro c() %}{% trans %}Write it.{% endtrans %}\n{% endmacro %}{{ c() }}{{ b }}",
    ],
)
def test_a_line_break_that_is_eaten_is_seen(source: str) -> None:
    assert glued(source, "en")


def test_no_template_has_the_name_of_another() -> None:
    """Templates are found by name in any folder: of two with the same name one would never be rendered."""
    places: dict[str, list[Path]] = {}
    for path in TEMPLATES.rglob("*.html"):
        places.setdefault(path.name, []).append(path.relative_to(TEMPLATES))
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}
