"""Outages, downtime and availability: consistent sums despite overlaps, within the period."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents import model
from bot.incidents.model import Kind
from bot.store.tables.incidents import Incident, IncidentEvent
from handlers.incidents.availability import StateInterval, TrunkAvailability, intervals_of, trunk_availabilities

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
DAY = MIDNIGHT + timedelta(days=1)
TRUNKS = {"SIP-1": "Zadarma", "SIP-2": "Megafon"}


def at(minute: float) -> datetime:
    return MIDNIGHT + timedelta(minutes=minute)


def spell(
    begin: float, end: float | None, kind: str = Kind.TRUNK_DOWN, subject: str = "SIP-1", cause: str = ""
) -> StateInterval:
    ended = None if end is None else at(end)
    return StateInterval(1, 1, subject, TRUNKS.get(subject, ""), kind, cause, at(begin), ended)


def station(begin: float, end: float | None, trouble: str) -> StateInterval:
    return spell(begin, end, Kind.STATION, "", trouble)


def past(*spells: StateInterval, begin: float = 0, end: float = 24 * 60) -> TrunkAvailability:
    found = trunk_availabilities(spells, TRUNKS, at(begin), at(end))
    return next(one for one in found if one.subject == "SIP-1")


def test_an_hour_down_of_four_leaves_three_quarters() -> None:
    found = past(spell(60, 120), end=240)
    assert (found.availability, found.down, found.longest) == (75.0, timedelta(hours=1), timedelta(hours=1))
    assert found.recovery == timedelta(hours=1)


def test_a_trunk_without_incidents_was_always_there() -> None:
    found = past(spell(60, 120, subject="SIP-2"))
    assert (found.availability, found.outages, found.recovery) == (100.0, (), None)


def test_answering_badly_is_not_being_down() -> None:
    assert past(spell(60, 120, Kind.TRUNK_DEGRADED)).availability == 100.0


def test_a_dead_engine_is_an_outage_of_every_trunk() -> None:
    for found in trunk_availabilities([station(0, 60, "engine_down")], TRUNKS, at(0), at(240)):
        assert found.availability == 75.0


@pytest.mark.parametrize("trouble", ["unreachable", "key_refused", "stale"])
def test_while_the_station_could_not_be_asked_nobody_knows(trouble: str) -> None:
    found = past(station(0, 120, trouble), spell(180, 210), end=240)
    assert found.watched == timedelta(hours=2)
    assert found.availability == 75.0


@pytest.mark.parametrize("kind", [kind for kind, info in model.KINDS.items() if info.uncertain])
def test_what_the_trunk_itself_does_not_tell_is_left_out_too(kind: str) -> None:
    assert past(spell(0, 240, kind), end=240).availability is None


def test_an_outage_goes_on_while_the_station_cannot_be_asked() -> None:
    found = past(spell(60, 180), station(90, 240, "unreachable"), end=240)
    assert found.down == timedelta(hours=2)
    assert found.watched == timedelta(hours=3)


def test_what_overlaps_is_one_outage_with_the_cause_that_was_first() -> None:
    found = past(spell(60, 120, cause="no_answer"), station(100, 150, "engine_down"))
    (outage,) = found.outages
    assert (outage.cause, outage.began_at, outage.ended_at) == ("no_answer", at(60), at(150))


def test_what_still_lasts_counts_until_the_end_of_the_period_and_has_not_recovered() -> None:
    found = past(spell(180, None), end=240)
    assert (found.down, found.recovery) == (timedelta(hours=1), None)


def test_what_reaches_out_of_the_period_counts_in_part_and_keeps_its_own_times() -> None:
    found = past(spell(-60, 30), spell(200, 999), end=240)
    assert [outage.span.length for outage in found.outages] == [timedelta(minutes=30), timedelta(minutes=40)]
    assert [outage.began_at for outage in found.outages] == [at(-60), at(200)]
    assert found.recovery == timedelta(minutes=90)


def test_the_worst_comes_first() -> None:
    found = trunk_availabilities([spell(0, 10, subject="SIP-1"), spell(0, 20, subject="SIP-2")], TRUNKS, MIDNIGHT, DAY)
    assert [one.name for one in found] == ["Megafon", "Zadarma"]


KINDS = st.sampled_from(
    [
        *((kind, "SIP-1", "") for kind in Kind if kind.startswith("trunk")),
        (Kind.TRUNK_DOWN, "SIP-2", ""),
        *((Kind.STATION, "", trouble) for trouble in ("engine_down", "unreachable", "stale")),
    ]
)


@st.composite
def any_spells(draw: st.DrawFn) -> list[StateInterval]:
    found = []
    for _ in range(draw(st.integers(0, 8))):
        begin = draw(st.integers(-300, 1500))
        end = draw(st.none() | st.integers(begin + 1, 1700))
        kind, subject, cause = draw(KINDS)
        found.append(spell(begin, end, kind, subject, cause))
    return found


@given(any_spells(), st.integers(0, 700), st.integers(701, 1440))
def test_it_equals_a_count_minute_by_minute(spells: list[StateInterval], begin: int, end: int) -> None:
    found = past(*spells, begin=begin, end=end)
    mine = [one for one in spells if one.subject in ("SIP-1", "")]

    def minutes(which: list[StateInterval]) -> set[int]:
        return {
            minute
            for minute in range(begin, end)
            for one in which
            if one.began_at <= at(minute) and (one.ended_at is None or at(minute) < one.ended_at)
        }

    down = minutes([one for one in mine if one.is_down])
    uncertain = minutes([one for one in mine if one.is_uncertain]) - down
    assert found.down == timedelta(minutes=len(down))
    assert found.watched == timedelta(minutes=end - begin - len(uncertain))


@given(any_spells(), st.integers(0, 700), st.integers(701, 1440))
def test_everything_adds_up_and_stays_in_the_period(spells: list[StateInterval], begin: int, end: int) -> None:
    for found in trunk_availabilities(spells, TRUNKS, at(begin), at(end)):
        assert found.availability is None or 0 <= found.availability <= 100
        assert found.longest <= found.down <= found.watched <= timedelta(minutes=end - begin)
        spans = sorted([*(outage.span for outage in found.outages), *found.uncertain])
        assert all(at(begin) <= span.begin < span.end <= at(end) for span in spans)
        assert all(one.end <= other.begin for one, other in itertools.pairwise(spans))
        assert found.down == sum((outage.span.length for outage in found.outages), timedelta(0))
        assert found.recovery is None or found.recovery > timedelta(0)


# --- incidents of several kinds -------------------------------------------------------------------------------------


def incident(kind: str, begin: float, end: float | None, subject: str = "SIP-1", **facts: str) -> Incident:
    ended = None if end is None else at(end)
    named = {"trunk": TRUNKS[subject]} if subject else {}
    return Incident(
        id=1, station="HQ", subject=subject, kind=kind, facts=named | facts, began_at=at(begin), ended_at=ended
    )


def event(minute: float, what: str, **facts: str) -> IncidentEvent:
    return IncidentEvent(incident_id=1, at=at(minute), noted_at=at(minute), what=what, facts=facts)


def told(spells: list[StateInterval]) -> list[tuple[str, datetime, datetime | None]]:
    return [(one.kind, one.began_at, one.ended_at) for one in spells]


def test_without_a_chain_an_incident_was_what_it_ended_as() -> None:
    assert told(intervals_of(incident("trunk_down", 0, 9), [])) == [("trunk_down", at(0), at(9))]


def test_a_warning_that_became_an_outage_was_its_beginning() -> None:
    chain = [event(0, "opened", kind="trunk_degraded"), event(3, "worsened", kind="trunk_down")]
    assert told(intervals_of(incident("trunk_down", 0, 9), chain)) == [("trunk_down", at(0), at(9))]


def test_an_outage_that_began_to_flap_was_down_until_then() -> None:
    chain = [
        event(0, "opened", kind="trunk_down"),
        event(1, "changed", cause="no_answer"),
        event(5, "eased", kind="trunk_flapping"),
        event(8, "worsened", kind="trunk_down"),
    ]
    assert told(intervals_of(incident("trunk_down", 0, None), chain)) == [
        ("trunk_down", at(0), at(5)),
        ("trunk_flapping", at(5), at(8)),
        ("trunk_down", at(8), None),
    ]


def test_a_station_that_answered_and_then_lost_its_engine_is_down_from_then_on() -> None:
    chain = [event(0, "opened", kind="station", trouble="unreachable"), event(4, "changed", trouble="engine_down")]
    found = intervals_of(incident("station", 0, 9, "", trouble="engine_down"), chain)
    assert [(one.is_down, one.is_uncertain) for one in found] == [(False, True), (True, False)]
    assert found[0].ended_at == found[1].began_at == at(4)


@given(
    st.lists(
        st.tuples(
            st.integers(-20, 40),
            st.sampled_from(["opened", "worsened", "eased", "changed"]),
            st.sampled_from(["", *Kind]),
        ),
        max_size=8,
    ),
    st.none() | st.integers(1, 30),
)
def test_whatever_the_chain_says_the_stretches_follow_each_other_within_the_incident(
    chain: list[tuple[int, str, str]], end: int | None
) -> None:
    found = intervals_of(incident("trunk_down", 0, end), [event(m, what, kind=kind) for m, what, kind in chain])
    limit = at(end) if end is not None else None
    assert all(one.began_at >= at(0) for one in found)
    assert all(one.ended_at == other.began_at for one, other in itertools.pairwise(found))
    if found:
        assert limit is None or all(one.ended_at is not None and one.ended_at <= limit for one in found)
