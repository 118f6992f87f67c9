"""Characters that show nothing, and those that begin a new line. Pure."""

import re

LINE_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# Letters and signs that show nothing: fillers of Hangul, a Braille cell without dots, vowels of Khmer.
BLANKS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# Controls, marks that turn the direction of writing, what only formats other writing (all of Unicode's category Cf),
# selectors of a look, tags, and halves of characters that no encoding can carry. The joiner of compound emoji (U+200D),
# what makes a sign one (U+FE0F), and the signs that stand around a number in Arabic and Kaithi stay.
INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u070f\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0e\ufeff\ufff0-\ufffb\ud800-\udfff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff" + BLANKS
)
UNSEEN = re.compile(f"[{INVISIBLE}]")
