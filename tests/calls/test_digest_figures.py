"""What is usual, and how long somebody waited."""

from typing import Any

import pytest

from bot.calls.digest_figures import DigestFigures, usual
from bot.calls.outcome import wait_seconds
from bot.pbx import CallRecord

TRUNK = "SIP-TRUNK-44BBC135"


def week(calls: int, *, incoming: int = 0, answered: int = 0, missed: int = 0, wait: int = 0) -> DigestFigures:
    return DigestFigures(calls, incoming, answered, missed, missed, wait, "")


def test_usual_is_the_average_of_the_weeks_that_the_pbx_has() -> None:
    assert usual([week(0)] * 4) is None
    assert usual([]) is None
    # The second week is a holiday, the fourth one from before the PBX.
    found = usual([week(10, incoming=4, answered=1, missed=3, wait=5), week(0), week(4, incoming=1), week(0)])
    assert found is not None
    assert (found.weeks, found.calls, found.answer_rate, found.missed, found.longest_wait) == (3, 5, 20, 1, 2)
    assert usual([week(2), week(1)]) == usual([week(1), week(2)])
    halves = usual([week(2, missed=1), week(1)])
    assert halves is not None
    assert (halves.calls, halves.missed, halves.answer_rate) == (2, 1, None)


def leg(to: str, begin: int, end: int, answer: int | None = None, **more: Any) -> dict[str, Any]:
    at = "2026-11-23 14:00:{:02}.000".format
    return {
        "from_account": TRUNK,
        "to_account": to,
        "dst_num": to,
        "start": at(begin),
        "endtime": at(end),
        "answer": at(answer) if answer is not None else "",
        "disposition": "NOANSWER" if answer is None else "ANSWERED",
    } | more


@pytest.mark.parametrize(
    ("legs", "waited"),
    [
        ([leg("202", 2, 40, 12)], 12),
        ([leg("202", 2, 22), leg("203", 22, 50, 31)], 31),
        ([leg("2200", 1, 40, 1, is_app="1"), leg("203", 5, 40, 25)], 25),
        ([leg("202", 2, 33)], 33),
        ([leg("202", 2, 22), leg("voicemail", 22, 55, 22)], 22),
        ([leg("outworktimes", 0, 50, 0)], 0),
        ([], 0),
    ],
)
def test_a_caller_waits_until_a_person_answers_or_the_phones_stop_ringing(
    legs: list[dict[str, Any]], waited: int
) -> None:
    row = {"linkedid": "a", "start": "2026-11-23 14:00:00.000", "did": "7495", "src_num": "7916"}
    assert wait_seconds(CallRecord.model_validate(row | {"records": legs})) == waited


def test_who_is_called_by_us_does_not_wait() -> None:
    own = leg("202", 0, 30) | {"from_account": "201"}
    row = {"linkedid": "a", "start": "2026-11-23 14:00:00.000", "src_num": "201", "records": [own]}
    assert wait_seconds(CallRecord.model_validate(row)) == 0
