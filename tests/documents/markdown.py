"""Tables of Markdown."""

import re
from collections.abc import Iterable, Sequence

from bot.config.settings import Settings

# Settings, also those of the tests and of other parts, and commands of the chat.
SETTINGS = "|".join(name.upper() for name in Settings.model_fields if name != "role")
CODE = re.compile(rf"(?<![`\w])({SETTINGS}|[A-Z]+_[A-Z_]*[A-Z…])(?![\w`])|(?<![\w`/:.])(/[a-z][a-z_]+)(?![\w/`-])")


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def prose(text: str) -> str:
    """Return plain text as Markdown: one line, settings and commands as code, nothing taken for HTML."""
    return CODE.sub(r"`\g<0>`", " ".join(text.split()).replace("<", "&lt;"))
