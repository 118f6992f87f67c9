"""Encoding of a text file, judged by what comes out: words of one alphabet, against letters and signs that no word has.
Pure.

Excel writes CSV in CP1251, on a Mac in MacCyrillic, "CSV (MS-DOS)" in CP866 and "Unicode text" in UTF-16.
"""

import codecs
import math
import re
from collections.abc import Sequence
from itertools import pairwise

from bot.messages.message import mark
from bot.sandbox.task import TaskRefused

# The usual one comes first.
SINGLE_BYTE = ("cp1251", "cp866", "mac_cyrillic", "koi8_r", "cp1252")
# Text in UTF-8 that a program took for one of these and saved in UTF-8 again.
TAKEN_FOR = ("cp1251", "cp1252", "latin_1", "cp866")
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NOT_READABLE = mark(
    "I cannot tell in which encoding the file is: its letters come out as garbage. "
    "Save it as Excel (.xlsx), or as “CSV UTF-8”."
)
# Bytes of lines with letters beyond ASCII; thousands of lines more change nothing.
JUDGED = 50_000
# Russian letters in a thousand, https://ru.wikipedia.org/wiki/Частотность; ё is commoner in names.
FREQUENCIES = (
    dict.fromkeys("о", 110) | dict.fromkeys("еаи", 80) | dict.fromkeys("нтс", 62) | dict.fromkeys("рвлк", 44)
    | dict.fromkeys("мдпу", 29) | dict.fromkeys("яыьгзб", 18) | dict.fromkeys("чйх", 12) | dict.fromkeys("жшю", 8)
    | dict.fromkeys("цщэфё", 4) | dict.fromkeys("ъіїєґў", 1)
)  # fmt: skip
LETTER_SCORES = {letter: math.log(frequency / 8) for letter, frequency in FREQUENCIES.items()}
RARE_LETTER, NO_WORD, STRANGE_SIGN = -3.0, -3.0, -4.0
# Points ahead of every other encoding. A single name of two or three rare letters has less.
LEAST_LEAD = 2.0
# Most words in a table of people are names.
CAPITALIZED = 2.0
# A vowel after a consonant, or the other way round.
ALTERNATING = 0.6
WORD = re.compile(r"[^\W\d_]+")
CYRILLIC = re.compile(r"[\u0400-\u04ff]+")
# Letters of Western Europe, without the Icelandic ones, as which Turkish comes out.
LATIN = re.compile(r"[A-Za-zß-ïñ-öø-üÿÀ-ÏÑ-ÖØ-ÜŒœŸ]+")
VOWELS = frozenset("аеёиоуыэюяіїєўaeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿœ")
LONGEST_WITHOUT_VOWEL = 4
# Signs that are none of a table of people, or that begin or end no word.
STRANGE = re.compile(
    r"[^\w\s\x21-\x7e«»„“”‘’–—…№•·°§©®™€\u00ad\u2010\u2011\ufeff\u200b-\u200f\u202a-\u202e\u2060]"
    r"|[\x00-\x08\x0e-\x1f\x7f-\x9f]|(?<!\w)[»”’–—…·°§©®™€](?=[^\W\d_])|(?<=[^\W\d_])[°§©®€](?!\w)|[‘“„](?=[^\W\d_A-ZА-ЯЁ])"
)
# Of the words, or signs, with letters beyond ASCII.
MAX_GARBAGE = 0.1
# Of the characters beyond ASCII of a text that was encoded twice.
MAX_LOST = 0.3


def decode(content: bytes) -> str:
    """Return the text without a byte order mark. Raises TaskRefused if it is garbage in every encoding."""
    for bom, encoding in MARKS.items():
        if content.startswith(bom):
            return _saved_once(content.decode(encoding, errors="replace").lstrip("\ufeff"))
    if encoding := _utf_16_without_mark(content):
        return content.decode(encoding, errors="replace")
    try:
        return _saved_once(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _single_byte(content)


def _utf_16_without_mark(content: bytes) -> str:
    """Return the encoding if every second byte of the separators, digits and line ends is zero."""
    sample = content[:JUDGED]
    even, odd = sample[::2], sample[1::2]
    for name, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if high.count(0) > len(high) // 10 and not low.count(0) and _is_plausible(sample.decode(name, "ignore")):
            return name
    return ""


def _saved_once(text: str) -> str:
    """Return what the text was before a program took its UTF-8 for another encoding. Raises TaskRefused if letters were
    lost by that. Words in Cyrillic or Latin are no valid UTF-8 in these encodings."""
    if text.isascii():
        return text
    for encoding in TAKEN_FOR:
        before = b"".join(_byte(char, encoding) for char in text[:JUDGED]).decode("utf-8", "replace")
        lost = before.count("\ufffd")
        if lost > MAX_LOST * sum(not char.isascii() for char in before):
            continue
        if lost:
            raise TaskRefused(NOT_READABLE)
        return b"".join(_byte(char, encoding) for char in text).decode("utf-8", "replace").lstrip("\ufeff")
    return text


def _byte(char: str, encoding: str) -> bytes:
    """Return the byte, which Windows keeps as a control character where the encoding has none. A character of another
    encoding is one that no UTF-8 has."""
    try:
        return char.encode("latin_1" if "\x80" <= char <= "\x9f" else encoding)
    except UnicodeEncodeError:
        return b"\xff"


def _single_byte(content: bytes) -> str:
    sample = b"\n".join(line for line in content.split(b"\n") if not line.isascii())[:JUDGED]
    # Undefined bytes become U+FFFD, which is a strange sign.
    texts = [sample.decode(encoding, errors="replace") for encoding in SINGLE_BYTE]
    scores = dict(zip(SINGLE_BYTE, map(_score, texts), strict=True))
    encoding = max(SINGLE_BYTE, key=scores.__getitem__)
    text = texts[SINGLE_BYTE.index(encoding)]
    # Encodings that give the same text are no rivals, and the usual one needs no lead.
    rivals = [score for score, other in zip(scores.values(), texts, strict=True) if other != text]
    needed = 0 if encoding == SINGLE_BYTE[0] else LEAST_LEAD
    if not _is_plausible(text) or max(rivals, default=-math.inf) > scores[encoding] - needed:
        raise TaskRefused(NOT_READABLE)
    return content.decode(encoding, errors="replace")


def _score(text: str) -> float:
    return sum(map(_word_score, _words(text))) + STRANGE_SIGN * len(STRANGE.findall(text))


def _is_plausible(text: str) -> bool:
    words, signs = _words(text), len(STRANGE.findall(text))
    return sum(not _is_word(word) for word in words) + signs <= MAX_GARBAGE * (len(words) + signs)


def _words(text: str) -> Sequence[str]:
    return [word for word in WORD.findall(text) if not word.isascii()]


def _word_score(word: str) -> float:
    if not _is_word(word):
        return NO_WORD * len(word)
    letters = word.lower()
    found = sum(LETTER_SCORES.get(letter, RARE_LETTER) for letter in letters) if CYRILLIC.fullmatch(word) else len(word)
    alternating = sum((one in VOWELS) != (other in VOWELS) for one, other in pairwise(letters))
    return found + ALTERNATING * alternating + (CAPITALIZED if word.istitle() else 0)


def _is_word(word: str) -> bool:
    """Return True for letters of one alphabet, in lower case, capitals, or with one capital ahead; with a vowel, unless
    it is short. As many accents as letters without one are no word."""
    if not (word.islower() or word.isupper() or word.istitle()):
        return False
    if len(word) > LONGEST_WITHOUT_VOWEL and not VOWELS.intersection(word.lower()):
        return False
    accents = sum(not char.isascii() for char in word)
    return bool(CYRILLIC.fullmatch(word) or (LATIN.fullmatch(word) and 2 * accents <= len(word)))
