"""Tables of Markdown."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from bot.config.settings import Settings

# Settings, also those of the tests and of other parts, and commands of the chat.
SETTINGS = "|".join(name.upper() for name in Settings.model_fields if name != "role")
CODE = re.compile(rf"(?<![`\w])({SETTINGS}|[A-Z]+_[A-Z_]*[A-Z…])(?![\w`])|(?<![\w`/:.])(/[a-z][a-z_]+)(?![\w/`-])")


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *(map(_cell, row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    """Return a text in which no bar ends the cell. GitHub and the site read an escaped bar within code differently."""
    barred = re.sub(r"`([^`]*\|[^`]*)`", lambda code: f"<code>{escape(code[1])}</code>", text)
    return barred.replace("|", "&#124;")


def prose(text: str) -> str:
    """Return plain text as Markdown: one line, settings and commands as code, nothing taken for HTML."""
    return CODE.sub(r"`\g<0>`", " ".join(text.split()).replace("<", "&lt;"))
