"""/metrics of the real program between two PBXs, and the dashboard and alerts that ask for them."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.documents.promql import OF_EVERY_SCRAPE, UP, queries
from tests.end_to_end.fleet_harness import Branch, running_fleet, running_harness
from tests.end_to_end.harness import ANNA
from tests.end_to_end.operation.test_health import free_port
from tests.end_to_end.tls_front import tls_front
from tests.fixtures.certificates import make_certificate

if TYPE_CHECKING:
    from prometheus_client import Metric

HOSTILE = 'Line "one"} 1\nmikopbx_bot_pbx_up{station="gone"} 1\\'
CALLER = "79161234501"


class Scrape:
    """What /metrics told at one moment."""

    def __init__(self, text: str) -> None:
        self.families: Mapping[str, Metric] = {one.name: one for one in text_string_to_metric_families(text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def values(self, name: str, **labels: str) -> list[float]:
        return [
            sample.value
            for sample in self.samples
            if sample.name == f"mikopbx_bot_{name}" and labels.items() <= sample.labels.items()
        ]

    def total(self, name: str, **labels: str) -> float:
        return sum(self.values(name, **labels))

    def labels(self, name: str) -> set[str]:
        return {label for sample in self.samples if sample.name == name for label in sample.labels}

    def stations(self) -> set[str]:
        return {sample.labels["station"] for sample in self.samples if "station" in sample.labels}

    def stations_of(self, name: str) -> set[str]:
        return {one.labels["station"] for one in self.samples if one.name == f"mikopbx_bot_{name}"}


def call(branch: Branch, *, answer: bool, trunk: str = "Zadarma", kind: str = "incoming", talk: int = 5) -> None:
    branch.harness.post(
        f"{branch.path}/control/calls",
        kind=kind,
        trunk=branch.trunk_id(trunk),
        src=CALLER if kind == "incoming" else "202",
        dst="203" if kind == "incoming" else CALLER,
        answer=answer,
        ring_seconds=3,
        talk_seconds=talk,
    )


def test_everything_that_the_dashboard_asks_for_is_told_of_what_is_there_and_of_nothing_else(tmp_path: Path) -> None:
    address, own = f"127.0.0.1:{free_port()}", make_certificate(tmp_path, "own")
    with running_harness("acme", "beta", speed=15) as harness, tls_front(harness.address, own) as behind_tls:
        acme, beta = harness["acme"], harness["beta"]
        acme.extra = {"url": f'"{behind_tls}{acme.path}"', "tls_fingerprint": f'["{own.fingerprint}"]'}
        for branch in (acme, beta):
            harness.post(f"{branch.path}/control/traffic", running=False)
        harness.post(f"{acme.path}/control/disk", total=100_000, free=200)
        harness.post(f"{acme.path}/control/trunks", name=HOSTILE, host="sip.example.com")
        with running_fleet(harness, tmp_path, HEALTH_ADDRESS=address, POLL_INTERVAL="5") as program:

            def told() -> Scrape:
                return Scrape(httpx.get(f"http://{address}/metrics", timeout=30).text)

            def waits(until: Callable[[Scrape], bool], what: str) -> Scrape:
                return harness.wait_for(lambda: one if until(one := told()) else None, what, every=0.5)

            harness.wait_until_watched("acme", "beta")
            for station in ("acme", "beta"):
                harness.asks(ANNA, f"/pbx {station}")
            waits(
                lambda one: one.stations_of("active_calls") == {"acme", "beta"}, "both PBXs are asked for their calls"
            )
            call(acme, answer=True, trunk=HOSTILE, talk=90)
            call(acme, answer=True, kind="outgoing")
            call(acme, answer=False)
            call(beta, answer=False)
            waits(lambda one: one.total("active_calls", station="acme", trunk=HOSTILE) == 1, "a call is up")
            acme.breaks("Zadarma")
            harness.asks(ANNA, "/watch 210 acme")
            found = waits(
                lambda one: (
                    one.total("incoming_calls_total", station="acme") == 2
                    and one.total("incoming_calls_total", station="beta", outcome="missed") == 1
                    and bool(one.values("phones_offline"))
                ),
                "the calls are counted",
            )

            # Each once, and what is true of it.
            assert found.total("active_calls", station="acme") == 0
            for outcome, trunk, other in (("answered", HOSTILE, "Zadarma"), ("missed", "Zadarma", HOSTILE)):
                for name, count in ((trunk, 1), (other, 0), ("", 0)):
                    counted = found.values("incoming_calls_total", station="acme", outcome=outcome, trunk=name)
                    assert counted == [count], (outcome, name)
            assert found.values("pbx_up") == [1, 1]
            assert found.values("trunk_health", trunk="Zadarma", station="acme", health="down") == [1]
            assert found.values("trunk_health", trunk="Zadarma", station="beta", health="up") == [1]
            assert found.values("trunk_health", trunk=HOSTILE, health="up") == [1]
            assert 0 < found.values("trunk_round_trip_seconds", station="beta", trunk="Zadarma")[0] < 1
            assert found.values("trunk_round_trip_seconds", station="acme", trunk="Zadarma") == []
            assert found.values("pbx_disk_free_bytes", station="acme") == [200 * 2**20]
            assert found.values("pbx_findings", station="acme", finding="disk") == [1]
            # Twelve days, by a PBX that writes them so; in time that passes faster.
            up_for = time.time() - found.values("pbx_boot_time_seconds", station="beta")[0]
            assert 12 * 86_400 < up_for < 13 * 86_400
            assert len(found.values("pbx_certificate_expiry_timestamp_seconds")) == 1
            assert found.values("pbx_info", station="acme", dialect="2026.3.40") == [1]
            assert found.stations() == {"", "acme", "beta"}
            assert CALLER not in httpx.get(f"http://{address}/metrics").text

            for where, used in queries():
                asked = {metric: labels for metric, labels in used.labels.items() if metric != UP}
                known = {metric: found.labels(metric) | OF_EVERY_SCRAPE for metric in asked}
                for metric, labels in asked.items():
                    assert any(sample.name == metric for sample in found.samples), f"{where}: {metric}"
                    assert labels <= known[metric], f"{where}: {labels} of {metric}"
                assert used.grouped <= set().union(*known.values()), f"{where}: {used.grouped}"

            # A PBX that does not answer tells nothing of its trunks, and what is removed is gone.
            beta.suffers("unplugged")
            dead = waits(lambda one: one.values("pbx_up", station="beta") == [0], "it does not answer")
            assert dead.values("trunks", station="beta") == dead.values("trunk_health", station="beta") == []
            for unknown in ("active_calls", "pbx_disk_free_bytes", "pbx_round_trip_seconds", "pbx_boot_time_seconds"):
                assert dead.values(unknown, station="beta") == []
                assert dead.values(unknown, station="acme")
            assert dead.total("incoming_calls_total", station="beta", outcome="missed") == 1
            harness.write_stations(tmp_path, "acme")
            program.read_stations_again()
            waits(lambda one: one.stations() == {"", "acme"}, "the PBX is gone")
