"""Half an outage: registered, but the provider does not answer OPTIONS. A silent warning, then a page; no message on
recovery.
"""

from collections.abc import Callable

import pytest

from bot.demo.pbx.registration.sights import Dialect
from tests.end_to_end.harness import ANNA, Program, Standins

EN = {
    "note": "🟡 Zadarma is registered, but does not answer: outgoing calls over it fail, incoming calls still come",
    "lasts": "Outgoing calls over Zadarma fail, incoming calls still come",
    "instead": "Outgoing calls use Mango Office meanwhile",
    "lost": "No other trunk takes them",
    "cure": "switch Qualify off: /edit_trunk Zadarma qualify=no",
    "status": "Zadarma does not answer: outgoing calls fail, incoming calls come",
    "over": "🟢 Outgoing calls over Zadarma work again",
    "registered": "🟢 Zadarma is registered again; outgoing calls work within a minute",
}
RU = {
    "note": "🟡 Zadarma зарегистрирован, но не отвечает: исходящие через него не проходят, входящие идут",
    "lasts": "Исходящие через Zadarma не проходят, входящие идут",
    "instead": "Исходящие пока идут через Mango Office",
    "lost": "Другого транка для них нет",
    "cure": "выключите Qualify: /edit_trunk Zadarma qualify=no",
    "status": "Zadarma не отвечает: исходящие не проходят, входящие идут",
    "over": "🟢 Исходящие через Zadarma снова проходят",
    "registered": "🟢 Zadarma снова зарегистрирован; исходящие пойдут в течение минуты",
}

VERSION = {
    ("2026.9", "en"): "MikoPBX 2026.3.40 or newer",
    ("2026.1", "ru"): "MikoPBX до 2026.3.40",
}


@pytest.mark.parametrize(("dialect", "language", "says"), [("2026.9", "ru", RU), ("2026.1", "en", EN)])
def test_half_an_outage_is_a_note_that_makes_a_sound_once_it_lasts(
    standins: Standins, start_bot: Callable[..., Program], dialect: Dialect, language: str, says: dict[str, str]
) -> None:
    standins.station.dialect = dialect
    start_bot(LANGUAGE=language, PARTIAL_AFTER="15", ALERT_AFTER="1")
    standins.wait_until_known()
    standins.breaks("Zadarma", "no_answer_to_qualify")
    note = standins.wait_for_message(says["note"])
    assert note.raw["silent"]
    assert says["status"] in standins.asks(ANNA, "/status")
    lasting = standins.wait_for_message(says["lasts"], after=note.id)
    assert not lasting.raw["silent"]
    assert "🟡" in lasting
    assert says["instead"] in lasting
    assert says["cure"] in lasting
    # Its fallback trunks fail too: its calls are now lost, which their alert states.
    standins.breaks("Mango Office")
    standins.breaks("Branch IAX")
    lost = standins.wait_for_message("🔴", after=lasting.id)
    assert not lost.raw["silent"]
    standins.wait_for(lambda: "🔴 Zadarma" in (standins.again(lost) or lost).text or None, "Zadarma is among them")
    standins.mends("Zadarma")
    standins.wait_for(lambda: "🟢 Zadarma" in (standins.again(lost) or lost).text or None, "Zadarma is well again")


def test_calls_that_no_other_trunk_takes_are_as_loud_as_an_outage(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    standins.station.trunks = {
        key: trunk for key, trunk in standins.station.trunks.items() if trunk.text("description") == "Zadarma"
    }
    start_bot(PARTIAL_AFTER="5", ALERT_AFTER="1")
    standins.wait_until_known()
    standins.breaks("Zadarma", "no_answer_to_qualify")
    lasting = standins.wait_for_message(f"🔴[^\n]*{EN['lasts']}")
    assert not lasting.raw["silent"]
    assert EN["lost"] in lasting
    standins.mends("Zadarma")
    standins.wait_for_message(EN["over"], after=lasting.id)


@pytest.mark.parametrize(("dialect", "language", "says"), [("2026.9", "en", EN), ("2026.1", "ru", RU)])
def test_a_provider_that_comes_back_half_ends_the_outage_and_begins_nothing(
    standins: Standins, start_bot: Callable[..., Program], dialect: Dialect, language: str, says: dict[str, str]
) -> None:
    standins.station.dialect = dialect
    start_bot(LANGUAGE=language, ALERT_AFTER="1")
    standins.wait_until_known()
    standins.breaks("Zadarma")
    alert = standins.wait_for_message("🔴.*Zadarma")
    standins.breaks("Zadarma", "no_answer_to_qualify")
    over = standins.wait_for_message(says["registered"], after=alert.id)
    standins.mends("Zadarma")
    standins.wait_for_looks(4)
    assert not [message for message in standins.alerts("Zadarma") if message.id > over.id]
    assert VERSION[dialect, language] in standins.asks(ANNA, "/status")
