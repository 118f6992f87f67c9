"""Cards of missed callers: told in the chat that asked, taken and closed, by hand and by themselves."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.harness import ANNA, BORIS, SAM, VERA, Program, Seen, Standins, running_bot, running_standins
from tests.end_to_end.people import grant

CALLER = "79161234501"
WEEKDAYS = {
    "en": [(day.lower(), day) for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")],
    "ru": [(day, day) for day in ("пн", "вт", "ср", "чт", "пт", "сб", "вс")],
}


def call(standins: Standins, kind: str = "incoming", src: str = CALLER, dst: str = "202", *, answer: bool) -> None:
    standins.post("/control/calls", kind=kind, src=src, dst=dst, answer=answer, ring_seconds=3, talk_seconds=5)


def records_read(standins: Standins) -> int:
    """Return how often the program has asked for call records."""
    return sum("/cdr" in request["path"] for request in standins.get("/control/requests")["requests"])


def changed(standins: Standins, shown: Seen, pattern: str) -> Seen:
    return standins.wait_for(
        lambda: (m := standins.again(shown)) and (m if re.search(pattern, m.text) else None), pattern
    )


@pytest.mark.parametrize(
    ("language", "ask", "always", "missed", "taken", "closed"),
    [
        (
            "en",
            "/notify missed here",
            "/notify hours always",
            "missed · .*123-45-01",
            "calls back, since",
            "called back after",
        ),
        (
            "ru",
            "/notify пропущенные сюда",
            "/notify часы круглосуточно",
            "пропущен · .*123-45-01",
            "перезванивает, с",
            "перезвонил",
        ),
    ],
)
def test_a_caller_nobody_answered_has_one_card_until_somebody_talked_to_them(
    standins: Standins,
    start_bot: Callable[..., Program],
    language: str,
    ask: str,
    always: str,
    missed: str,
    taken: str,
    closed: str,
) -> None:
    standins.post("/control/traffic", running=False)
    program = start_bot(LANGUAGE=language)
    group = standins.new_group()
    assert "⛔" in standins.asks(VERA, ask, group)
    standins.asks(BORIS, ask, group)
    assert re.search("At any hour|В любое время", standins.asks(BORIS, always, group).text)
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


@pytest.mark.parametrize(
    ("language", "hours", "said", "at_opening", "storm", "reminder", "reminded"),
    [
        (
            "en",
            ("/notify hours {} 09:00-18:00", "/notify hours off", "/notify hours always", "/notify remind 1m"),
            "With a sound: {} 09:00–18:00",
            "2 calls while closed, 2 to call back",
            r"\d+ callers missed since",
            "nobody has called back for 1 min",
            "⏰ .*callers wait for a call back, up to 1 min",
        ),
        (
            "ru",
            (
                "/notify часы {} с 9 до 18",
                "/notify часы выкл",
                "/notify часы всегда",
                "/notify напомнить через 1 минуту",
            ),
            "Со звуком: {} 09:00–18:00",
            "2 звонка в нерабочее время, перезвонить: 2",
            r"не ответили \d+ звонившим с",
            "если не перезвонили за 1 мин",
            "⏰ .*звонившим не перезвонили, ждут уже 1 мин",
        ),
    ],
)
def test_a_closed_chat_hears_at_the_opening_and_of_many_callers_at_once(
    standins: Standins,
    start_bot: Callable[..., Program],
    language: str,
    hours: tuple[str, ...],
    said: str,
    at_opening: str,
    storm: str,
    reminder: str,
    reminded: str,
) -> None:
    standins.post("/control/traffic", running=False)
    start_bot(LANGUAGE=language)
    group = standins.new_group()
    standins.asks(BORIS, "/notify missed here", group)
    # Neither today nor tomorrow, nor yesterday, in any zone.
    day = (standins.now() + timedelta(days=3)).weekday()
    written, shown = WEEKDAYS[language][day]
    assert said.format(shown) in standins.asks(BORIS, hours[0].format(written), group)
    assert reminder in standins.asks(BORIS, hours[3], group)
    call(standins, answer=False)
    call(standins, src="79161234502", answer=False)
    standins.wait_for(lambda: "123-45-02" in standins.asks(BORIS, "/missed", group), "both calls are on record")
    read = records_read(standins)
    standins.wait_for(lambda: records_read(standins) >= read + 4, "the program has looked at them twice")
    assert not [message for message in standins.from_bot(group) if message.text.startswith(("🔴", "🌙"))]
    assert "08:00–22:00" in standins.asks(BORIS, hours[1], group)
    standins.asks(BORIS, hours[2], group)
    opening = standins.wait_for_message(at_opening, group)
    assert opening.buttons == [["1", "2"]]
    for number, place in (("123-45-01", "1"), ("123-45-02", "2")):
        standins.presses(BORIS, standins.again(opening) or opening, place)
        card = standins.wait_for_message(rf"(missed|пропущен) · .*{number}", group, opening.id)
        standins.presses(BORIS, card, "call back" if language == "en" else "Перезвоню")
        opening = changed(standins, opening, f"{number}.* · 📞 Boris")
        call(standins, "outgoing", "203", f"7916{number.replace('-', '')}", answer=True)
        changed(standins, card, "203 called back|203 перезвонил")
        opening = changed(standins, opening, f"✅ .*{number}")
    assert opening.text.startswith("✅ Head office")
    assert opening.buttons == []
    for last in range(14):
        call(standins, src=f"791612346{last:02}", answer=False)
    many = standins.wait_for_message(storm, group)
    assert many.text.startswith("🌊")
    assert "/missed" in many or len(many.buttons) > 1
    standins.wait_for_message(reminded, group, many.id)


@pytest.mark.parametrize("hours", [-7, 26])
def test_a_caller_of_a_pbx_whose_clock_is_wrong_has_a_card_until_called_back(tmp_path: Path, hours: int) -> None:
    with running_standins(pbx_ahead=3600 * hours) as standins, running_bot(standins, tmp_path):
        standins.post("/control/traffic", running=False)
        group = standins.new_group()
        standins.wait_until_known()
        standins.asks(BORIS, "/notify missed here", group)
        standins.asks(BORIS, "/notify hours always", group)
        call(standins, answer=False)
        shown = standins.wait_for_message("missed · .*123-45-01", group)
        call(standins, "outgoing", "203", CALLER, answer=True)
        changed(standins, shown, "called back after")


def test_a_chat_whose_asker_loses_the_right_is_told_and_others_can_ask_again(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    standins.post("/control/traffic", running=False)
    start_bot()
    group = standins.new_group(members=[BORIS, SAM])
    grant(standins, f"{SAM} operator", group)
    standins.asks(SAM, "/notify missed here of 202", group)
    standins.asks(SAM, "/notify hours always", group)
    call(standins, answer=False)
    card = standins.wait_for_message("missed · .*123-45-01", group)
    question = standins.asks(ANNA, f"/revoke {SAM}", group)
    standins.presses(ANNA, question, question.buttons[0][0])
    told = standins.wait_for_message("this chat is told no more of: missed calls", group)
    assert changed(standins, card, "this chat is not told of missed calls any more").buttons == []
    assert "not told of calls" in standins.asks(BORIS, "/notify", group)
    standins.presses(BORIS, told, "Missed calls")
    standins.wait_for_message("this chat is told of:\n.*that rang at: 202[^✂]*At any hour", group, told.id)


def test_a_chat_is_told_while_its_pbx_lets_nobody_read_the_calls_and_of_those_in_between(tmp_path: Path) -> None:
    with running_standins(speed=40) as standins, running_bot(standins, tmp_path):
        standins.post("/control/traffic", running=False)
        group = standins.new_group()
        standins.wait_until_known()
        standins.asks(BORIS, "/notify missed here", group)
        standins.asks(BORIS, "/notify hours always", group)
        standins.post("/control/key", permissions={"/api/v3/employees": "read", "/api/v3/sip-providers": "read"})
        call(standins, answer=False)
        unread = standins.wait_for_message("this chat is not told of: missed calls", group)
        # On a busy machine the last look may be one that timed out.
        assert re.search("set “Call Records” to Read|cannot be read", unread.text)
        assert "the PBX's calls cannot be read" in standins.asks(BORIS, "/notify", group)
        standins.post("/control/key", permissions="full")
        again = standins.wait_for_message("told again of: missed calls.\\s+None of the calls since .* is lost", group)
        standins.wait_for_message("missed · .*123-45-01", group, again.id)
        assert "cannot be read" not in standins.asks(BORIS, "/notify", group)
