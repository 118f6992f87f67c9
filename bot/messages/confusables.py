"""Detect names that look alike. Pure."""

import unicodedata

from bot.messages.sanitize import visible
from bot.text.person_names import TWINS

# Letters and digits of all alphabets by appearance.
LOOKS = str.maketrans(
    {
        **{cyrillic.casefold(): latin.casefold() for latin, cyrillic in TWINS.items()},
        **dict(zip("ѕјһԁԛԝ", "sjhdqw", strict=True)),
        **dict(zip("αερκνοτυχι", "aepkvotuxi", strict=True)),
        **dict.fromkeys("0", "o"),
        **dict.fromkeys("i1|ıӏ", "l"),
        "і": "l",
        "ι": "l",
    }
)


def skeleton(name: str) -> str:
    """Return a key that is equal for names that look the same: case, accents, alphabets, punctuation and invisible
    characters are ignored. Empty without a visible character.
    """
    letters = unicodedata.normalize("NFKD", visible(name).casefold()).translate(LOOKS)
    return "".join(letter for letter in letters if letter.isalnum())
