"""Outages missed while the PBX was not monitored, read from its history."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detection.missed_outages import MAX_REPORTED, MissedOutage, note_facts, outages_within
from bot.messages.renderer import Renderer
from bot.messages.sanitize import plain
from bot.pbx import TrunkEvent

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def at(minute: float) -> datetime:
    return NIGHT + timedelta(minutes=minute)


def event(minute: float | None, state: str, previous: str = "") -> TrunkEvent:
    stamp = at(minute).timestamp() if minute is not None else "yesterday"
    return TrunkEvent.model_validate({"timestamp": stamp, "state": state, "previousState": previous})


def within(*events: TrunkEvent, skew: float = 0) -> list[tuple[datetime | None, datetime | None]]:
    """Return outages of events given oldest first; monitoring gap from 02:10 to 02:31."""
    found = outages_within(events[::-1], at(10), at(31), trunk="SIP-1", name="Zadarma", skew=timedelta(minutes=skew))
    assert all((one.trunk, one.name) == ("SIP-1", "Zadarma") for one in found)
    return [(one.down_from, one.down_until) for one in found]


def test_an_outage_nobody_observed_is_reported_with_its_own_times() -> None:
    assert within(event(14, "rejected", "registered"), event(22, "registered", "rejected")) == [(at(14), at(22))]


def test_several_outages_come_in_their_order() -> None:
    events = [event(12, "REJECTED"), event(13, "OK"), event(15, "unregistered"), event(20, "registered")]
    assert within(*events) == [(at(12), at(13)), (at(15), at(20))]


def test_one_that_was_there_before_reaches_in_and_one_that_goes_on_reaches_out() -> None:
    events = [event(5, "rejected"), event(12, "registered"), event(25, "rejected"), event(40, "registered")]
    assert within(*events) == [(None, at(12)), (at(25), None)]


def test_one_that_lasted_all_the_time_reaches_both_ways() -> None:
    assert within(event(5, "rejected"), event(40, "registered")) == [(None, None)]


def test_what_was_before_the_first_event_is_what_it_says_itself() -> None:
    assert within(event(12, "registered", "rejected")) == [(None, at(12))]
    assert within(event(12, "registered", "OFF")) == []


def test_without_events_nothing_happened() -> None:
    assert within() == []


def test_switching_off_is_no_outage_and_ends_one() -> None:
    assert within(event(12, "OFF", "registered"), event(20, "registered", "OFF")) == []
    assert within(event(12, "rejected", "registered"), event(20, "OFF", "rejected")) == [(at(12), at(20))]


def test_a_state_nobody_knows_neither_begins_an_outage_nor_ends_one() -> None:
    events = [event(12, "rejected"), event(15, "UNKNOWN"), event(16, "🤷"), event(18, "registered"), event(20, "")]
    assert within(*events) == [(at(12), at(18))]


def test_several_words_for_being_down_are_one_outage() -> None:
    assert within(event(12, "unregistered"), event(14, "rejected"), event(20, "registered")) == [(at(12), at(20))]


def test_an_event_without_a_time_is_passed_over() -> None:
    assert within(event(12, "rejected"), event(None, "registered"), event(20, "registered")) == [(at(12), at(20))]


def test_the_clock_of_the_pbx_is_moved_onto_ours() -> None:
    events = [event(14, "rejected"), event(22, "registered")]
    assert within(*events, skew=3) == [(at(17), at(25))]
    assert within(*events, skew=-60) == []


def test_the_edges_belong_to_the_window_at_its_beginning_only() -> None:
    assert within(event(10, "rejected", "registered"), event(31, "registered", "rejected")) == [(at(10), None)]


def test_a_window_that_is_none_has_nothing_in_it() -> None:
    events = (event(20, "registered"), event(14, "rejected"))
    assert outages_within(events, at(31), at(10), trunk="SIP-1", name="Zadarma") == ()


STATES = st.sampled_from(["registered", "REGISTERED", "rejected", "unregistered", "OFF", "UNKNOWN", "?", "lagged"])


@given(st.lists(st.tuples(st.none() | st.integers(0, 60), STATES, STATES), max_size=10))
def test_whatever_the_history_says_the_outages_follow_each_other_within_the_window(
    told: list[tuple[int | None, str, str]],
) -> None:
    found = outages_within([event(*one) for one in told], at(10), at(31), trunk="SIP-1", name="Zadarma")
    moments = [moment for one in found for moment in (one.down_from or at(10), one.down_until or at(31))]
    assert moments == sorted(moments)
    assert all(at(10) <= moment <= at(31) for moment in moments)
    assert all(one.is_complete for one in found[1:-1])


# --- the message ----------------------------------------------------------------------------------------------------


def note(*absences: MissedOutage, language: str = "en") -> str:
    facts = note_facts("Head office", at(10), at(31), absences)
    return plain(Renderer(language).text("note_blind", facts, zone=UTC, now=at(32)))


def test_the_message_says_from_when_to_when_nobody_looked_and_what_happened() -> None:
    shown = note(MissedOutage("SIP-1", "Zadarma", at(14), at(22)))
    assert "I was blind 02:10:00 – 02:31:00 (21 min). · Head office" in shown
    assert "Zadarma was down 02:14:00 – 02:22:00 (8 min)" in shown


@pytest.mark.parametrize(
    ("begin", "end", "says"),
    [
        (14, None, "Zadarma went down at 02:14:00"),
        (None, 22, "Zadarma, down before, was up again at 02:22:00"),
        (None, None, "Zadarma was down all the time"),
    ],
)
def test_what_reaches_in_or_out_is_said_so(begin: int | None, end: int | None, says: str) -> None:
    assert says in note(MissedOutage("SIP-1", "Zadarma", at(begin) if begin else None, at(end) if end else None))


def test_that_nothing_happened_is_said_too() -> None:
    assert "no trunk was down meanwhile" in note()


def test_of_very_many_the_first_are_reported_and_the_rest_counted() -> None:
    many = [MissedOutage(f"SIP-{n}", f"Trunk {n}", at(29 - n / 10), at(30)) for n in range(MAX_REPORTED + 5)]
    facts = note_facts("Head office", at(10), at(31), many)
    assert (len(facts["outages"]), facts["more"]) == (MAX_REPORTED, 5)
    assert facts["outages"][0]["trunk"] == f"Trunk {MAX_REPORTED + 4}"
    assert "… and 5 more" in note(*many)
