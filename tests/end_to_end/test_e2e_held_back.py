"""An outage that a mute or a window holds back is told when that ends, if it is still an outage then."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.end_to_end.house import BORIS, GROUP, Program, Standins, press

Start = Callable[..., Program]
DOWN = r"🔴.*Zadarma.* is down"


def alerts(standins: Standins) -> int:
    """How many messages were sent that say it is down; an answer to a command of somebody is none."""
    sent = [call for call in standins.calls("sendMessage") if call["ok"]]
    return sum(bool(re.search(DOWN, str(call["params"].get("text", "")).replace("<b>", ""))) for call in sent)


def breaks_unheard(standins: Standins) -> None:
    """The trunk goes down, and for many looks at it nothing arrives."""
    standins.breaks("Zadarma")
    standins.wait_for_looks(6)
    assert alerts(standins) == 0


def test_a_mute_that_ends_while_the_trunk_is_down_lets_the_alert_arrive(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    # A minute is the shortest that can be written.
    muted = standins.asks(BORIS, "/mute Zadarma for 1min", GROUP)
    breaks_unheard(standins)
    alert = standins.wait_for(
        lambda: next((m for m in standins.from_bot(GROUP) if m.id > muted.id and re.search(DOWN, m.text)), None),
        "the alert after the mute",
        within=90,
    )
    assert not alert.raw["silent"]
    standins.wait_for_looks(3)
    assert alerts(standins) == 1


def test_unmuting_while_the_trunk_is_down_lets_the_alert_arrive_at_once(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    muted = standins.asks(BORIS, "/mute Zadarma for 4h works on the line", GROUP)
    breaks_unheard(standins)
    told = press(standins, muted, "Unmute", "Unmuted by Boris Petrov.", BORIS)
    assert "What is still down is told now." in told
    alert = standins.wait_for_message(DOWN, after=muted.id)
    assert not alert.raw["silent"]
    standins.mends("Zadarma")
    standins.wait_for_message(r"🟢.*Zadarma", after=alert.id)
    assert alerts(standins) == 1


def test_a_window_holds_an_outage_back_and_its_end_tells_what_is_still_down(
    standins: Standins, start_bot: Start
) -> None:
    start_bot()
    standins.wait_until_known()
    preview = standins.asks(BORIS, "/maintenance all now for 1min updates", GROUP)
    press(standins, preview, "Plan", "Maintenance planned by Boris Petrov.", BORIS)
    planned_at = datetime.now()  # noqa: DTZ005 (only to measure)
    standins.breaks("Branch IAX")
    breaks_unheard(standins)
    standins.mends("Branch IAX")
    standins.wait_for(
        lambda: next((m for m in standins.from_bot(GROUP) if m.id > preview.id and re.search(DOWN, m.text)), None),
        "what is still down after the window",
        within=90,
    )
    assert datetime.now() - planned_at > timedelta(seconds=30)  # noqa: DTZ005 (the same)
    standins.wait_for_looks(3)
    assert alerts(standins) == 1
    assert not standins.alerts(r"🔴.*Branch IAX.* is down"), "what recovered in the window is nobody's alarm"
