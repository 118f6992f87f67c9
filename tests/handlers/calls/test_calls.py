"""Calls built from the PBX's legs, and a day's figures from its records."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls.outcome import Outcome, answered_leg, came_after_hours, outcome, talk_seconds
from bot.pbx import CallLeg, CallRecord, Channel
from bot.pbx.resources.record_models import Direction, direction
from handlers.calls.active_calls import join_legs
from tests.fixtures.paths import RECORDINGS

CLOCK = "2026-11-23 14:{:02}:00.000"


def recorded(name: str) -> Any:
    file = next(RECORDINGS.glob(f"{name}_*.json"))
    return json.loads(file.read_text())["response"]["body"]["data"]


def leg(linkedid: str, to: str, start: int = 0, answer: int | None = None, end: int | None = None) -> CallLeg:
    times = {"start": start, "answer": answer, "endtime": end}
    written = {name: "" if at is None else CLOCK.format(at) for name, at in times.items()}
    return CallLeg.model_validate({"linkedid": linkedid, "src_num": "79161111111", "dst_num": to, **written})


def test_the_real_list_of_seven_legs_is_the_calls_that_live() -> None:
    legs = [CallLeg.model_validate(row) for row in recorded("319")]
    calls = join_legs(legs)
    alive = {leg.linkedid for leg in legs if leg.end is None}
    assert {call.linkedid for call in calls} == alive
    assert len(calls) == len(alive) < len(legs)


def test_a_call_that_rings_at_two_is_one_call_with_two_callees() -> None:
    (call,) = join_legs([leg("a", "202"), leg("a", "205")])
    assert [number for number, _ in call.callees] == ["202", "205"]
    assert not call.talking


def test_whoever_answered_is_the_one_talked_to() -> None:
    (call,) = join_legs([leg("a", "202"), leg("a", "205", 0, 2)])
    assert [number for number, _ in call.callees] == ["205"]
    assert call.talking
    assert call.lasts(datetime(2026, 11, 23, 14, 4, 14)) == 134  # noqa: DTZ001 (PBX local time)


def test_a_leg_that_ended_is_no_call_and_one_of_hours_is_suspicious() -> None:
    assert join_legs([leg("a", "202", 0, 1, 2)]) == []
    (call,) = join_legs([leg("a", "202", 0, 1)])
    assert call.is_suspicious(datetime(2026, 11, 23, 19, 0))  # noqa: DTZ001 (PBX local time)


def test_the_trunk_comes_from_the_channel() -> None:
    channel = Channel.model_validate({"linkedid": "a", "src_chan": "PJSIP/SIP-TRUNK-44BBC135-0000000b"})
    (call,) = join_legs([leg("a", "202")], [channel])
    assert call.trunk == "SIP-TRUNK-44BBC135"


LEGS = st.builds(
    leg,
    st.sampled_from("abc"),
    st.sampled_from(["202", "205", "outworktimes"]),
    st.integers(0, 20),
    st.none() | st.integers(20, 30),
    st.none() | st.integers(30, 40),
)


@given(st.lists(LEGS))
def test_each_call_is_shown_once_and_no_ended_leg_is(legs: list[CallLeg]) -> None:
    calls = join_legs(legs)
    assert len({call.linkedid for call in calls}) == len(calls)
    assert {call.linkedid for call in calls} == {leg.linkedid for leg in legs if leg.end is None}


def record(**fields: Any) -> CallRecord:
    return CallRecord.model_validate({"linkedid": "a", "src_num": "1", "dst_num": "2"} | fields)


def test_real_records_are_counted_by_call_and_by_who_answered() -> None:
    records = [CallRecord.model_validate(row) for row in recorded("321")["records"]]
    answered = [r for r in records if outcome(r) is Outcome.ANSWERED]
    assert answered
    for found in answered:
        assert answered_leg(found) is not None
        assert talk_seconds(found) <= found.talk_seconds
    assert any(outcome(r) is Outcome.MISSED and came_after_hours(r) for r in records)


@pytest.mark.parametrize(
    ("legs", "way"),
    [
        ([{"from_account": "201", "to_account": "202"}], Direction.INTERNAL),
        ([{"from_account": "201", "to_account": "SIP-TRUNK-44BBC135"}], Direction.OUTGOING),
        ([{"from_account": "IAX-TRUNK-44BBC135", "to_account": "202"}], Direction.INCOMING),
        ([{"from_account": "201", "to_account": "202"}, {"to_account": "SIP-TRUNK-44BBC135"}], Direction.OUTGOING),
    ],
)
def test_which_way_a_call_went_is_read_from_its_accounts(legs: list[dict[str, str]], way: Direction) -> None:
    assert direction(record(records=legs)) is way


def test_a_minute_on_two_legs_is_not_counted_twice() -> None:
    legs = [{"disposition": "ANSWERED", "billsec": 60}, {"disposition": "ANSWERED", "billsec": 50}]
    assert talk_seconds(record(totalBillsec=110, records=legs)) == 60


def test_a_transferred_call_lasts_until_its_last_word() -> None:
    first = {"disposition": "ANSWERED", "answer": "2026-11-23 14:00:00", "endtime": "2026-11-23 14:01:00"}
    second = {"disposition": "ANSWERED", "answer": "2026-11-23 14:01:05", "endtime": "2026-11-23 14:02:05"}
    beside = {"disposition": "ANSWERED", "answer": "2026-11-23 14:00:30", "endtime": "2026-11-23 14:01:00"}
    assert talk_seconds(record(totalBillsec=150, records=[first, second, beside])) == 120


def test_a_machine_that_picks_up_answers_nobody() -> None:
    menu = {"disposition": "ANSWERED", "is_app": "1", "billsec": 9, "from_account": "SIP-TRUNK-44BBC135"}
    call = record(did="74951110001", disposition="ANSWERED", records=[menu | {"dst_num": "2200100"}])
    assert (outcome(call), talk_seconds(call)) == (Outcome.MISSED, 0)
