"""☎ Call on the card of a missed caller: the PBX rings the phone of whoever pressed, and then calls the caller."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.end_to_end.harness import ANNA, BORIS, VERA, Json, Program, Seen, Standins

CALLER, ANOTHER, THIRD = "79161234501", "79161234502", "79161234503"


@dataclass(frozen=True)
class Words:
    call: str
    which: str
    unknown: str
    rings: str
    toast: str
    asked: str
    taken: str
    closed: str
    in_vain: str
    refused: str
    uncertain: str
    audited: str


WORDS = {
    "en": Words(
        "☎ Call",
        "Boris.*which extension is yours",
        "no extension 999",
        "phone 203 of Boris Petrov rings",
        "Your phone rings: answer it, and the PBX calls",
        "Asked a moment ago",
        "Somebody is calling back already",
        "203 called back after",
        "Boris Petrov, your phone 203 was not answered.*free again",
        "free again.*AMI account may not call",
        "I do not know whether your phone 203 rang",
        "Boris.*203 called 79161234502: phone not answered",
    ),
    "ru": Words(
        "☎ Позвонить",
        "Boris.*какой внутренний номер ваш",
        "нет внутреннего номера 999",
        r"звонит телефон 203 \(Boris Petrov\)",
        "Ваш телефон звонит: снимите трубку",
        "Вы только что нажимали",
        "Уже кто-то перезванивает",
        "203 перезвонил",
        "Boris Petrov, ваш телефон 203 не ответил.*снова свободна",
        "снова свободна.*AMI нельзя звонить",
        "неизвестно, звонил ли ваш телефон 203",
        "Boris.*203 вызывал 79161234502: телефон не ответил",
    ),
}


def set_up(standins: Standins, **more: str) -> dict[str, str]:
    """Return the settings with which the bot can call; its calls come through the stand-in's AMI."""
    ami = standins.station.ami
    return {"PBX_AMI_URL": standins.address, "PBX_AMI_USER": ami.user, "PBX_AMI_SECRET": ami.secret} | more


def rung(standins: Standins) -> list[Json]:
    calls: list[Json] = standins.get("/control/state")["ami"]["calls"]
    return calls


def misses(standins: Standins, group: int, caller: str) -> Seen:
    """Let a call ring in vain, and return its card."""
    standins.post(
        "/control/calls", kind="incoming", src=caller, dst="202", answer=False, ring_seconds=3, talk_seconds=5
    )
    return standins.wait_for_message(rf"^🔴.*{caller[-2:]}\D*\n", group)


def changed(standins: Standins, shown: Seen, pattern: str) -> Seen:
    return standins.wait_for(
        lambda: (m := standins.again(shown)) and (m if re.search(pattern, m.text) else None), pattern
    )


def free(standins: Standins, card: Seen) -> Seen:
    """Return the card once everybody can take it."""
    return standins.wait_for(lambda: (m := standins.again(card)) and (m if len(m.buttons[1]) == 2 else None), "free")


@pytest.fixture
def group(standins: Standins, start_bot: Callable[..., Program], language: str, hidden: str) -> int:
    """Return a group that is told of missed calls by a bot that can call."""
    standins.post("/control/traffic", running=False)
    start_bot(**set_up(standins, LANGUAGE=language, MASK_NUMBERS=hidden))
    made = standins.new_group()
    standins.asks(BORIS, "/notify missed here", made)
    standins.asks(BORIS, "/notify hours always", made)
    return made


@pytest.mark.parametrize(("language", "hidden"), [("en", "false"), ("ru", "true")])
def test_the_pbx_rings_whoever_pressed_and_calls_back(
    standins: Standins, group: int, language: str, hidden: str
) -> None:
    words = WORDS[language]
    standins.post("/control/ami", talks=5, rings=3)
    card = misses(standins, group, CALLER)
    assert card.buttons[0] == [words.call]
    assert re.search("no right|нет права", standins.presses(VERA, card, words.call)["text"])
    standins.presses(BORIS, card, words.call)
    question = standins.wait_for_message(words.which, group)
    standins.says(BORIS, "999", group, reply_to=question.id)
    wrong = standins.wait_for_message(words.unknown, group)
    assert rung(standins) == []
    standins.says(BORIS, "203", group, reply_to=wrong.id)
    changed(standins, card, words.rings)
    done = changed(standins, card, words.closed)
    assert done.buttons == []
    (call,) = rung(standins)
    assert call == {"phone": "203", "number": CALLER, "outcome": "answered"}
    if hidden == "true":
        assert not [m.text for m in standins.from_bot(group) if "123-45" in m or CALLER in m]
    # In vain, and pressed twice meanwhile; also by somebody else.
    standins.post("/control/ami", phone="does_not_answer")
    card = misses(standins, group, ANOTHER)
    assert words.toast in standins.presses(BORIS, card, words.call)["text"]
    rings = changed(standins, card, words.rings)
    assert words.asked in standins.presses(BORIS, rings, words.call)["text"]
    standins.asks(ANNA, "/my_phone 201", group)
    assert words.taken in standins.presses(ANNA, rings, words.call)["text"]
    told = standins.wait_for_message(words.in_vain, group, card.id)
    assert told.raw["reply_to"] == card.id
    again = free(standins, card)
    assert [one["outcome"] for one in rung(standins)] == ["answered", "not answered"]
    # The bot's account lacks the class: nothing rings.
    standins.post("/control/ami", phone="answers", classes=["call"])
    standins.presses(BORIS, again, words.call)
    standins.wait_for_message(words.refused, group, told.id)
    # The PBX carries it out, and its answer is lost: not repeated.
    standins.post("/control/ami", phone="lost_answer", classes=["originate"], talks=None)
    standins.presses(BORIS, free(standins, card), words.call)
    lost = standins.wait_for_message(words.uncertain, group, told.id)
    assert words.asked in standins.presses(BORIS, changed(standins, card, "Boris"), words.call)["text"]
    assert len(rung(standins)) == 3
    assert "203" in standins.asks(BORIS, "/my_phone", group)
    assert "203" not in standins.asks(BORIS, "/my_phone off" if language == "en" else "/мой_телефон выкл")
    assert lost.buttons == []
    assert re.search(words.audited, standins.asks(ANNA, "/audit").text)


@pytest.mark.parametrize(("language", "hidden"), [("en", "false")])
def test_killed_while_the_phone_rings_it_calls_nobody_again_and_says_so(
    standins: Standins, group: int, start_bot: Callable[..., Program], language: str, hidden: str
) -> None:
    words = WORDS[language]
    assert "203" in standins.asks(BORIS, "/my_phone 203", group)
    standins.post("/control/ami", phone="does_not_answer")
    card = misses(standins, group, THIRD)
    standins.presses(BORIS, card, words.call)
    changed(standins, card, words.rings)
    standins.wait_for(lambda: rung(standins) or None, "the phone rings")
    standins.programs[-1].kill()
    start_bot(**set_up(standins, LANGUAGE=language))
    told = standins.wait_for_message(words.uncertain, group, card.id)
    assert told.raw["reply_to"] == card.id
    again = changed(standins, card, "Boris Petrov calls back, since")
    assert words.asked in standins.presses(BORIS, again, words.call)["text"]
    assert len(rung(standins)) == 1


def test_without_an_account_for_calls_no_card_offers_one(standins: Standins, start_bot: Callable[..., Program]) -> None:
    standins.post("/control/traffic", running=False)
    program = start_bot(**set_up(standins))
    group = standins.new_group()
    standins.asks(BORIS, "/notify missed here", group)
    standins.asks(BORIS, "/notify hours always", group)
    card = misses(standins, group, CALLER)
    assert card.buttons[0] == ["☎ Call"]
    # A caller chooses what they show: no service number, no feature code.
    assert ["☎ Call"] not in misses(standins, group, "112").buttons
    program.stop()
    start_bot()
    standins.wait_for(
        lambda: (m := standins.again(card)) and (m if "☎ Call" not in m.buttons[0] else None), "no button"
    )
    assert "PBX_AMI_URL" in standins.asks(BORIS, "/my_phone 203", group)
