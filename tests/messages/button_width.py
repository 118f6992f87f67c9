"""Width of buttons on a phone: what does not fit into its column is cut."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.messages.i18n import SOURCE_LANGUAGE, languages, translations

# Characters that a narrow phone shows of a button, by the number of buttons in its row.
FITS = {1: 36, 2: 20, 3: 12}
IN_A_ROW_OF_MORE = 8


def cut_labels(rows: Sequence[Sequence[Mapping[str, Any]]]) -> list[str]:
    """Return the fixed labels that a phone cuts in any language; names of a PBX are as long as they are."""
    return [
        f"{shown} ({len(row)} in a row)"
        for row in rows
        for button in row
        for shown in _in_all_languages(button["label"])
        if len(shown) > FITS.get(len(row), IN_A_ROW_OF_MORE)
    ]


def _in_all_languages(label: str) -> list[str]:
    """Return nothing for what is not in the catalogues."""
    found = [translations(one).gettext(label) for one in languages() if one != SOURCE_LANGUAGE]
    return [label, *found] if any(text != label for text in found) else []
