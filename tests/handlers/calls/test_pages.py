"""Pages of a period: complete counts, and paging while new calls arrive."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.pbx import CallRecord
from handlers.calls.pages import PAGE_SIZE, RecordKey, Summary, key_of, summarise

DAY = datetime(2026, 11, 23)  # noqa: DTZ001 (PBX local time)


def record(number: int, minute: int, answered: bool = True) -> CallRecord:
    leg = {"disposition": "ANSWERED" if answered else "NOANSWER", "billsec": 30 if answered else 0}
    start = str(DAY + timedelta(minutes=minute))
    return CallRecord.model_validate(
        {"linkedid": f"c{number:04}", "start": start, "did": "74951110001", "records": [leg]}
    )


def page(records: Iterable[CallRecord], before: RecordKey | None = None, after: RecordKey | None = None) -> Summary:
    summary = Summary(before, after)
    for one in records:
        summary.add(one)
    return summary


async def test_a_period_is_counted_whole_and_only_a_page_is_kept() -> None:
    async def records() -> AsyncIterator[CallRecord]:
        for number in range(5000):
            yield record(number, number, answered=number % 2 == 0)

    summary = await summarise(records())
    assert (summary.total, summary.answered, summary.missed) == (5000, 2500, 2500)
    assert summary.talk == 2500 * 30
    assert [r.linkedid for r in summary.page] == [f"c{n:04}" for n in range(4999, 4989, -1)]


def test_an_outgoing_call_nobody_answered_is_not_missed() -> None:
    trunk = "SIP-TRUNK-44BBC135"
    out = CallRecord.model_validate({"records": [{"disposition": "NOANSWER", "to_account": trunk}]})
    into = CallRecord.model_validate({"records": [{"disposition": "NOANSWER", "from_account": trunk}]})
    summary = page([out, into])
    assert (summary.not_reached, summary.missed) == (1, 1)


RECORDS = st.lists(st.integers(0, 1439), max_size=60).map(
    lambda minutes: [record(number, minute) for number, minute in enumerate(minutes)]
)


@given(RECORDS, st.randoms(use_true_random=False))
def test_leafing_to_the_end_and_back_shows_every_call_once_newest_first(
    records: list[CallRecord], random: Random
) -> None:
    expected = sorted(records, key=key_of, reverse=True)
    shuffled = random.sample(records, len(records))
    seen, pages, summary = list[CallRecord](), 1, page(shuffled)
    while True:
        assert summary.newer == len(seen)
        assert len(summary.page) <= PAGE_SIZE
        seen += summary.page
        if len(seen) == len(records):
            break
        summary, pages = page(shuffled, before=key_of(summary.page[-1])), pages + 1
    assert seen == expected
    for back in range(pages - 2, -1, -1):
        summary = page(shuffled, after=key_of(summary.page[0]))
        assert summary.page == expected[back * PAGE_SIZE : (back + 1) * PAGE_SIZE]
        assert summary.newer == back * PAGE_SIZE


@given(RECORDS, RECORDS)
def test_calls_that_come_in_meanwhile_move_no_page(records: list[CallRecord], more: list[CallRecord]) -> None:
    first = page(records)
    if first.total <= PAGE_SIZE:
        return
    place = key_of(first.page[-1])
    later = [one.model_copy(update={"linkedid": f"new-{one.linkedid}"}) for one in more]
    older = page([*records, *(one for one in later if key_of(one) > place)], before=place)
    assert older.page == page(records, before=place).page


def test_a_page_whose_calls_are_all_gone_gives_way_to_the_newest() -> None:
    left = [record(number, 600 + number) for number in range(3)]
    summary = page(left, before=key_of(record(0, 0)))
    assert (summary.page, summary.newer) == (left[::-1], 0)
