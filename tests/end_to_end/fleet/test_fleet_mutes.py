"""Silences for all PBXs: they apply to each, are shown at each, and are confirmed once with the number of PBXs."""

from pathlib import Path

import pytest

from tests.end_to_end.fleet_harness import FleetHarness, running_fleet, running_harness
from tests.end_to_end.harness import ANNA, GROUP, press

TRUNK = "Zadarma"
WORDS = {
    "en": {
        "asks": "This mutes 2 PBXs, and whichever is added meanwhile",
        "holds": "It holds back 2 PBXs, and whichever is added later.",
        "mute": "Mute",
        "cancel": "Cancel",
        "nothing": "Nothing was muted.",
        "muted": "Muted",
        "everything": "Everything · all PBXs",
        "why": "Held back by a mute (Anna Ivanova) for all PBXs",
        "set": "✅ Set",
    },
    "ru": {
        "asks": "Будут заглушены 2 АТС и все, что добавят за это время",
        "holds": "Касается 2 АТС и всех, что добавят позже.",
        "mute": "Заглушить",
        "cancel": "Отмена",
        "nothing": "Ничего не заглушено.",
        "muted": "Заглуш",
        "everything": "Всё · все АТС",
        "why": "(Anna Ivanova) на всех АТС",
        "set": "✅ Задать",
    },
}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_mute_of_the_fleet_holds_back_every_pbx_and_is_never_given_unasked(language: str, tmp_path: Path) -> None:
    words = WORDS[language]
    with running_harness("acme", "beta") as harness, running_fleet(harness, tmp_path, LANGUAGE=language):
        harness.wait_until_watched("acme", "beta")
        # The fleet was the last station named: a plain command applies to it, and names it.
        preview = harness.asks(ANNA, f"/oncall set fleet daily 09:00 {ANNA}", GROUP)
        harness.presses(ANNA, preview, words["set"])
        plain = harness.asks(ANNA, "/mute all", GROUP)
        assert words["asks"] in plain
        press(harness, plain, words["cancel"], words["nothing"])
        assert words["holds"] in harness.asks(ANNA, "/maintenance fleet all tomorrow 02:00-04:00", GROUP)
        question = harness.asks(ANNA, "/mute fleet all for 1h works", GROUP)
        assert words["asks"] in question
        press(harness, question, words["mute"], words["muted"])
        acme = harness["acme"]
        acme.breaks(TRUNK)
        held(harness, words["why"])
        assert words["everything"] in harness.asks(ANNA, "/mutes acme", ANNA)
        assert words["everything"] in harness.asks(ANNA, "/mutes beta", ANNA)
        assert not [m for chat in (GROUP, acme.chat, ANNA) for m in harness.from_bot(chat) if m.text.startswith("🔴")]


def held(harness: FleetHarness, words: str) -> None:
    """The outage is known, and its timeline names the suppression."""

    def look() -> bool | None:
        return words in harness.asks(ANNA, "/why acme", ANNA) or None

    harness.wait_for(look, words, every=2)
