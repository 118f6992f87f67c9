"""Cards of ended calls and of voicemail: told in the chat that asked, with the recording behind a button."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.end_to_end.commands.test_call_records import Archive, heard
from tests.end_to_end.commands.test_missed_cards import CALLER, call, changed
from tests.end_to_end.harness import ANNA, BORIS, VERA, Program, Seen, Standins

# The words of each language: what is typed, and what is shown.
WORDS = {
    "en": {
        "misspelt": "cals here",
        "right": "/notify calls here",
        "me": "voicemail me of 202",
        "off": "calls off",
        "told": "all incoming calls",
        "too": "voicemail:",
        "listen": "Listen",
        "private": "private chat",
        "no": "no right",
        "waited": "waited 0:0",
        "message": "left a message",
        "many": "6 calls",
    },
    "ru": {
        "misspelt": "звонк сюда",
        "right": "/notify звонки сюда",
        "me": "голосовая почта мне для 202",
        "off": "выкл звонки",
        "told": "все входящие",
        "too": "голосовая почта:",
        "listen": "Прослушать",
        "private": "личный чат",
        "no": "нет права",
        "waited": "ожидание 0:0",
        "message": "оставлено сообщение",
        "many": "6 звонков",
    },
}


def cards(standins: Standins, chat: int, pattern: str, seen_by: int = BORIS) -> list[Seen]:
    return [message for message in standins.from_bot(chat, seen_by) if re.search(pattern, message.text)]


def labels(message: Seen) -> list[str]:
    return [label for row in message.buttons for label in row]


def add_voicemail(archive: Archive, caller: str, to: str) -> None:
    """Let a caller ring a phone in vain, and leave a message of 20 seconds."""
    start = archive.now
    voicemail: dict[str, Any] = {"dst_num": "voicemail", "dst_name": "", "to_account": ""}
    archive.add(
        [
            archive.incoming(str(start), None, caller=caller, dst_num=to, dst_name="", to_account=to),
            archive.incoming(str(start + timedelta(seconds=10)), 20, caller=caller, seconds=0, **voicemail),
        ]
    )


@pytest.mark.parametrize("language", WORDS)
def test_every_call_and_voicemail_are_told_once_where_they_were_asked_for(
    standins: Standins, start_bot: Callable[..., Program], language: str
) -> None:
    says = WORDS[language]
    standins.post("/control/traffic", running=False)
    program = start_bot(LANGUAGE=language)
    group = standins.new_group()
    assert "⛔" in standins.asks(VERA, f"/notify {says['misspelt']}", group)
    corrected = standins.asks(BORIS, f"/notify {says['misspelt']}", group)
    assert labels(corrected) == [says["right"]]
    standins.presses(BORIS, corrected, says["right"])
    standins.wait_for_message(f"🔔 .*\n.*{says['told']}", group)
    standins.asks(BORIS, f"/notify {says['me']}")

    call(standins, answer=True)
    card = standins.wait_for_message("^📥 Head office · .*123-45-01.* → 202", group)
    assert says["waited"] in card
    assert says["listen"] in " ".join(labels(card))
    assert says["no"] in standins.presses(BORIS, card, says["listen"])["text"]
    before = standins.asks(ANNA, "/id").id
    assert says["private"] in standins.presses(ANNA, card, says["listen"])["text"]
    assert standins.http.get(heard(standins, before)["url"]).content.startswith(b"\xff\xf3")
    standins.presses(VERA, card, "🔍")
    details = standins.wait_for_message("^📥 .*123-45-01", group, card.id)
    assert "DID" in details
    assert standins.again(card) == card

    program.kill()
    start_bot(LANGUAGE=language)
    call(standins, answer=False)
    standins.wait_for_message("^🔴 Head office · .*123-45-01", group)
    archive = Archive(standins)
    add_voicemail(archive, "79161234502", "202")
    private = standins.wait_for_message(
        f"^📼 Head office · {says['message']} · .*123-45-02\n.* → 202 .* 0:20", BORIS, seen_by=BORIS
    )
    assert says["listen"] not in " ".join(labels(private))
    shared = standins.wait_for_message(f"^📼 Head office · {says['message']}", group)
    assert says["listen"] in " ".join(labels(shared))
    assert len(cards(standins, group, "^(📥|🔴|📼) Head office")) == 3
    assert len(cards(standins, BORIS, "^(📥|🔴|📼) Head office")) == 1

    standins.asks(BORIS, f"/notify {says['off']}", group)
    assert says["told"] not in standins.asks(BORIS, "/notify", group)
    assert says["too"] in standins.asks(BORIS, "/notify")


@pytest.mark.parametrize("language", WORDS)
def test_a_storm_of_calls_is_one_list_and_each_of_them_can_be_opened(
    standins: Standins, start_bot: Callable[..., Program], language: str
) -> None:
    says = WORDS[language]
    standins.post("/control/traffic", running=False)
    start_bot(LANGUAGE=language)
    group = standins.new_group()
    standins.asks(BORIS, says["right"], group)
    archive = Archive(standins)
    start = str(archive.now)
    archive.add(*([archive.incoming(start, 15, caller=f"7916123460{one}", seconds=1)] for one in range(6)))
    listed = standins.wait_for_message(f"^📋 Head office · {says['many']}", group)
    assert labels(listed) == [str(number) for number in range(1, 7)]
    standins.presses(BORIS, listed, "3")
    standins.wait_for_message("^📥 .*123-46-02", group, listed.id)


def test_the_card_of_a_missed_caller_has_the_message_they_left(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    standins.post("/control/traffic", running=False)
    start_bot()
    group = standins.new_group()
    for kind in ("missed", "calls", "voicemail"):
        standins.asks(BORIS, f"/notify {kind} here", group)
    add_voicemail(Archive(standins), CALLER, "203")
    card = standins.wait_for_message("missed · .*123-45-01\\s+.* → 203.* · left a message", group)
    before = standins.asks(ANNA, "/id").id
    standins.presses(ANNA, card, "Listen")
    assert heard(standins, before)["duration"] == 20
    call(standins, "outgoing", "203", CALLER, answer=True)
    changed(standins, card, "called back after")
    assert cards(standins, group, "^(📥|🔴|📼) Head office") == []
