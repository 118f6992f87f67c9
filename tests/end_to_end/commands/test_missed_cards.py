"""Cards of missed callers: told in the chat that asked, taken and closed, by hand and by themselves."""

import re
from collections.abc import Callable

import pytest

from tests.end_to_end.harness import BORIS, VERA, Program, Seen, Standins

CALLER = "79161234501"


def call(standins: Standins, kind: str = "incoming", src: str = CALLER, dst: str = "202", *, answer: bool) -> None:
    standins.post("/control/calls", kind=kind, src=src, dst=dst, answer=answer, ring_seconds=3, talk_seconds=5)


def changed(standins: Standins, shown: Seen, pattern: str) -> Seen:
    return standins.wait_for(
        lambda: (m := standins.again(shown)) and (m if re.search(pattern, m.text) else None), pattern
    )


@pytest.mark.parametrize(
    ("language", "ask", "missed", "taken", "closed"),
    [
        ("en", "/notify missed here", "missed · .*123-45-01", "calls back, since", "called back after"),
        ("ru", "/notify пропущенные сюда", "пропущен · .*123-45-01", "перезванивает, с", "перезвонил"),
    ],
)
def test_a_caller_nobody_answered_has_one_card_until_somebody_talked_to_them(
    standins: Standins, start_bot: Callable[..., Program], language: str, ask: str, missed: str, taken: str, closed: str
) -> None:
    standins.post("/control/traffic", running=False)
    program = start_bot(LANGUAGE=language)
    group = standins.new_group()
    assert "⛔" in standins.asks(VERA, ask, group)
    standins.asks(BORIS, ask, group)
    call(standins, answer=False)
    shown = standins.wait_for_message(missed, group)
    assert "202" in shown
    call(standins, answer=False)
    twice = changed(standins, shown, "2 times|2 раза")
    standins.presses(BORIS, twice, "call back" if language == "en" else "Перезвоню")
    claimed = changed(standins, twice, taken)
    standins.presses(BORIS, claimed, "🔍")
    details = standins.wait_for_message("^📵 Head office · .*123-45-01", group, claimed.id)
    assert details.buttons == [["1", "2"]]
    standins.presses(BORIS, details, "2")
    changed(standins, details, "74951110001|495 111-00-01|202")
    program.kill()
    start_bot(LANGUAGE=language)
    call(standins, "outgoing", "203", CALLER, answer=True)
    done = changed(standins, claimed, closed)
    assert done.buttons == []
    assert "✅" in done
    assert len([m for m in standins.from_bot(group) if re.search(missed, m.text)]) == 1
