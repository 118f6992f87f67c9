"""Incidents end to end: paging and escalation, acknowledgement, and the buttons by role."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.downtime import time_passes
from tests.end_to_end.harness import (
    ANNA,
    BORIS,
    GROUP,
    SAM,
    VERA,
    Program,
    Seen,
    Standins,
    press,
    running_bot,
    running_standins,
)

KIM, DORA = 1011, 1012
ESCALATE, REMIND = "15", "20"


@contextmanager
def duty(folder: Path, **settings: str) -> Iterator[Standins]:
    """Kim is on call, then Boris, Dora and Anna; Kim has never opened the bot's private chat."""
    with running_standins() as harness:
        for person, name in ((KIM, "Kim"), (DORA, "Dora")):
            harness.post("/client/people", id=person, first_name=name)
        with running_bot(harness, folder, OPERATORS=f"{KIM} {BORIS} {DORA}", **settings):
            for person in (BORIS, DORA):
                harness.asks(person, "/start")
            harness.asks(KIM, "/id", harness.new_group(members=(KIM,)))
            preview = harness.asks(ANNA, f"/oncall set weekly mon 09:00 {KIM} {BORIS} {DORA} {ANNA}")
            press(harness, preview, "✅ Set", "Set. I check now")
            harness.wait_for_message("Kim.* cannot be called", GROUP)
            yield harness


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Standins]:
    """Harness with short escalation and reminder intervals."""
    with duty(tmp_path, ESCALATE_AFTER=ESCALATE, REMIND_EVERY=REMIND) as harness:
        yield harness


@pytest.fixture(scope="module")
def on_call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standins]:
    with duty(tmp_path_factory.mktemp("on_call")) as harness:
        yield harness


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standins]:
    """No person is on call; Sam, unknown to the bot, is a member of the group."""
    with running_standins() as harness, running_bot(harness, tmp_path_factory.mktemp("shared")):
        harness.post("/client/members", by=ANNA, chat=GROUP, user=SAM, status="member")
        yield harness


def new_lines(harness: Standins, *names: str) -> None:
    """Add trunks of this test that the bot knows to be up."""
    for name in names:
        harness.post("/control/trunks", name=name, host=f"{name.lower().replace(' ', '-')}.example.com", username="1")
    harness.wait_for_looks(3)


def down(name: str) -> str:
    return f"🔴 {name} is down"


def shows(harness: Standins, message: Seen, *parts: str) -> Seen:
    """Return the message once it contains all parts."""
    return harness.wait_for(
        lambda: (
            (m := harness.again(message, message.chat if message.chat > 0 else ANNA))
            and (m if all(part in m for part in parts) else None)
        ),
        f"{parts} instead of {message.text}",
    )


def private(harness: Standins, person: int, pattern: str, after: int = 0) -> Seen:
    return harness.wait_for_message(pattern, person, after, seen_by=person)


def taken_from(harness: Standins, message: Seen, by: int) -> None:
    assert "yours" in harness.presses(by, message, "I'm on it", wait=30)["text"]


def mended(harness: Standins, name: str, alert: Seen) -> Seen:
    harness.mends(name)
    return harness.wait_for_message(f"🟢 {name} is up again", alert.chat, after=alert.id)


def at(chain: str, step: str) -> datetime:
    """Return the time of a step of a timeline."""
    line = next(line for line in chain.splitlines() if step in line)
    return datetime.strptime(line.split()[0], "%H:%M:%S")  # noqa: DTZ007 (only to be compared)


def buttons(message: Seen) -> list[str]:
    return [label for row in message.buttons for label in row]


# --- people ----------------------------------------------------------------------------------------------------------


def test_nobody_takes_it_and_it_goes_from_one_to_the_next_to_everybody_and_is_then_notified_anew(
    hasty: Standins,
) -> None:
    new_lines(hasty, "Line 1")
    hasty.breaks("Line 1")
    alert = hasty.wait_for_message(down("Line 1"))
    first = private(hasty, BORIS, down("Line 1"))
    for woken in (alert, first):
        assert woken.raw["silent"] is (woken is alert), "who is woken in private is not woken by the group as well"
        assert "On call: Boris Petrov (if nobody takes it, the next at" in woken
        assert "Cannot be reached: Kim." in woken
    assert not hasty.alerts(down("Line 1"), DORA)
    second = private(hasty, DORA, down("Line 1"))
    assert not hasty.alerts(down("Line 1"), ANNA)
    third = private(hasty, ANNA, down("Line 1"))
    assert not second.raw["silent"]
    assert not third.raw["silent"]
    shows(hasty, alert, "On call: Boris Petrov, Dora, Anna Ivanova", "Cannot be reached: Kim.")
    again = hasty.wait_for_message(down("Line 1"), after=alert.id)
    assert again.raw["silent"]
    assert "Still, since" in again
    old = shows(hasty, alert, "see the newer message below")
    assert not old.buttons
    assert not private(hasty, BORIS, down("Line 1"), first.id).raw["silent"]
    mine = hasty.from_bot(BORIS, BORIS)[-1]
    taken_from(hasty, mine, BORIS)
    for copy in (again, mine):
        assert "On call" not in shows(hasty, copy, "Boris Petrov is on it")
    number = re.search(r"#(\d+) 🔴 Line 1", hasty.asks(VERA, "/incidents").text)
    assert number
    pages = len(hasty.alerts("Line 1"))
    hasty.wait_for_looks(6)
    assert len(hasty.alerts("Line 1")) == pages, "whoever has it is not reminded"
    over = mended(hasty, "Line 1", again)
    assert over.raw["silent"], "whoever took it hears it in private"
    assert not private(hasty, BORIS, "🟢 Line 1 is up again").raw["silent"]
    private(hasty, DORA, "🟢 Line 1 is up again")
    shown = hasty.asks(VERA, f"/why {number[1]}")
    chain = shown.text + press(hasty, shown, "Next", "page 2 of 2", VERA).text
    steps = ["It began", "Told: ", "Kim is on call and cannot be written to", "Told: Boris Petrov in private"]
    steps += ["others were asked: Dora", "Told: Dora in private", "others were asked: Anna Ivanova"]
    steps += ["Told: Anna Ivanova in private", "it was said once more", "Boris Petrov took it", "It ended: works again"]
    places = [chain.find(step) for step in steps]
    assert -1 not in places, chain
    assert places == sorted(places)
    assert at(chain, "said once more") - at(chain, "asked: Anna") >= timedelta(seconds=float(REMIND))
    assert "Line 1 · works again" in hasty.asks(VERA, "/incidents")


def test_it_is_handed_over_to_who_then_takes_it(on_call: Standins) -> None:
    new_lines(on_call, "Line 2")
    on_call.breaks("Line 2")
    alert = on_call.wait_for_message(down("Line 2"))
    taken_from(on_call, alert, BORIS)
    assert "Hand over" in shows(on_call, alert, "Boris Petrov is on it").buttons[0][0]
    assert "no right" in on_call.presses(VERA, shows(on_call, alert, "is on it"), "Hand over")["text"]
    mine = private(on_call, BORIS, down("Line 2"))
    on_call.presses(BORIS, shows(on_call, mine, "is on it"), "Hand over")
    choice = private(on_call, BORIS, "To whom?", mine.id)
    assert choice.buttons == [["🤝 Kim"], ["🤝 Dora"], ["🤝 Anna Ivanova"]]
    press(on_call, choice, "Dora", "Handed over, once they press", BORIS)
    told = private(on_call, DORA, down("Line 2"))
    assert not told.raw["silent"]
    for copy in (alert, told):
        shows(on_call, copy, "Boris Petrov handed it over to Dora")
    taken_from(on_call, told, DORA)
    for copy in (alert, mine, told):
        shows(on_call, copy, "Dora is on it")
    mended(on_call, "Line 2", alert)
    private(on_call, DORA, "🟢 Line 2 is up again")


def test_a_rehearsal_wakes_who_is_on_call_as_an_outage_would(on_call: Standins) -> None:
    on_call.after(on_call.says(DORA, "/test_alert"), DORA, "Boris Petrov", DORA)
    rehearsal = "🧪 Rehearsal: this is how an outage would reach you"
    alert, page = on_call.wait_for_message(rehearsal), private(on_call, BORIS, rehearsal)
    assert alert.raw["silent"]
    assert not page.raw["silent"]
    # Not counted: there is no outage.
    assert "🔔" not in on_call.asks(DORA, "/status")
    assert "Open incidents · 0" in on_call.asks(DORA, "/incidents")
    on_call.after(on_call.says(ANNA, "/test_alert"), ANNA, "A rehearsal runs already")
    taken_from(on_call, page, BORIS)
    over = on_call.wait_for_message("The rehearsal is over: Boris Petrov took it after", after=alert.id)
    assert over.raw["reply_to"] == alert.id


# --- buttons ---------------------------------------------------------------------------------------------------------


def test_several_that_go_down_together_are_one_message_and_are_taken_together(shared: Standins) -> None:
    names = ("Line 3", "Line 4", "Line 5")
    new_lines(shared, *names)
    for name in names:
        shared.breaks(name)
    first = shared.wait_for_message("trunks are down|Line 3 is down")
    alert = shows(shared, first, "🔴 3 trunks are down", *names)
    assert not alert.raw["silent"]
    assert alert.buttons[0] == ["✅ I'm on all of it", "🔍 Details"]
    assert buttons(alert)[2:] == ["🔕 Mute", "🔎 Check now", "♻️ Re-register"]
    shared.presses(BORIS, alert, "Check now")
    which = shared.wait_for_message("Check which of them?", after=alert.id)
    assert sorted(buttons(which)) == list(names)
    assert "no right" in shared.presses(VERA, alert, "all of it")["text"]
    shared.presses(VERA, alert, "Details")
    listed = shared.wait_for_message("Open incidents · 3", after=alert.id)
    assert listed.raw["reply_to"] == alert.id
    assert "All of it is yours" in shared.presses(BORIS, alert, "all of it")["text"]
    taken = shows(shared, alert, "✅ Boris Petrov")
    assert taken.text.count("✅ Boris Petrov") == 3
    assert taken.buttons[:2] == [["🔍 Details"], ["🤝 Hand over", "🔕 Mute"]]
    for name in names:
        shared.mends(name)
    over = shared.wait_for_message("3 incidents are over. It lasted", after=listed.id)
    assert over.raw["reply_to"] == alert.id
    assert not shared.alerts("is down")


def test_what_is_asked_under_an_alert_is_answered_beside_it(shared: Standins) -> None:
    new_lines(shared, "Line 6")
    shared.breaks("Line 6")
    alert = shared.wait_for_message(down("Line 6"))
    assert buttons(alert) == ["✅ I'm on it", "🔕 Mute", "🔍 Details", "🔎 Check now", "♻️ Re-register"]
    for label in ("I'm on it", "Mute", "Check now", "Re-register"):
        assert "no right" in shared.presses(VERA, alert, label)["text"]
    for label in ("I'm on it", "Mute", "Details", "Check now", "Re-register"):
        assert "no right" in shared.presses(SAM, alert, label)["text"]
    assert "no right" in shared.presses(BORIS, alert, "Re-register")["text"]
    shared.presses(VERA, alert, "Details")
    details = shared.wait_for_message("#[0-9]+ 🔴 Line 6", after=alert.id)
    assert "Measured" in shared.presses(BORIS, alert, "Check now")["text"]
    measured = shared.wait_for_message("line-6.example.com", after=details.id)
    shared.presses(BORIS, alert, "Mute")
    question = shared.wait_for_message("Mute Line 6 for how long", after=measured.id)
    assert {answer.raw["reply_to"] for answer in (details, measured, question)} == {alert.id}
    press(shared, question, "until recovery", "Muted until it has recovered by Boris Petrov.", BORIS)
    muted = shows(shared, alert, "🔕 Muted by Boris Petrov until it has recovered")
    assert buttons(muted) == buttons(alert)
    assert mended(shared, "Line 6", alert).raw["silent"], "nobody took it"
    assert "Nothing is held back" in shared.asks(VERA, "/mutes")


# --- each with its own harness ---------------------------------------------------------------------------------------


def test_a_trunk_that_is_registered_anew_recovers_and_was_not_switched_off(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma", "unregistered")
    alert = standins.wait_for_message(down("Zadarma"))
    standins.presses(ANNA, alert, "Re-register")
    question = standins.wait_for_message("Register Zadarma anew", after=alert.id)
    assert question.raw["reply_to"] == alert.id
    assert "Only whoever sent the command" in standins.presses(BORIS, question, "Re-register")["text"]
    trunk = standins.trunk("Zadarma")["id"]
    # The provider answers again after the PBX's last registration retry.
    standins.post("/control/speed", speed=20)
    standins.post(f"/control/trunks/{trunk}", condition="ok", instant=False)
    press(standins, question, "Re-register", "It works, after")
    standins.post("/control/speed", speed=1)
    assert [one["method"] for one in standins.writes(trunk)] == ["POST", "POST"]
    assert standins.trunk("Zadarma")["condition"] == "ok"
    standins.wait_for_message("🟢 Zadarma is up again", after=alert.id)
    assert "🟢" in shows(standins, alert, "It lasted")
    assert not standins.alerts("switched off by an administrator")


def test_the_telephony_engine_is_one_alert_and_none_of_its_trunks(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    standins.post("/control/speed", speed=100)
    start_bot()
    standins.wait_until_known()
    standins.post("/control/asterisk", running=False, instant=True)
    alert = standins.wait_for_message("🔴 Head office")
    assert "The telephony engine (Asterisk) does not answer: nobody can call." in alert
    assert buttons(alert) == ["✅ I'm on it", "🔕 Mute", "🔍 Details"]
    assert "engine" in standins.asks(VERA, "/incidents")
    standins.post("/control/asterisk", running=True, instant=True)
    over = standins.wait_for_message("🟢 The telephony engine of Head office answers again", after=alert.id)
    assert over.raw["reply_to"] == alert.id
    standins.wait_for_looks(3)
    assert len(standins.from_bot(GROUP)) == 2


def test_a_trunk_that_comes_and_goes_is_one_live_card_with_a_counter(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot(ALERT_AFTER="60")
    standins.wait_until_known()
    # A busy machine may look too late to see each of the first five.
    broken = 0
    while broken < 10:
        broken += 1
        standins.breaks("Zadarma")
        standins.wait_until_measured()
        standins.mends("Zadarma")
        standins.wait_until_measured()
        if standins.from_bot(GROUP):
            break
    card = standins.wait_for_message("Zadarma comes and goes")
    assert card.raw["silent"]
    counted = re.search(r"down (\d+) times", shows(standins, card, "times", "down altogether since").text)
    assert counted
    assert 4 <= int(counted[1]) <= broken
    assert len(standins.from_bot(GROUP)) == 1


def test_killed_while_an_outage_is_reported_it_tells_its_end_and_what_it_did_not_see(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    program = start_bot()
    standins.wait_until_known()
    standins.breaks("Zadarma")
    alert = standins.wait_for_message(down("Zadarma"))
    # Killed before the delivery is stored, it would rightly send the alert again as a possible repeat.
    standins.wait_for_looks(2)
    program.kill()
    time_passes(program.database, standins.station, timedelta(minutes=10))
    standins.breaks("Branch IAX")
    # The PBX records whole seconds.
    time.sleep(1)
    for name in ("Branch IAX", "Zadarma"):
        standins.mends(name)
    start_bot()
    blind = standins.wait_for_message(r"I was blind \S+ – \S+ \(10 min", after=alert.id)
    assert blind.raw["silent"]
    assert re.search(r"🔴 Branch IAX was down .+ – ", blind.text)
    assert re.search(r"🟢 Zadarma, down before, was up again at", blind.text)
    over = standins.wait_for_message("🟢 Zadarma is up again", after=alert.id)
    assert over.raw["reply_to"] == alert.id
    standins.wait_for_looks(3)
    assert len(standins.from_bot(GROUP)) == 3
    listed = standins.asks(VERA, "/incidents")
    assert "Nothing is open" in listed
    assert "🟢 Branch IAX · works again" in listed
