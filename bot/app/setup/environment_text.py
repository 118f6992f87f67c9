"""Text of a `.env` with other values in it. Pure."""

import re
from collections.abc import Mapping
from io import StringIO

from dotenv.parser import Binding, parse_stream

# Values that need no quotes, for whichever program reads the file.
PLAIN = re.compile(r"[\w.,:/@+%=~-]*")
HASH = re.compile(r"(?<!\s)\s*#")


def with_values(text: str, values: Mapping[str, str], comments: Mapping[str, str]) -> str:
    """Return the text with these values; all else, comments too, stays as it is written. A value without a line gets
    one at the end, below its comment."""
    left, pieces = dict(values), list[str]()
    for binding in parse_stream(StringIO(text)):
        name = (binding.key or "").upper()
        if name in values and not binding.error:
            left.pop(name, None)
            pieces.append(_replaced(binding, name, values[name]))
        else:
            pieces.append(binding.original.string)
    if left and pieces and not pieces[-1].endswith("\n"):
        pieces.append("\n")
    for name, value in left.items():
        blank = "\n" if pieces else ""
        pieces.append(f"{blank}# {comments[name]}\n{_assigned(name, value)}\n")
    return "".join(pieces)


def _replaced(binding: Binding, name: str, value: str) -> str:
    written = binding.original.string
    above = written[: len(written) - len(written.lstrip())]
    end = written[len(written.rstrip("\r\n")) :]
    return f"{above}{_assigned(name, value)}{_comment(binding)}{end}"


def _comment(binding: Binding) -> str:
    """Return the comment after the value, with the space before it, which after quotes may be missing; "" without one.

    A `#` may be part of the value: of what is written, the comment is what can be left out without changing it.
    """
    written = binding.original.string.rstrip("\r\n")
    for hash_ in HASH.finditer(written):
        kept = next(parse_stream(StringIO(written[: hash_.start()])))
        if (kept.key, kept.value) == (binding.key, binding.value):
            comment = written[hash_.start() :]
            return comment if comment[0].isspace() else f" {comment}"
    return ""


def _assigned(name: str, value: str) -> str:
    if PLAIN.fullmatch(value):
        return f"{name}={value}"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'"
