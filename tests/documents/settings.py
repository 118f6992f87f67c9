"""Settings as a table of Markdown: what each is for stands in .env.example alone."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from bot.config.settings import Settings
from tests.documents.markdown import prose, table
from tests.fixtures.paths import ROOT

EXAMPLE = ROOT / ".env.example"
HEADING = re.compile(r"# --- (.+?) -+")
VARIABLE = re.compile(r"#?([A-Z]\w+)=")
ROLE = "ROLE_…"


class Setting(NamedTuple):
    topic: str
    name: str
    text: str


def settings() -> str:
    sections = []
    for topic, found in groupby(declared(EXAMPLE.read_text(encoding="utf-8")), key=lambda one: one.topic):
        rows = [(f"`{one.name}`", _default(one.name), _linked(prose(one.text))) for one in found]
        sections.append(f"## {topic[0].upper()}{topic[1:]}\n\n{table(('Setting', 'Default', 'What it is'), rows)}")
    return "\n".join(sections)


def declared(example: str) -> Iterator[Setting]:
    """Yield the settings in the order of the file. A comment holds for those directly below it."""
    topic, comment, ended = "", list[str](), False
    for line in example.splitlines():
        if heading := HEADING.match(line):
            topic, comment = heading[1], []
        elif variable := VARIABLE.match(line):
            ended = True
            yield Setting(topic, ROLE if variable[1].startswith("ROLE_") else variable[1], " ".join(comment))
        elif line.startswith("#"):
            comment, ended = ([] if ended else comment) + [line.removeprefix("#").strip()], False
        elif not line:
            comment = []


def _linked(text: str) -> str:
    """Return a text with the documents that it names as links from docs/reference."""
    return re.sub(r"docs/([\w/-]+?)/([\w-]+)\.md", r"[\2](../\1/\2.md)", text)


def _default(name: str) -> str:
    field = Settings.model_fields["role" if name == ROLE else name.lower()]
    if field.is_required():
        return "*needed*"
    default = field.get_default(call_default_factory=True)
    if default is None or (isinstance(default, Iterable) and not default):
        return "–"
    if isinstance(default, frozenset):
        default = ",".join(sorted(default))
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
