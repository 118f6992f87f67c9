"""Call statistics of a period: no call is counted twice or lost, and the PBX's figures match its manual."""

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls.call_stats import BARS, CallStats, bars
from bot.calls.outcome import Outcome
from bot.pbx import CallRecord
from bot.pbx.resources.record_models import Direction
from tests.fixtures.paths import RECORDINGS

TRUNK = "SIP-TRUNK-44BBC135"
WORDS = ("ANSWERED", "NOANSWER", "NO ANSWER", "CANCEL", "BUSY", "FAILED", "CHANUNAVAIL", "CONGESTION", "", "?")
ACCOUNTS = ("201", "202", TRUNK)


def lists_of_records() -> dict[str, list[dict[str, Any]]]:
    """Return every recorded list of complete calls."""
    found = {}
    for file in sorted(RECORDINGS.glob("*_cdr_*.json")):
        data = json.loads(file.read_text())["response"]["body"].get("data")
        rows = data.get("records", []) if isinstance(data, dict) else []
        if rows and all("records" in row for row in rows):
            found[file.stem] = rows
    return found


RECORDED = lists_of_records()


def counted(rows: list[dict[str, Any]]) -> CallStats:
    tally = CallStats()
    for row in rows:
        tally.add(CallRecord.model_validate(row))
    return tally


def manual(rows: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    """Return calls, answered, missed, average, computed exactly as the PBX's manual does."""
    answered = [r for r in rows if r.get("disposition") == "ANSWERED"]
    missed = [r for r in rows if r.get("disposition") in ("NO ANSWER", "NOANSWER")]
    talk = sum(r.get("totalBillsec", 0) for r in answered)
    return len(rows), len(answered), len(missed), talk // len(answered) if answered else 0


def call(**fields: Any) -> dict[str, Any]:
    return {"linkedid": "a", "src_num": "201", "dst_num": "202", "start": "2026-11-23 14:00:00.000"} | fields


@pytest.mark.parametrize("name", RECORDED)
def test_the_manuals_four_figures_come_out_of_real_records(name: str) -> None:
    pbx = counted(RECORDED[name]).pbx
    assert (pbx.calls, pbx.answered, pbx.missed, pbx.talk.value) == manual(RECORDED[name])


def test_missed_and_no_answer_are_what_the_manual_calls_missed_in_real_calls() -> None:
    """As long as an unanswered incoming call is recorded as unanswered, and not as busy."""
    rows = RECORDED["321_cdr_real_calls_grouped"]
    tally = counted(rows)
    assert (tally.outcomes[Outcome.MISSED], tally.outcomes[Outcome.NO_ANSWER]) == (4, 4)
    assert tally.outcomes[Outcome.MISSED] + tally.outcomes[Outcome.NO_ANSWER] == manual(rows)[2]


def test_an_unavailable_call_is_neither_answered_nor_missed_nor_in_the_average() -> None:
    leg = {"from_account": "201", "to_account": TRUNK, "disposition": "CHANUNAVAIL"}
    talked = {"from_account": "201", "to_account": TRUNK, "disposition": "ANSWERED", "billsec": 40, "dst_num": "7"}
    tally = counted(
        [
            call(disposition="CHANUNAVAIL", records=[leg]),
            call(disposition="ANSWERED", totalBillsec=40, records=[talked]),
        ]
    )
    assert tally.outcomes == Counter({Outcome.UNAVAILABLE: 1, Outcome.ANSWERED: 1})
    assert (tally.pbx.calls, tally.pbx.answered, tally.pbx.missed, tally.pbx.talk.value) == (2, 1, 0, 40)
    assert tally.talk.value == 40


def test_a_day_is_counted_by_trunk_caller_and_employee() -> None:
    incoming = {"from_account": TRUNK, "to_account": "202", "dst_num": "202", "dst_name": "Brown"}
    outgoing = {"from_account": "201", "to_account": TRUNK, "dst_num": "79161111111"}
    tally = counted(
        [
            call(
                src_num="79162222222",
                src_name="Client",
                did="7495",
                disposition="ANSWERED",
                start="2026-11-23 09:59:59.900",
                records=[incoming | {"disposition": "ANSWERED", "billsec": 30}],
            ),
            call(src_num="79162222222", did="7495", records=[incoming | {"disposition": "NOANSWER"}]),
            call(
                src_name="Smith",
                disposition="ANSWERED",
                records=[outgoing | {"disposition": "ANSWERED", "billsec": 50}],
            ),
        ]
    )
    assert tally.directions == Counter({Direction.INCOMING: 2, Direction.OUTGOING: 1})
    assert (tally.answer_rate, tally.longest, tally.talk.value) == (50, 50, 40)
    assert tally.callers.most_common() == [("79162222222", 2)]
    assert tally.caller_names == {"79162222222": "Client"}
    row = tally.trunks[TRUNK]
    assert (row.incoming, row.outgoing, row.answered, row.missed) == (2, 1, 2, 1)
    brown, smith = tally.employees["202"], tally.employees["201"]
    assert (brown.name, brown.called, brown.answered, brown.talk) == ("Brown", 0, 1, 30)
    assert (smith.name, smith.called, smith.answered, smith.talk) == ("Smith", 1, 0, 50)
    assert (tally.hours[9], tally.hours[14], tally.busiest_hour) == (1, 2, 14)


def test_no_calls_have_no_rate_and_no_busiest_hour() -> None:
    assert (CallStats().answer_rate, CallStats().busiest_hour, CallStats().talk.value) == (None, None, 0)
    assert bars(Counter()) == BARS[0] * 24


ROWS = st.builds(
    lambda minute, word, did, legs: call(
        start=str(datetime(2026, 11, 23) + timedelta(minutes=minute)),  # noqa: DTZ001 (PBX local time)
        disposition="ANSWERED" if any(leg["disposition"] == "ANSWERED" for leg in legs) else word,
        did=did,
        totalBillsec=sum(leg["billsec"] for leg in legs),
        records=legs,
    ),
    st.integers(0, 1439),
    st.sampled_from(WORDS),
    st.sampled_from(["", "74951110001"]),
    st.lists(
        st.builds(
            lambda source, target, word, talk: {
                "from_account": source,
                "to_account": target,
                "dst_num": target,
                "disposition": word,
                "billsec": talk if word == "ANSWERED" else 0,
            },
            st.sampled_from(ACCOUNTS),
            st.sampled_from(ACCOUNTS),
            st.sampled_from(WORDS),
            st.integers(1, 9000),
        ),
        max_size=3,
    ),
)


@given(st.lists(ROWS))
def test_every_call_is_counted_once_wherever_it_is_counted(rows: list[dict[str, Any]]) -> None:
    tally = counted(rows)
    pbx = tally.pbx
    assert (pbx.calls, pbx.answered, pbx.missed, pbx.talk.value) == manual(rows)
    assert tally.total == tally.outcomes.total() == tally.hours.total() == len(rows)
    assert tally.callers.total() == tally.directions[Direction.INCOMING]
    assert tally.after_hours <= tally.outcomes[Outcome.MISSED] <= tally.directions[Direction.INCOMING]
    assert tally.answered_incoming + tally.outcomes[Outcome.MISSED] == tally.directions[Direction.INCOMING]
    assert sum(t.missed for t in tally.trunks.values()) <= tally.outcomes[Outcome.MISSED]
    assert tally.longest >= tally.talk.value


@given(st.lists(ROWS), st.randoms(use_true_random=False))
def test_the_order_makes_no_difference(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert counted(shuffled) == counted(rows)


@given(st.dictionaries(st.integers(0, 23), st.integers(1, 10**6)))
def test_the_bars_show_the_busiest_hour_full_and_no_call_as_none(hours: dict[int, int]) -> None:
    line = bars(Counter(hours))
    assert len(line) == 24
    assert all((line[hour] == BARS[0]) == (hour not in hours) for hour in range(24))
    if hours:
        assert line[max(hours, key=lambda hour: hours[hour])] == BARS[-1]
