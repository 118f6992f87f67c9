"""A trunk dies and comes back, in every way it can, with the bot alive, dead, or dying in between."""

import re
from collections.abc import Callable

import pytest

from tests.end_to_end.house import BORIS, GROUP, SAM, TOKEN, VERA, Program, Standins

Start = Callable[..., Program]
DOWN, UP = r"🔴.*Zadarma", r"🟢.*Zadarma"


def settle(standins: Standins, looks: int = 3) -> None:
    """Time for something to be told that should not be: the bot looks at the trunks a few times more."""
    standins.wait_for_looks(looks)


def told(standins: Standins, pattern: str) -> int:
    """How many messages were sent (edits not counted) that said this when they were sent."""
    sent = [c for c in standins.calls("sendMessage") if c["ok"]]
    return sum(bool(re.search(pattern, str(c["params"].get("text", "")))) for c in sent)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("provider_dead", "does not answer"),
        ("wrong_password", "refuses|refused|login"),
        ("unregistered", "Zadarma"),
    ],
)
def test_a_trunk_that_dies_is_told_once_and_its_return_too(
    standins: Standins, start_bot: Start, condition: str, says: str
) -> None:
    start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma", condition)
    alert = standins.wait_for_message(DOWN)
    assert re.search(says, alert.text)
    assert not alert.raw["silent"]
    settle(standins)
    standins.mends("Zadarma")
    answer = standins.wait_for_message(UP, after=alert.id)
    assert answer.raw["reply_to"] == alert.id
    edited = standins.wait_for(lambda: (m := standins.again(alert)) and (m if "🔴" not in m.text else None))
    assert not edited.buttons
    settle(standins)
    assert told(standins, DOWN) == 1
    assert told(standins, UP) == 1


def test_an_iax_trunk_is_watched_like_any_other(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.breaks("Branch IAX", "provider_dead")
    standins.wait_for_message(r"🔴.*Branch IAX")


def test_an_ip_trunk_without_registration_that_dies_is_an_outage(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.breaks("Doorphone gateway", "provider_dead")
    standins.wait_for_message(r"🔴.*Doorphone gateway")


def test_a_slow_provider_is_a_warning_without_a_sound(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma", "lagged")
    assert standins.wait_for_message(r"🟡.*Zadarma").raw["silent"]


def test_a_provider_that_falls_silent_is_first_a_warning_and_then_the_outage(
    standins: Standins, start_bot: Start
) -> None:
    """The PBX goes on saying `registered` for a while, as a real one does; here ten times faster."""
    standins.post("/control/speed", speed=10)
    start_bot()
    standins.wait_until_known()
    standins.post(f"/control/trunks/{standins.trunk('Zadarma')['id']}", condition="provider_dead", instant=False)
    warning = standins.wait_for_message(r"🟡.*Zadarma.* still registered")
    alert = standins.wait_for_message(DOWN, after=warning.id)
    assert (warning.raw["silent"], alert.raw["silent"]) == (True, False)
    began = {re.search(r"Since (\S+)", m.text)[1] for m in (warning, alert)}  # type: ignore[index]
    assert len(began) == 1, "the warning was the outage's first minute"


def test_switching_a_trunk_off_wakes_nobody(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma", "off")
    note = standins.wait_for_message("Zadarma.*switched off")
    assert note.raw["silent"]
    settle(standins)
    assert not standins.alerts("🔴")


def test_a_state_never_seen_before_is_no_outage(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma", "weird_state")
    settle(standins, 6)
    assert not standins.alerts("🔴")


def test_a_deleted_trunk_closes_its_incident(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma")
    alert = standins.wait_for_message(DOWN)
    standins.breaks("Zadarma", "deleted")
    standins.wait_for(lambda: (m := standins.again(alert)) and (m if "deleted" in m.text else None), "deleted")


def test_a_blip_shorter_than_the_hold_off_wakes_nobody(standins: Standins, start_bot: Start) -> None:
    start_bot(ALERT_AFTER="3600")
    standins.wait_until_known()
    standins.breaks("Zadarma")
    settle(standins)
    standins.mends("Zadarma")
    settle(standins)
    assert not standins.alerts("🔴|🟢")


def test_taking_an_alert_shows_who_took_it_and_only_once(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma")
    alert = standins.wait_for_message(DOWN)
    assert "no right" in standins.presses(VERA, alert, "on it")["text"]
    assert "yours" in standins.presses(BORIS, alert, "on it")["text"]
    taken = standins.wait_for(lambda: (m := standins.again(alert)) and (m if "Boris" in m.text else None), "Boris")
    assert not taken.buttons


def test_the_telephony_engine_dying_is_one_alert_not_one_for_each_trunk(standins: Standins, start_bot: Start) -> None:
    standins.post("/control/speed", speed=100)
    start_bot()
    standins.wait_until_known()
    standins.post("/control/asterisk", running=False, instant=True)
    alert = standins.wait_for_message("🔴.*(engine|Head office)")
    settle(standins)
    assert "engine" in alert
    assert len(standins.alerts("🔴")) == 1
    standins.post("/control/asterisk", running=True, instant=True)
    assert "engine" in standins.wait_for_message("🟢", after=alert.id)
    settle(standins)
    assert told(standins, "🔴") == 1


@pytest.mark.parametrize(
    "kind", ["unplugged", "garbage", "html", "half_json", "redis_down", "php_down", "server_error"]
)
def test_a_pbx_that_does_not_answer_is_one_alert_that_holds_back_its_trunks(
    standins: Standins, start_bot: Start, kind: str
) -> None:
    start_bot()
    standins.wait_until_known()
    standins.post("/control/fault", kind=kind, delay=0)
    alert = standins.wait_for_message("🔴.*Head office")
    standins.breaks("Zadarma")
    standins.mends("Zadarma")
    standins.post("/control/fault", kind="none", delay=0)
    standins.wait_for_message("🟢.*Head office", after=alert.id)
    assert told(standins, "🔴") == 1


def test_a_pbx_whose_worker_is_stuck_is_told_as_what_it_is(standins: Standins, start_bot: Start) -> None:
    standins.post("/control/speed", speed=30)
    start_bot()
    standins.wait_until_known()
    standins.post("/control/worker", running=False)
    assert "takes too long to answer" in standins.wait_for_message("🔴.*Head office")
    assert "restart the PBX's workers" in standins.asks(BORIS, "/cdr today", GROUP)
    standins.post("/control/worker", running=True)
    standins.wait_for_message("🟢.*Head office")


def test_a_slow_pbx_is_waited_for_and_is_no_outage(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.post("/control/fault", kind="slow", delay=2)
    settle(standins, 3)
    assert not standins.alerts("🔴")
    assert "Zadarma" in standins.asks(BORIS, "/status", GROUP)


def test_a_revoked_key_is_told_as_what_it_is(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.post("/control/key", revoked=True)
    alert = standins.wait_for_message("API key")
    assert "🔴" in alert
    answer = standins.asks(BORIS, "/status", GROUP)
    assert answer.text.count("PBX_API_KEY") == 1
    assert re.search(r"asked again in \d", answer.text)


def test_a_missing_right_names_its_row(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.post("/control/key", permissions={"/api/v3/cdr": "read", "/api/v3/employees": "write"})
    assert "Providers" in standins.wait_for_message("API key")
    assert "PBX Status" in standins.asks(BORIS, "/calls", GROUP)


def test_killed_between_break_and_alert_it_tells_after_its_restart(standins: Standins, start_bot: Start) -> None:
    first = start_bot(ALERT_AFTER="3")
    standins.wait_until_known()
    standins.breaks("Zadarma")
    standins.wait_for_looks(1)
    first.kill()
    assert not standins.alerts("🔴")
    start_bot(ALERT_AFTER="3")
    standins.wait_for_message(DOWN)
    settle(standins)
    assert told(standins, DOWN) == 1


def test_killed_between_alert_and_recovery_it_tells_the_recovery(standins: Standins, start_bot: Start) -> None:
    first = start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma")
    alert = standins.wait_for_message(DOWN)
    # Killed before it knows that Telegram took the alert, it would rightly send it again as a possible repeat.
    standins.wait_for_looks(2)
    first.kill()
    start_bot()
    settle(standins)
    standins.mends("Zadarma")
    assert standins.wait_for_message(UP, after=alert.id).raw["reply_to"] == alert.id
    settle(standins)
    assert told(standins, DOWN) == 1
    assert told(standins, UP) == 1


def test_a_recovery_while_the_bot_is_dead_is_told_when_it_lives_again(standins: Standins, start_bot: Start) -> None:
    first = start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma")
    alert = standins.wait_for_message(DOWN)
    # Killed before it knows that Telegram took the alert, it would rightly send it again as a possible repeat.
    standins.wait_for_looks(2)
    first.kill()
    standins.mends("Zadarma")
    start_bot()
    standins.wait_for_message(UP, after=alert.id)
    settle(standins)
    assert told(standins, DOWN) == 1
    assert told(standins, UP) == 1


def test_killed_while_telegram_does_not_take_the_alert_it_still_arrives(standins: Standins, start_bot: Start) -> None:
    first = start_bot()
    standins.wait_until_known()
    standins.post("/client/faults", kind="server_error", methods=["sendMessage"], count=-1)
    standins.breaks("Zadarma")
    standins.wait_for(
        lambda: any(c["method"] == "sendMessage" and not c["ok"] for c in standins.calls()) or None, "an attempt"
    )
    first.kill()
    standins.post("/client/faults", kind="none")
    start_bot()
    standins.wait_for_message(DOWN)
    settle(standins)
    assert told(standins, DOWN) == 1


def test_an_alert_whose_answer_was_lost_says_that_it_may_be_a_repeat(standins: Standins, start_bot: Start) -> None:
    start_bot()
    standins.wait_until_known()
    standins.post("/client/faults", kind="lost_answer", methods=["sendMessage"], count=1)
    standins.breaks("Zadarma")
    standins.wait_for_message(f"(?s)possible repeat.*{DOWN}")


def test_the_group_becoming_a_supergroup_loses_no_alert(standins: Standins, start_bot: Start) -> None:
    old = standins.post("/client/chats", title="Old style", type="group", creator=1001, members=[1002])["id"]
    start_bot(ALERT_CHATS=str(old), OPERATORS=f"{BORIS} {old}")
    standins.wait_until_known()
    new = standins.post("/client/migrate", chat=old)["new_id"]
    standins.breaks("Zadarma")
    standins.wait_for_message(DOWN, chat=new)


def test_a_group_that_becomes_a_supergroup_keeps_its_rights(standins: Standins, start_bot: Start) -> None:
    old = standins.post("/client/chats", title="Old style", type="group", creator=1001, members=[SAM])["id"]
    start_bot(VIEWERS=str(old))
    assert "Zadarma" in standins.asks(SAM, "/status", old)
    new = standins.post("/client/migrate", chat=old)["new_id"]
    assert "Zadarma" in standins.asks(SAM, "/status", new)


def test_a_revoked_token_ends_the_program_with_a_clear_line(standins: Standins, start_bot: Start) -> None:
    program = start_bot()
    standins.post("/client/faults", kind="unauthorized", count=-1)
    standins.post("/client/send", **{"as": 1001, "chat": 1001, "text": "wake the long poll"})
    assert program.wait(70) == 3
    assert "TELEGRAM_TOKEN" in program.log.read_text()
    assert TOKEN not in program.log.read_text()


def test_a_polite_end_is_quick_and_leaves_nothing_behind(standins: Standins, start_bot: Start) -> None:
    program = start_bot()
    standins.wait_for_looks(1)
    assert program.stop() == 0
    assert "Traceback" not in program.log.read_text()
