"""Normalize what people type, paste and send, before anything is compared. Pure.

Telephones, web pages and office programs put marks of the writing direction around numbers, hyphens that do not break
into them, and byte order marks before files. Nobody sees them, and nobody can leave them out.
"""

import codecs
import re
import unicodedata

# Invisible letters and signs: fillers of Hangul, a Braille cell without dots, vowels of Khmer.
BLANKS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# Controls, marks of the writing direction, format characters (all of Unicode's category Cf), variation selectors, tags,
# and surrogates, which no encoding can carry. The joiner of compound emoji (U+200D), the emoji selector (U+FE0F), and
# the signs around a number in Arabic and Kaithi stay.
INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u070f\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0e\ufeff\ufff0-\ufffb\ud800-\udfff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff" + BLANKS
)
INVISIBLE_CHARS = re.compile(f"[{INVISIBLE}]")
INVISIBLE_IN_LINES = re.compile(f"(?![\t\n\r])[{INVISIBLE}]")
# Dashes between words are the writer's own; these stand for the hyphen of the keyboard.
_FOLDED = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys(
            "\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
        ),
    }
)
# Signs in figures and names that stand for others: dashes of every kind, and what is not seen.
_SIGNS = re.compile(r"[^\w\s!-~]")
_READ_AS = {"Pd": "-", "Cf": ""}
_FULL_WIDTH_PLUS = "\uff0b"
# A value of a setting in the quotes of a text editor, in place of those of the keyboard.
_QUOTED_VALUE = re.compile(
    r"^([ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*=[ \t]*)[“”„«]([^\"\n]*)[“”»]([ \t]*(?:#[^\n]*)?\r?)$", re.MULTILINE
)
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def normalized(text: str) -> str:
    """Return the text without invisible characters, with the keyboard's own hyphens and spaces. Lines stay."""
    return INVISIBLE_IN_LINES.sub("", text.translate(_FOLDED))


def normalized_figures(text: str) -> str:
    """Return a number or a key of comparison, in which dashes of every kind are hyphens and nothing invisible stays."""
    return _SIGNS.sub(_figure_sign, normalized(text))


def _figure_sign(sign: re.Match[str]) -> str:
    return "+" if sign[0] == _FULL_WIDTH_PLUS else _READ_AS.get(unicodedata.category(sign[0]), sign[0])


def decoded(content: bytes) -> str:
    """Return the text of a file of settings in UTF-8 or UTF-16, with plain quotes around its values. Raises
    UnicodeDecodeError."""
    return _QUOTED_VALUE.sub(r'\1"\2"\3', normalized(content.decode(encoding_of(content))))


def encoding_of(content: bytes) -> str:
    """Return UTF-8 or UTF-16, by the byte order mark, or by the zeros that Latin letters have in UTF-16."""
    unmarked = {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get(
        (content[:1] == b"\0", content[1:2] == b"\0")
    )
    return next((name for mark, name in BYTE_ORDER_MARKS if content.startswith(mark)), unmarked or "utf-8")
