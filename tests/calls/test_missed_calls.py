"""Missed calls and later callbacks."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls.missed_calls import MissedCalls, MissedSummary
from bot.pbx import CallRecord
from bot.text.phone_numbers import same_number

TRUNK = "SIP-TRUNK-44BBC135"
NINE = datetime(2026, 11, 23, 9, 0)  # noqa: DTZ001 (PBX local time)
END = datetime(2026, 11, 23, 23, 59, 59)  # noqa: DTZ001 (PBX local time)


def incoming(minute: int, caller: str, *, answered: bool = False, to: str = "202", name: str = "") -> CallRecord:
    leg = {
        "from_account": TRUNK,
        "to_account": "" if to == "outworktimes" else to,
        "dst_num": to,
        "disposition": "ANSWERED" if answered else "NOANSWER",
    }
    return record(minute, caller, "74951110001", leg, did="74951110001", src_name=name)


def outgoing(minute: int, to: str, *, answered: bool = True, by: str = "202") -> CallRecord:
    word = "ANSWERED" if answered else "NOANSWER"
    return record(minute, by, to, {"from_account": by, "to_account": TRUNK, "dst_num": to, "disposition": word})


def record(minute: int, source: str, target: str, leg: dict[str, str], **more: str) -> CallRecord:
    row: dict[str, Any] = {
        "linkedid": str(minute),
        "start": str(NINE + timedelta(minutes=minute)),
        "src_num": source,
        "dst_num": target,
        "disposition": leg["disposition"],
        "records": [leg],
    }
    return CallRecord.model_validate(row | more)


def judged(*records: CallRecord, end: datetime = END) -> MissedSummary:
    calls = MissedCalls(end + timedelta(seconds=1))
    for each in records:
        calls.add(each)
    return calls.result()


def test_a_caller_who_was_called_back_is_no_longer_open() -> None:
    found = judged(incoming(0, "79161111111"), outgoing(20, "89161111111", by="205"))
    (caller,) = found.callers
    assert (found.total, found.open) == (1, 0)
    assert caller.contact is not None
    assert (caller.contact.start, caller.contact.by) == (NINE + timedelta(minutes=20), "205")
    assert caller.contact.ours


@pytest.mark.parametrize(
    "after",
    [
        outgoing(20, "89161111111", answered=False),
        outgoing(-20, "89161111111"),
        outgoing(20, "89161111112"),
        incoming(20, "79161111112", answered=True),
        record(20, "202", "79161111111", {"from_account": "202", "to_account": "203", "disposition": "ANSWERED"}),
    ],
    ids=["nobody answered", "before", "another number", "another caller", "inside"],
)
def test_what_is_no_call_back(after: CallRecord) -> None:
    assert judged(incoming(0, "79161111111"), after).open == 1


def test_who_calls_again_and_is_answered_needs_no_call_back() -> None:
    found = judged(incoming(0, "79161111111"), incoming(5, "79161111111", answered=True, to="203"))
    assert (found.open, found.callers[0].contact and found.callers[0].contact.by) == (0, "203")
    # The caller rang again themselves: that is no callback.
    assert found.callers[0].contact is not None
    assert not found.callers[0].contact.ours


def test_a_caller_who_is_missed_again_after_the_call_back_is_open_again() -> None:
    found = judged(incoming(0, "79161111111"), outgoing(10, "+79161111111"), incoming(20, "79161111111"))
    assert (found.total, found.open, len(found.callers)) == (2, 1, 1)
    assert found.callers[0].contact is None


def test_one_line_for_a_number_with_all_its_tries_newest_first() -> None:
    found = judged(incoming(0, "79161111111"), incoming(9, "89161111111", to="203", name="Client"))
    (caller,) = found.callers
    assert [miss.start for miss in caller.misses] == [NINE + timedelta(minutes=9), NINE]
    assert (caller.last.rang, caller.last.name) == ((("203", ""),), "Client")


def test_those_without_a_number_are_listed_as_such_and_never_called_back() -> None:
    found = judged(
        incoming(0, "79161111111"),
        incoming(1, "anonymous"),
        incoming(2, ""),
        incoming(3, "79162222222"),
        outgoing(4, "79162222222"),
        incoming(5, "anonymous", answered=True),
    )
    assert (found.total, found.open, found.without_number) == (4, 1, 2)
    assert [(c.has_number, c.contact is not None, len(c.misses)) for c in found.callers] == [
        (True, False, 1),
        (False, False, 2),
        (True, True, 1),
    ]


def test_the_greeting_after_hours_is_nobody_who_rang() -> None:
    found = judged(incoming(0, "79161111111", to="outworktimes"))
    assert (found.after_hours, found.callers[0].last.after_hours, found.callers[0].last.rang) == (1, True, ())


def test_what_comes_after_the_period_only_tells_who_was_called_back() -> None:
    found = judged(incoming(0, "79161111111"), incoming(2, "79161111111"), outgoing(3, "79161111111"), end=NINE)
    assert (found.total, found.open) == (1, 0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("89161111111", "+7 916 111-11-11", True),
        ("9,89161111111", "79161111111", True),
        ("79161111111", "79161111112", False),
        ("202", "202", True),
        ("202", "79161111202", False),
        ("anonymous", "", True),
    ],
)
def test_numbers_are_the_same_when_their_last_ten_digits_are(one: str, other: str, same: bool) -> None:
    assert (same_number(one) == same_number(other)) is same


NUMBERS = st.sampled_from(["79161111111", "89161111111", "79162222222", "anonymous", ""])
MINUTES = st.integers(0, 200)
CALLS = st.one_of(
    st.builds(incoming, MINUTES, NUMBERS, answered=st.booleans()),
    st.builds(outgoing, MINUTES, NUMBERS, answered=st.booleans()),
)


@given(st.lists(CALLS, max_size=12), st.randoms(use_true_random=False))
def test_counts_add_up_and_the_order_makes_no_difference(calls: list[CallRecord], random: Any) -> None:
    found = judged(*calls, end=NINE + timedelta(minutes=150))
    counts = [(c.has_number, c.open, len(c.misses)) for c in found.callers]
    assert found.total == sum(misses for _, _, misses in counts)
    assert found.open == sum(still for numbered, still, _ in counts if numbered)
    assert found.without_number == sum(misses for numbered, _, misses in counts if not numbered)
    for caller in found.callers:
        assert (caller.contact is None) == (caller.open > 0)
    ranks = [(not c.has_number, c.contact is not None) for c in found.callers]
    assert ranks == sorted(ranks, key=lambda rank: (rank[1], rank[0]))
    shuffled = judged(*random.sample(calls, len(calls)), end=NINE + timedelta(minutes=150))
    assert [(c.open, c.contact and c.contact.start) for c in shuffled.callers if c.has_number] == [
        (c.open, c.contact and c.contact.start) for c in found.callers if c.has_number
    ] or len({c.last.start for c in found.callers}) < len(found.callers)
