"""/bans: who is banned, and a ban that is lifted, is gone meanwhile, or is lifted without an answer."""

from datetime import timedelta

import pytest

from bot.demo.pbx.web.keys import Permissions, Right
from tests.handlers.dispatcher_harness import ANNA, VERA
from tests.handlers.stations.health_room import Room

STRANGER, V6 = "198.51.100.9", "2001:db8::9"


async def asks_to_lift(room: Room, address: str = STRANGER) -> None:
    """Go from the command to the question whether to lift the ban."""
    await room.types("/bans", ANNA, ANNA)
    await room.presses_label(address)


async def outcome(room: Room) -> str:
    return (await room.outcomes())[-1].outcome


async def test_a_ban_is_lifted_after_one_question_and_stands_in_the_audit(room: Room) -> None:
    room.bans(STRANGER, "198.51.100.10")
    await asks_to_lift(room)
    assert "Lift all bans of 198.51.100.9" in room.text()
    assert room.wire.writes == 0
    await room.presses_label("Unban")
    assert "198.51.100.9 is not banned any more" in room.text()
    assert list(room.wire.station.banned) == ["198.51.100.10"]
    assert await outcome(room) == "unbanned 198.51.100.9"


async def test_a_second_press_lifts_nothing_again(room: Room) -> None:
    room.bans(STRANGER)
    await asks_to_lift(room)
    question = room.chat.keyboards[-1]
    for _ in range(2):
        await room.presses_of(question, "Unban", ANNA)
    assert room.wire.writes == 1


async def test_a_ban_that_ends_before_the_press_is_said(room: Room) -> None:
    room.bans(STRANGER)
    await room.types("/bans", ANNA, ANNA)
    room.now += timedelta(hours=3, seconds=1)
    await room.presses_label(STRANGER)
    assert room.chat.toasts[-1] == "It is not banned any more."
    assert "has banned nobody" in room.text()
    assert await outcome(room) == "over already"
    assert room.wire.writes == 0


async def test_an_ipv6_address_is_lifted_and_fits_its_button(room: Room) -> None:
    room.bans(V6)
    await asks_to_lift(room, V6)
    await room.presses_label("Unban")
    assert room.wire.station.banned == {}


async def test_an_answer_that_is_lost_is_looked_for_and_the_audit_has_what_was_found(room: Room) -> None:
    room.bans(STRANGER)
    room.wire.loses = lambda name: name == "firewall:unbanIp"
    await asks_to_lift(room)
    await room.presses_label("Unban")
    assert room.wire.writes == 1
    assert "ban_uncertain" in room.chat.edited
    assert "198.51.100.9 is not banned any more" in room.text()
    assert await outcome(room) == "unbanned 198.51.100.9"


@pytest.mark.parametrize(
    ("also_blind", "says", "audited"),
    [
        (False, "The PBX did not lift the ban of 198.51.100.9", "the PBX did not do it"),
        (True, "I could not see whether 198.51.100.9 is still banned", "unknown: the PBX does not answer"),
    ],
)
async def test_a_ban_that_was_not_lifted_or_cannot_be_looked_at_is_said_so(
    room: Room, also_blind: bool, says: str, audited: str
) -> None:
    room.bans(STRANGER)
    await asks_to_lift(room)

    def loses(name: str) -> bool:
        # The PBX drops what it was asked for.
        room.bans(STRANGER)
        asked_to_lift = "firewall:unbanIp" in room.wire.asked
        return name == "firewall:unbanIp" or (also_blind and asked_to_lift)

    room.wire.loses = loses
    await room.presses_label("Unban")
    assert says in room.text()
    assert await outcome(room) == audited
    assert room.wire.writes == 1


async def test_what_the_pbx_says_of_a_refusal_is_text_and_nothing_is_lifted(room: Room) -> None:
    room.bans(STRANGER)
    await asks_to_lift(room)
    hostile = "Not valid ip '<a href=\"https://evil.example\">198.51.100.9</a>'; rm -rf /"
    room.wire.refuses["firewall:unbanIp"] = {"result": False, "data": [], "messages": [hostile]}
    await room.presses_label("Unban")
    assert "<a" not in room.text()
    assert list(room.wire.station.banned) == [STRANGER]
    assert "unbanned" not in await outcome(room)


async def test_what_is_no_address_is_listed_as_text_and_never_sent_to_the_pbx(room: Room) -> None:
    """By the PBX's source, the address becomes a part of a shell command."""
    room.bans("1.2.3.4; reboot", "fe80::1%eth0$(reboot)", "<b>5.6.7.8</b>")
    await room.types("/bans", ANNA, ANNA)
    assert "3 addresses are banned" in room.text()
    assert "1.2.3.4; reboot" in room.text()
    assert "ban.lift" not in str(room.chat.keyboards[-1].rows)


async def test_whoever_may_only_look_has_no_button_and_a_forged_press_is_refused(room: Room) -> None:
    room.bans(STRANGER)
    await room.types("/bans", VERA, VERA)
    assert "1 address is banned" in room.text()
    assert "Unban" not in str(room.chat.keyboards[-1].rows)
    assert STRANGER not in str(room.chat.keyboards[-1].rows)
    keyboard = await room.button("ban.lift_now", {"address": STRANGER}, chat=VERA)
    await room.presses(keyboard, VERA, VERA)
    assert room.wire.writes == 0


@pytest.mark.parametrize("given", [{}, {"/api/v3/firewall": "read"}])
async def test_a_row_that_the_api_key_lacks_is_named(room: Room, given: dict[str, Right]) -> None:
    room.bans(STRANGER)
    await room.types("/bans", ANNA, ANNA)
    listed = room.chat.keyboards[-1]
    room.wire.station.keys.permit(Permissions({"/api/v3/providers": "read", **given}))
    await room.presses_of(listed, STRANGER, ANNA)
    if given:
        await room.presses_label("Unban")
    assert "Firewall" in room.text()
    assert room.wire.station.banned
