"""Outages and recoveries of a trunk of every kind, with the bot running, stopped, or killed in between."""

import re
from collections.abc import Callable, Iterator

import pytest

from bot.demo.pbx.registration.sights import NEWEST
from tests.end_to_end.harness import ANNA, BORIS, GROUP, SAM, Program, Seen, Standins, running_bot, running_standins

Start = Callable[..., Program]
DOWN, UP = r"🔴.*Zadarma", r"🟢.*Zadarma"
# Each test breaks another trunk: repeated outages would flap.
LINES = [f"Line {letter}" for letter in "ABCDEFGH"]
KINDS = ["unplugged", "garbage", "html", "half_json", "redis_down", "php_down", "server_error"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standins]:
    """Alerts go to Anna in private: a group accepts only twenty messages and edits a minute."""
    with running_standins() as harness:
        for name in LINES:
            harness.post("/control/trunks", name=name, host=f"{name[-1].lower()}.example.com", username="1")
        with running_bot(harness, tmp_path_factory.mktemp("shared"), ALERT_CHATS=str(ANNA)):
            harness.wait_until_known()
            yield harness


def settle(standins: Standins, looks: int = 2) -> None:
    """Give wrong notifications time to arrive: the bot polls the trunks again and evaluates them."""
    standins.wait_for_looks(looks)


def told(standins: Standins, pattern: str) -> int:
    """Count the messages, edits excluded, whose original text matches the pattern."""
    sent = [c for c in standins.calls("sendMessage") if c["ok"]]
    return sum(bool(re.search(pattern, str(c["params"].get("text", "")))) for c in sent)


def newest(shared: Standins) -> int:
    return max((message.id for message in shared.messages(ANNA)), default=0)


def heard(shared: Standins, pattern: str, after: int = 0) -> Seen:
    return shared.wait_for_message(pattern, ANNA, after)


# --- shared harness --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "condition", "says"),
    [
        ("Line A", "provider_dead", "does not answer"),
        ("Line B", "wrong_password", "refuses the login"),
        ("Line C", "unregistered", "does not say why"),
        # By IAX, and by an address without registration.
        ("Branch IAX", "provider_dead", "Branch IAX"),
        ("Doorphone gateway", "provider_dead", "does not answer"),
    ],
)
def test_a_trunk_that_dies_is_reported_once_and_its_return_too(
    shared: Standins, line: str, condition: str, says: str
) -> None:
    shared.breaks(line, condition)
    alert = heard(shared, f"🔴.*{line}")
    assert says in alert
    assert not alert.raw["silent"]
    settle(shared)
    shared.mends(line)
    answer = heard(shared, f"🟢.*{line}", alert.id)
    assert answer.raw["reply_to"] == alert.id
    assert answer.raw["silent"], "nobody took it, so nobody waits for it"
    edited = shared.wait_for(lambda: (m := shared.again(alert)) and (m if "🔴" not in m.text else None))
    assert not edited.buttons
    settle(shared)
    assert told(shared, f"{line} is down") == 1
    assert told(shared, f"{line} is up again") == 1


def test_a_slow_provider_is_a_warning_without_a_sound(shared: Standins) -> None:
    shared.breaks("Line D", "lagged")
    warning = heard(shared, r"🟡.*Line D")
    assert warning.raw["silent"]
    shared.mends("Line D")
    assert heard(shared, r"🟢.*Line D", warning.id).raw["silent"]


def test_a_provider_that_falls_silent_is_first_a_warning_and_then_the_outage(shared: Standins) -> None:
    """The PBX reports `registered` for a while, as the older release does; here ten times faster."""
    shared.station.dialect = "2026.1"
    shared.post("/control/speed", speed=10)
    shared.post(f"/control/trunks/{shared.trunk('Line E')['id']}", condition="provider_dead", instant=False)
    warning = heard(shared, r"🟡.*Line E.* does not answer")
    alert = heard(shared, r"🔴.*Line E", warning.id)
    shared.post("/control/speed", speed=1)
    assert (warning.raw["silent"], alert.raw["silent"]) == (True, False)
    began = {re.search(r"Since (\S+)", m.text)[1] for m in (warning, alert)}  # type: ignore[index]
    assert len(began) == 1, "the warning was the outage's first minute"
    shared.mends("Line E")
    heard(shared, r"🟢.*Line E", alert.id)
    shared.station.dialect = NEWEST


def test_switching_a_trunk_off_wakes_nobody(shared: Standins) -> None:
    shared.breaks("Line F", "off")
    assert heard(shared, "Line F.*switched off").raw["silent"]
    settle(shared)
    assert not shared.alerts("🔴.*Line F", ANNA)


def test_a_state_never_seen_before_is_no_outage(shared: Standins) -> None:
    shared.breaks("Line G", "weird_state")
    settle(shared, 5)
    assert not shared.alerts("Line G", ANNA)


def test_a_deleted_trunk_closes_its_incident(shared: Standins) -> None:
    shared.breaks("Line H")
    alert = heard(shared, "🔴.*Line H")
    shared.breaks("Line H", "deleted")
    heard(shared, "Line H was deleted", alert.id)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pbx_that_does_not_answer_is_one_alert_that_holds_back_its_trunks(shared: Standins, kind: str) -> None:
    before = newest(shared)
    shared.post("/control/fault", kind=kind, delay=0)
    alert = heard(shared, "🔴.*Head office", before)
    shared.breaks("Zadarma")
    shared.mends("Zadarma")
    shared.post("/control/fault", kind="none", delay=0)
    over = heard(shared, "🟢.*Head office", alert.id)
    assert [m.id for m in shared.from_bot(ANNA) if m.id > before] == [alert.id, over.id]


def test_a_pbx_whose_worker_is_stuck_is_reported_as_what_it_is(shared: Standins) -> None:
    before = newest(shared)
    shared.post("/control/speed", speed=30)
    shared.post("/control/worker", running=False)
    alert = heard(shared, "🔴.*Head office", before)
    assert "takes too long to answer" in alert
    assert "restart the PBX's workers" in shared.asks(BORIS, "/cdr today")
    shared.post("/control/worker", running=True)
    heard(shared, "🟢.*Head office", alert.id)
    shared.post("/control/speed", speed=1)


def test_a_slow_pbx_is_waited_for_and_is_no_outage(shared: Standins) -> None:
    before = newest(shared)
    shared.post("/control/fault", kind="slow", delay=2)
    settle(shared)
    assert "Zadarma" in shared.asks(BORIS, "/status")
    shared.post("/control/fault", kind="none", delay=0)
    assert newest(shared) == before


def test_an_alert_whose_answer_was_lost_says_that_it_may_be_a_repeat(shared: Standins) -> None:
    # Queued messages of an earlier outage must not meet the fault.
    settle(shared)
    before = newest(shared)
    shared.post("/client/faults", kind="lost_answer", methods=["sendMessage"], count=1)
    shared.breaks("Zadarma")
    alert = heard(shared, f"(?s)possible repeat.*{DOWN}", before)
    shared.mends("Zadarma")
    heard(shared, UP, alert.id)


# --- each with its own harness ---------------------------------------------------------------------------------------


def test_a_blip_shorter_than_the_hold_off_wakes_nobody(standins: Standins, start_bot: Start) -> None:
    start_bot(ALERT_AFTER="3600")
    standins.wait_until_known()
    standins.breaks("Zadarma")
    settle(standins)
    standins.mends("Zadarma")
    settle(standins)
    assert not standins.alerts("🔴|🟢")


def test_a_revoked_key_is_reported_as_what_it_is(standins: Standins, start_bot: Start) -> None:
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
    first = start_bot(ALERT_AFTER="15")
    standins.wait_until_known()
    standins.breaks("Zadarma")
    standins.wait_for_looks(1)
    first.kill()
    assert not standins.alerts("🔴")
    start_bot(ALERT_AFTER="15")
    standins.wait_for_message(DOWN)
    settle(standins)
    assert told(standins, DOWN) == 1


def test_killed_between_alert_and_recovery_it_tells_the_recovery(standins: Standins, start_bot: Start) -> None:
    first = start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma")
    alert = standins.wait_for_message(DOWN)
    # Killed before the delivery is stored, it would rightly send the alert again as a possible repeat.
    standins.wait_for_looks(2)
    first.kill()
    start_bot()
    settle(standins)
    standins.mends("Zadarma")
    assert standins.wait_for_message(UP, after=alert.id).raw["reply_to"] == alert.id
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


def test_the_group_becoming_a_supergroup_loses_neither_alerts_nor_rights(standins: Standins, start_bot: Start) -> None:
    old = standins.post("/client/chats", title="Old style", type="group", creator=ANNA, members=[SAM])["id"]
    start_bot(ALERT_CHATS=str(old), VIEWERS=str(old))
    assert "Zadarma" in standins.asks(SAM, "/status", old)
    standins.wait_until_known()
    new = standins.post("/client/migrate", chat=old)["new_id"]
    standins.breaks("Zadarma")
    standins.wait_for_message(DOWN, chat=new)
    assert "Zadarma" in standins.asks(SAM, "/status", new)


def test_a_polite_end_is_quick_and_leaves_nothing_behind(standins: Standins, start_bot: Start) -> None:
    program = start_bot()
    standins.wait_for_looks(1)
    assert program.stop() == 0
    assert "Traceback" not in program.log.read_text()
