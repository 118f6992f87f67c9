"""Fallback: alerts for a person without a private chat, and for a group lost during an outage.

No undelivered notification counts as delivered.
"""

from pathlib import Path

import pytest

from tests.end_to_end.harness import ANNA, BORIS, GROUP, Seen, Standins, press, running_bot, running_standins

KIM, NO_MINUS = 1011, 1000000000777
LINE = "Night line"
WORDS = {
    "en": {
        "down": f"🔴 {LINE} is down",
        "dead entry": "Alerts would not arrive",
        "never": "nobody with the id",
        "minus": "The id of a group begins with a minus",
        "again": "Paged once more: Boris Petrov",
        "asked": "others were asked: Anna",
        "set": "✅ Set",
        "set now": "Set. I check now",
        "still": "🔁 Still, since",
        "up": f"🟢 {LINE} is up again",
        "gone": f"⚪ {LINE} is gone from the PBX.",
    },
    "ru": {
        "down": f"🔴 {LINE} не работает",
        "dead entry": "Тревоги не дойдут",
        "never": "никто с id",
        "minus": "Номер группы начинается с минуса",
        "again": "Повторный вызов: Boris Petrov",
        "asked": "Anna",
        "set": "✅ Задать",
        "set now": "Задано.",
        "still": "🔁 Всё ещё",
        "up": f"🟢 {LINE} снова работает",
        "gone": f"⚪ Транка {LINE} больше нет на АТС.",
    },
}


def new_line(harness: Standins) -> None:
    harness.post("/control/trunks", name=LINE, host="night.example.com", username="1")
    harness.wait_for_looks(3)


def private(harness: Standins, person: int, pattern: str, after: int = 0) -> Seen:
    return harness.wait_for_message(pattern, person, after, seen_by=person)


def sent_down(harness: Standins, person: int, down: str) -> list[bool]:
    """Return, for each message to the person about the outage, if it made a sound."""
    sent = [call["params"] for call in harness.calls("sendMessage") if call["ok"]]
    mine = [one for one in sent if int(one["chat_id"]) == person and down in str(one["text"]).replace("<b>", "")]
    return [not one.get("disable_notification") for one in mine]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_an_outage_whose_chats_are_dead_reaches_the_administrator_within_seconds(language: str, tmp_path: Path) -> None:
    words = WORDS[language]
    with running_standins() as harness:
        harness.post("/client/people", id=KIM, first_name="Kim")
        chats = {"ALERT_CHATS": f"{KIM} {NO_MINUS}", "ESCALATE_AFTER": "5", "REMIND_EVERY": "60"}
        with running_bot(harness, tmp_path, LANGUAGE=language, **chats):
            note = private(harness, ANNA, words["dead entry"])
            for of_entry in (KIM, NO_MINUS):
                assert f"{of_entry}: {words['never']} {of_entry}" in note
            assert words["minus"] in note
            new_line(harness)
            harness.breaks(LINE)
            alert = private(harness, ANNA, words["down"])
            assert not alert.raw["silent"]
            # The next step asks her by name, and sends her a message.
            harness.wait_for(lambda: len(sent_down(harness, ANNA, words["down"])) >= 2 or None, "she is asked")
            harness.mends(LINE)
            private(harness, ANNA, words["up"])


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_group_lost_amid_an_outage_leaves_nobody_untold_and_is_brought_up_to_date(
    language: str, tmp_path: Path
) -> None:
    words = WORDS[language]
    times = {"ESCALATE_AFTER": "25", "PAGE_AGAIN_EVERY": "8"}
    with running_standins() as harness, running_bot(harness, tmp_path, LANGUAGE=language, **times):
        for person in (ANNA, BORIS):
            harness.asks(person, "/start")
        preview = harness.asks(ANNA, "/oncall set daily 09:00 @boris_petrov @anna_ivanova")
        press(harness, preview, words["set"], words["set now"])
        new_line(harness)
        harness.breaks(LINE)
        alert = harness.wait_for_message(words["down"])
        first = private(harness, BORIS, words["down"])
        assert (alert.raw["silent"], first.raw["silent"]) == (True, False), "who is woken is woken once"
        member(harness, "kicked")
        shown = private(harness, ANNA, words["down"])
        assert shown.raw["silent"], "somebody is awake for it"
        again = private(harness, BORIS, words["still"], first.id)
        assert not again.raw["silent"]
        asked = private(harness, ANNA, words["down"], shown.id)
        assert not asked.raw["silent"]
        assert "Boris Petrov, Anna Ivanova" in asked
        why = harness.asks(ANNA, "/why")
        assert words["again"] in why
        assert words["asked"] in why
        member(harness, "member")
        back = harness.wait_for_message(words["down"], GROUP, alert.id)
        harness.mends(LINE)
        for chat, seen_by, message in ((GROUP, ANNA, back), (ANNA, ANNA, asked), (BORIS, BORIS, again)):
            harness.wait_for_message(words["up"], chat, message.id, seen_by)
        harness.wait_for_looks(3)
        del harness.station.trunks[harness.trunk(LINE)["id"]]
        gone = harness.wait_for_message(words["gone"], GROUP)
        assert gone.raw["silent"]


def member(harness: Standins, status: str) -> None:
    bot = harness.get("/client/state", **{"as": ANNA})["bot"]["id"]
    harness.post("/client/members", chat=GROUP, by=ANNA, user=bot, status=status)
