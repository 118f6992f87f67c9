"""Properties of correlation: unrelated outages are notified, common causes once."""

import asyncio
import os
from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from bot.detection.correlation import TOGETHER
from bot.incidents.model import PROVIDER, Kind, kind_info
from bot.store.tables.incidents import Incident
from tests.fixtures import stores
from tests.fixtures.examples import example_count, examples
from tests.incident_harness.fleet import FLEET, FleetIncidentHarness
from tests.incident_harness.pbx import ANNA
from tests.incident_harness.phones import DeliveredMessage

COUNT = 5
EVERYBODY = range(COUNT)
DEEDS = ("provider dies", "provider lives", "internet goes", "internet comes")
OF_ONE = ("dies", "lives", "own dies", "own lives", "hidden", "seen")
waits = st.sampled_from((10, 30, 90, 240))
deeds = st.one_of(
    st.tuples(st.sampled_from(DEEDS), st.just(0), waits),
    st.tuples(st.sampled_from(OF_ONE), st.integers(0, COUNT - 1), waits),
)
stories = st.lists(deeds, min_size=2, max_size=8)
STORIES = int(os.environ.get("STORIES", example_count(daily=3, ci=5)))


def does(harness: FleetIncidentHarness, what: str, number: int) -> None:
    {
        "provider dies": lambda: harness.dies(*EVERYBODY),
        "provider lives": lambda: harness.lives(*EVERYBODY),
        "internet goes": lambda: harness.hidden(*EVERYBODY),
        "internet comes": lambda: harness.seen(*EVERYBODY),
        "dies": lambda: harness.dies(number),
        "lives": lambda: harness.lives(number),
        "own dies": lambda: harness.dies(number, trunk="own"),
        "own lives": lambda: harness.lives(number, trunk="own"),
        "hidden": lambda: harness.hidden(number),
        "seen": lambda: harness.seen(number),
    }[what]()


def showing(heard: Sequence[DeliveredMessage], incident: Incident) -> list[DeliveredMessage]:
    return [one for one in heard if any(facts["number"] == incident.id for facts in one.facts["incidents"])]


def within(incident: Incident, causes: Sequence[Incident]) -> bool:
    """Return True if the incident lies within an incident of the fleet that covers it. What was noticed later may have
    begun long before, and is unrelated."""
    return any(
        one.opened_at <= incident.opened_at
        and one.began_at - TOGETHER <= incident.began_at
        and one.ended_at
        and incident.ended_at
        and incident.ended_at <= one.ended_at
        for one in causes
    )


def judge(harness: FleetIncidentHarness, incidents: Sequence[Incident]) -> None:
    chats = {one.name: one.chat for one in harness.all}
    provider = [one for one in incidents if one.kind == Kind.PROVIDER_DOWN]
    internet = [one for one in incidents if one.kind == Kind.OWN_INTERNET]
    for cause in (*provider, *internet):
        for chat in (FLEET, ANNA):
            assert len(showing(harness.alerts(chat), cause)) == 1, "the fleet was not told exactly once"
    for one in incidents:
        missed = one.ended_at is not None and one.ended_at <= one.opened_at
        if not one.station or not kind_info(one.kind).outage or missed:
            continue
        own, fleet = (showing(harness.alerts(chat), one) for chat in (chats[one.station], FLEET))
        if one.held_by == "internet":
            assert internet, "it was held back for nothing"
            assert not own or one.step, "the customer was told of our own internet"
        elif one.held_by == "station":
            assert own or one.step == 0
        else:
            assert own, f"{one.kind} of {one.station} was told to nobody"
            related = one.subject == "shared" and provider
            assert fleet or related, f"{one.kind} of {one.station} stayed untold to the fleet"
        if one.subject == "shared" and within(one, provider):
            assert not fleet, "the fleet was told of the provider, and of its trunk"
        if one.subject == "" and within(one, internet) and one.held_by == "internet":
            assert not fleet


@examples(STORIES, STORIES)
@example([("internet goes", 0, 10), ("dies", 0, 10), ("provider dies", 0, 10)])
@example([("internet goes", 0, 10), ("dies", 0, 90), ("provider dies", 0, 10)])
@given(story=stories)
def test_the_unrelated_is_reported_and_the_common_once(story: list[tuple[str, int, int]]) -> None:
    async def play() -> None:
        database = stores.in_memory()
        try:
            await live(FleetIncidentHarness(database, COUNT))
        finally:
            await database.close()

    async def live(harness: FleetIncidentHarness) -> None:
        await harness.opens()
        for what, number, seconds in story:
            does(harness, what, number)
            await harness.pass_(seconds)
        # Poll long enough to notify of open incidents, then recover all trunks.
        await harness.pass_(180)
        harness.seen(*EVERYBODY)
        await harness.pass_(240)
        harness.lives(*EVERYBODY)
        harness.lives(*EVERYBODY, trunk="own")
        await harness.pass_(300)
        incidents = await harness.incidents()
        # A flapping trunk is monitored for longer.
        assert all(one.ended_at or one.kind == Kind.TRUNK_FLAPPING for one in incidents), "all is well, yet it is open"
        assert harness.active.now == ()
        judge(harness, incidents)
        assert all(not one.subject.startswith(PROVIDER) or one.station == "" for one in incidents)

    asyncio.run(play())
