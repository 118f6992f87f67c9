"""Tables of Markdown."""

import re
from collections.abc import Iterable, Sequence

# Names of settings, and commands of the chat.
CODE = re.compile(r"(?<![`\w])([A-Z]+_[A-Z_]*[A-Z…])(?![\w`])|(?<![\w`/:.])(/[a-z][a-z_]+)(?![\w/`])")


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def prose(text: str) -> str:
    """Return plain text as Markdown: one line, settings and commands as code, nothing taken for HTML."""
    return CODE.sub(r"`\g<0>`", " ".join(text.split()).replace("<", "&lt;"))
