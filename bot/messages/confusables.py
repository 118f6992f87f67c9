"""Names that people cannot tell apart by looking at them. Pure."""

import unicodedata

from bot.messages.sanitize import visible
from bot.text.person_names import TWINS

# Letters and digits of other alphabets, and of the same one, by what they look like.
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
    """Equal for names that look the same: case, accents, alphabets, punctuation and what is not seen make no
    difference. Empty when nothing is seen."""
    letters = unicodedata.normalize("NFKD", visible(name).casefold()).translate(LOOKS)
    return "".join(letter for letter in letters if letter.isalnum())
