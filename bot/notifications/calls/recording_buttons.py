"""Buttons that send the recordings of a call."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.messages.message import Button, mark

MAX_RECORDINGS = 6
# In the data of a button below a message that stays: its answer is a message of its own.
APART = "apart"


def recording_buttons(linkedid: str, places: Sequence[int], data: Mapping[str, Any]) -> list[Button]:
    """Return a button for each recorded leg of a call; `data` goes with the press."""
    numbered, label = len(places) > 1, mark("🎧 Listen")
    return [
        Button(f"🎧 {place + 1}" if numbered else label, "cdr.listen", {"linkedid": linkedid, "leg": place, **data})
        for place in places[:MAX_RECORDINGS]
    ]
