"""The gatherer: the fleet is told once, sees others join, and hears of the end, also across a restart."""

from datetime import timedelta

from bot.engine.checks.common_findings import FindingGatherer
from bot.incidents.common_findings import Begun, CommonFindings, Found
from bot.incidents.model import PBX_RELEASE, Changed, Kind, Opened, Resolved
from tests.incident_harness.recording_sink import RecordingStateSink
from tests.incident_harness.station import START, Clock


class Fleet:
    def __init__(self) -> None:
        self.clock = Clock()
        self.sink = RecordingStateSink()
        self.found: Found = {}
        self.restarts()

    def restarts(self) -> None:
        self.active = CommonFindings()
        self.gatherer = FindingGatherer(self.sink, lambda: self.found, self.clock, self.active)

    async def shows(self, **minutes: int | None) -> None:
        facts = {"release": "2026.1.223", "common": "pbx_release", "only_admins": False, "url": "https://acme.example"}
        self.found = {
            name: {} if at is None else {PBX_RELEASE: Begun(START + timedelta(minutes=at), facts)}
            for name, at in minutes.items()
        }
        await self.gatherer.run_once()


async def test_it_is_told_once_and_over_when_the_last_is_well() -> None:
    fleet = Fleet()
    await fleet.shows(acme=0, baker=1, corp=None)
    assert fleet.sink.told == []
    await fleet.shows(acme=0, baker=1, corp=2)
    assert fleet.sink.told == [Opened(Kind.PBX_COMMON, START)]
    facts = fleet.sink.last_facts()
    assert (facts["hit"], facts["of"], facts["stations"]) == (3, 3, ["acme", "baker", "corp"])
    # The web page of one of them is not that of all.
    assert facts["url"] is None
    writes = fleet.sink.writes
    await fleet.shows(acme=0, baker=1, corp=2)
    assert fleet.sink.writes == writes
    await fleet.shows(acme=0, baker=1, corp=None)
    assert isinstance(fleet.sink.told[-1], Changed)
    fleet.restarts()
    await fleet.gatherer.load()
    await fleet.shows(acme=None, baker=1, corp=None)
    await fleet.shows(acme=None, baker=None, corp=None)
    assert [type(one) for one in fleet.sink.told] == [Opened, Changed, Changed, Resolved]
    assert fleet.sink.states == {}
    assert fleet.active.now == ()
