"""Correlation of outages across PBXs: real common causes and coincidences."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detection.correlation import (
    CALM,
    CauseKind,
    CommonCause,
    correlate,
    inhibitor_of,
    inhibitor_of_station,
    inhibitor_of_trunk,
)
from bot.detection.station_summary import FailureSince, StationSummary
from bot.incidents.model import Kind
from tests.incident_harness.station import START

HOST, OTHER = "sip.provider.example", "sip.other.example"
HOLD_OFF = timedelta(seconds=30)


def bad(seconds: float, trunks: int = 1) -> FailureSince:
    began = START + timedelta(seconds=seconds)
    return FailureSince(began, began + HOLD_OFF, trunks)


def well(number: int, *hosts: str) -> StationSummary:
    return StationSummary(f"PBX {number:02}", None, dict.fromkeys(hosts or (HOST,)))


def down(number: int, seconds: float = 0, host: str = HOST) -> StationSummary:
    return StationSummary(f"PBX {number:02}", None, {host: bad(seconds)})


def cut_off(number: int, seconds: float = 0) -> StationSummary:
    return StationSummary(f"PBX {number:02}", bad(seconds), None)


def seen(
    views: Sequence[StationSummary], before: Iterable[CommonCause] = (), after: float = 20
) -> tuple[CommonCause, ...]:
    return correlate(before, views, START + timedelta(seconds=after))


def told(causes: Iterable[CommonCause]) -> tuple[CommonCause, ...]:
    return tuple(CommonCause(c.what, c.host, c.since, c.due, c.stations, c.of, c.trunks, told=True) for c in causes)


def test_a_provider_that_dies_for_fourteen_of_fifteen_pbxs() -> None:
    (cause,) = seen([down(n, n * 0.7) for n in range(14)] + [well(14)])
    assert (cause.what, cause.host, cause.of, cause.trunks) == (CauseKind.PROVIDER, HOST, 15, 14)
    assert len(cause.stations) == 14
    assert cause.since == START
    assert cause.due == START + HOLD_OFF, "the fleet would wait longer than the first station"


def test_the_internet_of_the_bot_itself() -> None:
    (cause,) = seen([cut_off(n, n) for n in range(20)])
    assert (cause.what, len(cause.stations), cause.of) == (CauseKind.OWN_INTERNET, 20, 20)


@pytest.mark.parametrize("views", [[down(0), down(1)], [cut_off(0), cut_off(1)], [down(0)], []])
def test_with_fewer_than_three_pbxs_nothing_is_common(views: list[StationSummary]) -> None:
    assert not seen(views)


def test_a_provider_that_is_down_for_some_of_its_pbxs_only_is_not_down() -> None:
    assert not seen([down(n) for n in range(5)] + [well(n) for n in range(5, 10)])


def test_two_providers_at_once_are_two_causes() -> None:
    both = [StationSummary(f"PBX {n}", None, {HOST: bad(0), OTHER: bad(5)}) for n in range(4)]
    assert [cause.host for cause in seen(both)] == [OTHER, HOST]


def test_who_was_down_long_before_says_nothing() -> None:
    long_ago = [down(n, -90_000) for n in range(10)]
    assert seen([*long_ago, *(down(n) for n in range(10, 14))])[0].stations == {f"PBX {n}" for n in range(10, 14)}


def test_nothing_is_begun_on_what_is_only_remembered() -> None:
    remembered = [StationSummary(f"PBX {n}", bad(0), None, looked=False) for n in range(5)]
    assert not seen(remembered)


def test_who_is_hit_a_little_later_belongs_to_it() -> None:
    before = seen([down(n) for n in range(4)] + [well(4)])
    (cause,) = seen([down(n) for n in range(4)] + [down(4, 300)], before, 310)
    assert len(cause.stations) == 5


@pytest.mark.parametrize(("begins", "belongs"), [(-10, True), (-60, True), (-61, False)])
def test_who_is_looked_at_last_belongs_to_it_though_it_was_hit_first(begins: int, belongs: bool) -> None:
    """The bot's own internet returns while a provider is down: all PBXs are seen again within an interval."""
    before = seen([down(n) for n in range(4)] + [well(4)])
    (cause,) = seen([down(n) for n in range(4)] + [down(4, begins)], before, 20)
    assert (len(cause.stations) == 5) is belongs
    assert cause.since == before[0].since


def test_it_is_due_no_later_than_whoever_joins_it() -> None:
    """Its own message would have come then: it is left to this one."""
    before = seen([down(n) for n in range(4)] + [well(4)])
    (cause,) = seen([down(n) for n in range(4)] + [down(4, -20)], before, 8)
    assert cause.due == bad(-20).due
    (cause,) = seen([down(n) for n in range(4)] + [down(4, -50)], before, 8)
    assert cause.due == bad(0).due, "who was told of by itself makes a short failure of the others no alert"


def test_it_is_over_when_most_have_been_well_for_a_minute() -> None:
    causes = told(seen([down(n) for n in range(10)]))
    half_back = [well(n) for n in range(5)] + [down(n) for n in range(5, 10)]
    causes = seen(half_back, causes, 100)
    assert causes[0].well_since is None
    most_back = [well(n) for n in range(6)] + [down(n) for n in range(6, 10)]
    causes = seen(most_back, causes, 110)
    assert causes[0].well_since == START + timedelta(seconds=110)
    assert seen(most_back, causes, 169)
    assert not seen(most_back, causes, 170)


def test_what_comes_back_within_the_minute_is_one_and_the_same() -> None:
    causes = told(seen([down(n) for n in range(10)]))
    causes = seen([well(n) for n in range(10)], causes, 100)
    causes = seen([down(n, 130) for n in range(10)], causes, 150)
    assert causes[0].well_since is None
    assert seen([well(n) for n in range(10)], causes, 161), "the minute began anew"


def test_what_nobody_was_notified_of_is_over_at_once() -> None:
    causes = seen([down(n) for n in range(10)])
    assert not seen([well(n) for n in range(10)], causes)


def test_when_the_trunks_are_deleted_it_is_over() -> None:
    causes = told(seen([down(n) for n in range(3)]))
    causes = seen([StationSummary(f"PBX {n:02}", None, {}) for n in range(3)], causes, 100)
    assert not seen([StationSummary(f"PBX {n:02}", None, {}) for n in range(3)], causes, 160)


def test_when_the_pbxs_are_taken_out_of_the_fleet_it_is_over() -> None:
    causes = told(seen([down(n) for n in range(3)]))
    assert not seen([], seen([], causes, 100), 160)


def test_after_a_restart_nothing_is_over_before_the_pbxs_were_looked_at() -> None:
    causes = told(seen([cut_off(n) for n in range(5)]))
    unlooked = [StationSummary(f"PBX {n:02}", None, None, looked=False) for n in range(5)]
    assert seen(unlooked, causes, 1000)[0].well_since is None


def test_while_the_internet_is_down_what_was_said_of_a_provider_stays_said() -> None:
    provider = told(seen([down(n) for n in range(5)]))
    both = seen([cut_off(n, 100) for n in range(5)], provider, 120)
    assert [cause.what for cause in both] == [CauseKind.OWN_INTERNET, CauseKind.PROVIDER]
    assert both[1] == provider[0]


def test_incidents_that_belong_to_it() -> None:
    provider = seen([down(n) for n in range(4)] + [well(4)])
    trunk: dict[str, Any] = {"host": " SIP.Provider.Example. "}
    assert inhibitor_of_trunk(provider, "PBX 00", Kind.TRUNK_DOWN, trunk) is provider[0]
    assert inhibitor_of_trunk(provider, "PBX 00", Kind.TRUNK_DEGRADED, trunk) is provider[0]
    assert inhibitor_of_trunk(provider, "PBX 04", Kind.TRUNK_DOWN, trunk) is None, "it was not hit"
    assert inhibitor_of_trunk(provider, "PBX 00", Kind.TRUNK_DOWN, {"host": OTHER}) is None
    assert inhibitor_of_trunk(provider, "PBX 00", Kind.STATION, {"trouble": "unreachable"}) is None
    assert not inhibitor_of(provider, "PBX 00")

    internet = seen([cut_off(n) for n in range(9)] + [well(9)])
    assert inhibitor_of_station(internet, "PBX 00", Kind.STATION, {"trouble": "unreachable"})
    assert inhibitor_of_station(internet, "PBX 00", Kind.STATION, {"trouble": "timed_out"})
    assert not inhibitor_of_station(internet, "PBX 00", Kind.STATION, {"trouble": "key_refused"}), (
        "it was reached, and refused"
    )
    assert not inhibitor_of_station(internet, "PBX 09", Kind.STATION, {"trouble": "unreachable"})
    assert not inhibitor_of_station(internet, "PBX 00", Kind.TRUNK_DOWN, {"host": HOST})


SECONDS = st.integers(-7200, 7200)
DOWN = st.one_of(st.none(), SECONDS.map(bad))
HOSTS = st.dictionaries(st.sampled_from((HOST, OTHER)), DOWN)
VIEW = st.one_of(
    st.builds(lambda hosts: (None, hosts), HOSTS),
    st.builds(lambda since: (bad(since), None), SECONDS),
    st.just((None, None)),
)
FLEET = st.lists(VIEW, max_size=12).map(
    lambda all_: [StationSummary(f"PBX {number:02}", gone, hosts) for number, (gone, hosts) in enumerate(all_)]
)


@given(views=FLEET)
def test_never_of_fewer_than_three_nor_of_any_who_is_well(views: list[StationSummary]) -> None:
    for cause in seen(views, after=7200):
        assert len(cause.stations) >= 3
        hit = [view for view in views if view.station in cause.stations]
        since = [
            (view.cut_off if cause.what is CauseKind.OWN_INTERNET else (view.hosts or {})[cause.host]) for view in hit
        ]
        assert all(since)
        begins = [one.since for one in since if one]
        assert min(begins) == cause.since
        assert max(begins) - min(begins) <= timedelta(seconds=60)


@given(views=FLEET, data=st.data())
def test_the_order_of_the_views_does_not_matter(views: list[StationSummary], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(views))
    causes = seen(views, after=7200)
    assert seen(shuffled, after=7200) == causes
    assert seen(shuffled, causes, 7300) == seen(views, causes, 7300)


@given(gaps=st.lists(st.integers(61, 3600), min_size=3, max_size=30), own=st.booleans())
def test_outages_that_come_one_by_one_over_hours_have_nothing_in_common(gaps: list[int], own: bool) -> None:
    begin, views = 0, list[StationSummary]()
    for number, gap in enumerate(gaps):
        begin += gap
        views.append(cut_off(number, begin) if own else down(number, begin))
        assert not seen([*views, *(well(n) for n in range(number + 1, len(gaps)))], after=begin)


@given(first=FLEET, then=FLEET)
def test_a_cause_that_is_reported_ends_only_after_a_calm_minute(
    first: list[StationSummary], then: list[StationSummary]
) -> None:
    causes = told(seen(first, after=7200))
    soon = seen(then, causes, 7300)
    assert {one.subject for one in causes} <= {one.subject for one in soon}
    for cause in causes:
        everybody_well = all(view.station not in cause.stations for view in then)
        later = correlate(soon, then, START + timedelta(seconds=7300) + CALM)
        if everybody_well:
            assert cause.since not in {one.since for one in later if one.subject == cause.subject and one.told}


@given(views=FLEET, hit=st.integers(3, 12))
def test_our_own_internet_neither_begins_nor_ends_what_is_said_of_providers(
    views: list[StationSummary], hit: int
) -> None:
    causes = told(seen([down(n) for n in range(hit)]))
    gone = [cut_off(n, 7200) for n in range(max(hit, len(views)))]
    during = [one for one in seen(gone, causes, 7300) if one.what is CauseKind.PROVIDER]
    assert during == [one for one in causes if one.what is CauseKind.PROVIDER]
    assert all(one.what is CauseKind.OWN_INTERNET for one in seen(gone, after=7300))
