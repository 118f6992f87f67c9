"""Recognize numbers in words: `forty-five`, `сорок пять`, `first`, `двадцать первого`, `15-го`, `III`. Pure."""

import re
from collections.abc import Sequence

from handlers.parsing.times.model import Found
from handlers.parsing.times.words import by_word, word_set

# Feminine and genitive forms too.
ONES = by_word(
    {
        1: "one один одна одну одни одного",
        2: "two два две двух двое",
        3: "three три трех трое",
        4: "four четыре четырех четверо",
        5: "five пять пяти",
        6: "six шесть шести",
        7: "seven семь семи",
        8: "eight восемь восьми",
        9: "nine девять девяти",
    }
)
TENS = by_word(
    {
        20: "twenty двадцать двадцати",
        30: "thirty тридцать тридцати",
        40: "forty сорок сорока",
        50: "fifty пятьдесят пятидесяти",
        60: "sixty шестьдесят шестидесяти",
        90: "ninety девяносто",
    }
)
NUMBERS = (
    by_word(
        {
            1: "a an",
            2: "couple пару",
            10: "ten десять десяти",
            11: "eleven одиннадцать одиннадцати",
            12: "twelve двенадцать двенадцати",
            13: "thirteen тринадцать тринадцати",
            14: "fourteen четырнадцать четырнадцати",
            15: "fifteen пятнадцать пятнадцати",
            16: "sixteen шестнадцать шестнадцати",
            17: "seventeen семнадцать семнадцати",
            18: "eighteen восемнадцать восемнадцати",
            19: "nineteen девятнадцать девятнадцати",
        }
    )
    | ONES
    | TENS
)
_ORDINAL_STEMS = {
    1: "перв",
    2: "втор",
    4: "четверт",
    5: "пят",
    6: "шест",
    7: "седьм",
    8: "восьм",
    9: "девят",
    10: "десят",
    11: "одиннадцат",
    12: "двенадцат",
    13: "тринадцат",
    14: "четырнадцат",
    15: "пятнадцат",
    16: "шестнадцат",
    17: "семнадцат",
    18: "восемнадцат",
    19: "девятнадцат",
    20: "двадцат",
    30: "тридцат",
}
ORDINALS = {
    stem + end: day for day, stem in _ORDINAL_STEMS.items() for end in word_set("ый ой ое ого ому ом ая ую")
} | by_word(
    {
        1: "first",
        2: "second",
        3: "third третий третье третьего третьему третьем третья третьей третью",
        4: "fourth",
        5: "fifth",
        6: "sixth",
        7: "seventh",
        8: "eighth",
        9: "ninth",
        10: "tenth",
        11: "eleventh",
        12: "twelfth",
        13: "thirteenth",
        14: "fourteenth",
        15: "fifteenth",
        16: "sixteenth",
        17: "seventeenth",
        18: "eighteenth",
        19: "nineteenth",
        20: "twentieth",
        30: "thirtieth",
    }
)
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
# `15 числа` is a day of the month.
OF_MONTH = word_set("число числа числу числом")
HALF_YEARS = word_set("полугодие полугодия полугодии")
PARTS_IN_HALVES = word_set("half половина половины половину половине")
WITH_ENDING = re.compile(r"(\d{1,2})(?:st|nd|rd|th|-?(?:го|е|ое|ого|му|й|ый|ий|ой|я|ая|ю|ую))")


def cardinal_at(words: Sequence[str]) -> Found[int] | None:
    """Return the number of the first word, or of two: `сорок пять`."""
    tens, _, ones = words[0].partition("-") if words else ("", "", "")
    if ones:
        return (TENS[tens] + ONES[ones], 1) if tens in TENS and ones in ONES else None
    if tens in TENS and len(words) > 1 and words[1] in ONES:
        return TENS[tens] + ONES[words[1]], 2
    return (NUMBERS[tens], 1) if tens in NUMBERS else None


def ordinal_at(words: Sequence[str]) -> Found[int] | None:
    """`15-го`, `3rd`, `first`, `двадцать первого`, `twenty-first`; a bare number is none."""
    if not words:
        return None
    if found := WITH_ENDING.fullmatch(words[0]):
        return int(found[1]), 1
    tens, _, ones = words[0].partition("-")
    if tens in TENS and ORDINALS.get(ones, 10) < 10:
        return TENS[tens] + ORDINALS[ones], 1
    if tens in TENS and not ones and len(words) > 1 and ORDINALS.get(words[1], 10) < 10:
        return TENS[tens] + ORDINALS[words[1]], 2
    return (ORDINALS[words[0]], 1) if words[0] in ORDINALS else None
