"""No branch of a template glues a sentence to what follows it: a line break right after a tag is not shown.

Read as a program: every way through the conditions of a template is followed, with what stands at its edges.
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

# What a value from outside may begin and end with.
VALUE = "x"
ENDS_SENTENCE = re.compile(r"[.:;!?…]$")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]")
MARKUP = re.compile(r"</?[a-z]+[^>]*>")


@dataclass(frozen=True)
class Way:
    """What a part may begin with, and the last that it may end with; both empty when it may show nothing."""

    first: str
    last: str


NOTHING = Way("", "")


class Ways:
    """Follows a template. `glued` are the edges at which a sentence ends and a letter follows at once."""

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
        # A colon by itself stands between two parts of one thing, like chat:topic.
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
        """What is shown where it is called."""
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
    """They are found by name in whatever folder they lie: of two that are called the same one would never be shown."""
    places: dict[str, list[Path]] = {}
    for path in TEMPLATES.rglob("*.html"):
        places.setdefault(path.name, []).append(path.relative_to(TEMPLATES))
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}
