"""Metrics of the stations and their trunks, read from their monitors when somebody asks.

A PBX or a trunk that is gone is in no answer any more, nor is what is not known: of a PBX that does not answer, the
states of its trunks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from bot.app.station_monitor import StationMonitor
from bot.detection.observation import TrunkObservation
from bot.detection.trunk_health import Health

MEGABYTE = 2**20


class StationMetrics(Collector):
    def __init__(self, stations: Iterable[StationMonitor]) -> None:
        self._stations = stations

    def collect(self) -> Iterator[Metric]:
        stations = tuple(self._stations)
        yield from _answers(stations)
        yield from _trunks(stations)
        yield from _health(stations)
        yield from _calls(stations)


def _gauge(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"mikopbx_bot_{name}", documentation, labels=["station", *labels])


def _answers(stations: Iterable[StationMonitor]) -> Iterator[Metric]:
    up = _gauge("pbx_up", "1 if the PBX answered the last look at its trunks, 0 if not.")
    seen = _gauge("last_good_poll_timestamp_seconds", "When the station last answered, Unix time.")
    info = InfoMetricFamily(
        "mikopbx_bot_pbx",
        "Release of the PBX, if its key may read it, and the release whose dialect it speaks, as labels; always 1.",
        labels=["station"],
    )
    for one in stations:
        if one.watch.latest is not None:
            up.add_metric([one.name], not one.watch.has_fault)
        if one.watch.last_good is not None:
            seen.add_metric([one.name], one.watch.last_good.timestamp())
        reading = one.checks.health.latest
        release = (reading.release if reading else None) or ""
        info.add_metric([one.name], {"version": release, "dialect": str(one.watch.dialect or "")})
    yield from (up, seen, info)


def _trunks(stations: Iterable[StationMonitor]) -> Iterator[Metric]:
    counts = _gauge("trunks", "Trunks of a station, by health.", "health")
    health = _gauge("trunk_health", "Health of each trunk, as a label; always 1.", "trunk", "id", "health")
    round_trip = _gauge(
        "trunk_round_trip_seconds", "Round trip from the PBX to a trunk's provider, if the PBX tells it.", "trunk", "id"
    )
    for one in stations:
        if (known := _known_trunks(one)) is None:
            continue
        by_health = Counter(trunk.health for trunk in known)
        for word in Health:
            counts.add_metric([one.name, word], by_health[word])
        for trunk in known:
            health.add_metric([one.name, trunk.name, trunk.id, trunk.health], 1)
            if trunk.round_trip is not None:
                round_trip.add_metric([one.name, trunk.name, trunk.id], trunk.round_trip / 1000)
    yield from (counts, health, round_trip)


def _known_trunks(station: StationMonitor) -> tuple[TrunkObservation, ...] | None:
    latest = station.watch.latest
    if latest is None or latest.trouble is not None or latest.stale:
        return None
    return tuple(latest.trunks.values())


def _health(stations: Iterable[StationMonitor]) -> Iterator[Metric]:
    round_trip = _gauge("pbx_round_trip_seconds", "How long the last look at a PBX's health took to be answered.")
    free = _gauge("pbx_disk_free_bytes", "Free space of the PBX's disk, as it tells.")
    size = _gauge("pbx_disk_size_bytes", "Size of the PBX's disk, as it tells.")
    started = _gauge(
        "pbx_boot_time_seconds",
        "When the PBX's machine started, Unix time, if its key may read it; missing while it may have restarted since.",
    )
    certificate = _gauge("pbx_certificate_expiry_timestamp_seconds", "When the PBX's certificate ends, Unix time.")
    found = _gauge("pbx_findings", "Open findings about a PBX's health, by topic as in `HEALTH_ALERTS`.", "finding")
    phones = _gauge("phones_offline", "Watched phones of a station that are offline, where phones are watched.")
    for one in stations:
        health, offline = one.checks.health, one.checks.phones.offline
        reading = None if one.watch.has_fault else health.latest
        if reading is not None and health.round_trip is not None:
            round_trip.add_metric([one.name], health.round_trip)
        if reading is not None and (disk := reading.disk) is not None:
            free.add_metric([one.name], disk.free * MEGABYTE)
            size.add_metric([one.name], disk.total * MEGABYTE)
        if (boot := health.machine_started) is not None:
            started.add_metric([one.name], boot.timestamp())
        if (shown := health.certificate()) is not None:
            certificate.add_metric([one.name], shown.not_after.timestamp())
        for topic, count in health.open_findings.items():
            found.add_metric([one.name, topic], count)
        if offline is not None:
            phones.add_metric([one.name], offline)
    yield from (round_trip, free, size, started, certificate, found, phones)


def _calls(stations: Iterable[StationMonitor]) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "mikopbx_bot_incoming_calls",
        "Incoming calls that began and ended while the bot ran, by trunk: `answered` by a person, or `missed`, as in "
        "/stats.",
        labels=["station", "trunk", "id", "outcome"],
    )
    active = _gauge("active_calls", "Calls of a PBX that are up, by trunk, at most half a minute ago.", "trunk", "id")
    for one in stations:
        counter = one.calls.counter
        if counter is None:
            continue
        for outcome, counts in counter.ended.items():
            for trunk, name in _trunk_names(one, counts).items():
                ended.add_metric([one.name, name, trunk, outcome], counts[trunk])
        if (up := counter.active) is not None and not one.watch.has_fault:
            for trunk, name in _trunk_names(one, up).items():
                active.add_metric([one.name, name, trunk], up[trunk])
    yield from (ended, active)


def _trunk_names(station: StationMonitor, counted: Iterable[str]) -> dict[str, str]:
    """Return the names of all trunks by id, and of those that have calls: no name of none, the id of a deleted one."""
    return {"": ""} | {trunk: trunk for trunk in counted} | station.watch.trunk_names
