"""Invisible characters and line breaks. Pure."""

import re

LINE_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# Invisible letters and signs: fillers of Hangul, a Braille cell without dots, vowels of Khmer.
BLANKS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# Controls, direction marks, format characters (all of Unicode's category Cf), variation selectors, tags, and
# surrogates. The joiner of compound emoji (U+200D), the emoji selector (U+FE0F), and the signs around a number in
# Arabic and Kaithi stay.
INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u070f\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0e\ufeff\ufff0-\ufffb\ud800-\udfff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff" + BLANKS
)
UNSEEN = re.compile(f"[{INVISIBLE}]")
