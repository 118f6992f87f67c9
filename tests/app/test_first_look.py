"""First look at the calls of a PBX after a start."""

from datetime import timedelta

from bot.access.policy import BUILT_IN, Grant
from bot.app.wiring.stations import build_station
from bot.engine.calls.follower import AHEAD
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.tables.calls import CallKind
from tests.incident_harness.records import PbxWithoutCalls
from tests.incident_harness.station import START, Clock
from tests.incident_harness.wiring import Clients, shared_services, station_settings

STATION, ANNA = "Head office", 1


async def test_calls_are_read_once_the_zone_and_the_clock_of_the_pbx_are_known(database: Database) -> None:
    clock = Clock()
    pbx = PbxWithoutCalls(clock, skew=timedelta(hours=2), zone="Europe/Moscow")
    grants = Grants(database, clock, (Grant(ANNA, "operator"),), BUILT_IN, Signal())
    shared = shared_services(database, clock, grants=grants, oncall=None, clients=Clients({STATION: pbx}))
    station = build_station(station_settings(STATION), shared)
    await CallSubscriptions(database, Signal()).set(
        STATION, ANNA, None, CallKind.MISSED, phones=(), numbers=(), by_id=ANNA, by_name="Anna", now=START, read_at=None
    )
    await station.follow_calls()
    assert pbx.asked == []
    await station.poll()
    await station.follow_calls()
    # Three hours of the zone, and two by which the clock is ahead.
    assert pbx.asked == [(START + timedelta(hours=5) + AHEAD).replace(tzinfo=None)]
