"""The health check over HTTP against the stand-in PBX: told once, ended by itself, and no more asked than needed."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.demo.pbx import StandinPbx, app
from bot.demo.pbx.web.keys import Permissions
from bot.engine.checks.pbx_health import PbxHealthCheck
from bot.incidents.model import (
    PBX_ADVICE,
    PBX_BAN,
    PBX_DISK,
    PBX_GUESSING,
    PBX_RELEASE,
    PBX_SIGN_IN,
    Changed,
    Kind,
    Opened,
    Resolved,
)
from bot.pbx import Answer, Pbx, PeerStatus, RequestBudget
from bot.pbx.resources.system_report import SystemReport
from tests.incident_harness.recording_sink import RecordingStateSink, check_context

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
FULL, ROOMY = (51_200.0, 400.0), (51_200.0, 30_000.0)
ROWS = ("/api/v3/providers", "/api/v3/storage", "/api/v3/firewall")
ADVICE: dict[str, list[dict[str, object]]] = {"error": [{"messageTpl": "adv_YouUseDefaultWebPassword"}]}


@dataclass
class Scene:
    station: StandinPbx
    pbx: Pbx
    now: datetime = NOON
    sink: RecordingStateSink = field(default_factory=RecordingStateSink)
    hosts: dict[str, str] = field(default_factory=dict)
    has_fault: bool = False
    interruptions: int = 0

    def __post_init__(self) -> None:
        self.restarts()

    def restarts(self) -> None:
        self.watch = SimpleNamespace(
            has_fault=self.has_fault, trunk_hosts=self.hosts, dialect=None, interruptions=self.interruptions
        )
        context = check_context(self.sink, self.pbx, lambda: self.now, watch=self.watch, certificate_dated=False)
        self.check = PbxHealthCheck(context)

    async def looks(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += timedelta(seconds=PbxHealthCheck.EVERY)
            await self.check.run_once()

    def machine_started(self) -> datetime | None:
        return self.check.machine_started

    def told(self) -> list[tuple[str, type[Any]]]:
        return [(one.subject, type(one.transition)) for one in self.sink.happened]

    def asked(self) -> list[str]:
        return [str(one["path"]).rpartition("/")[2] for one in self.station.journal.after(0)]


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    # The certificate is read by a handshake of its own.
    async def none(_pbx: Pbx) -> None:
        return None

    monkeypatch.setattr(Pbx, "certificate", none)
    station = StandinPbx(traffic=False, speed=1e6, dialect="2026.9", now=NOON.timestamp)
    transport = httpx.ASGITransport(app=app(station), client=("10.0.0.7", 1))
    async with Pbx(
        "https://127.0.0.1", SecretStr(station.api_key), transport=transport, budget=RequestBudget(10**6)
    ) as pbx:
        yield Scene(station, pbx)


async def test_each_finding_is_told_once_also_after_a_restart_and_ends_by_itself(scene: Scene) -> None:
    scene.station.disk_mb, scene.station.advice = FULL, ADVICE
    await scene.looks(3)
    scene.restarts()
    await scene.looks(3)
    assert sorted(scene.told()) == [(PBX_ADVICE + "YouUseDefaultWebPassword", Opened), (PBX_DISK, Opened)]
    scene.station.disk_mb, scene.station.advice = ROOMY, {}
    await scene.looks(3)
    assert sorted(scene.told()[2:]) == [(PBX_ADVICE + "YouUseDefaultWebPassword", Resolved), (PBX_DISK, Resolved)]
    assert scene.sink.states == {}


async def test_facts_name_the_page_and_who_is_told(scene: Scene) -> None:
    scene.station.disk_mb, scene.station.advice = FULL, ADVICE
    await scene.looks()
    facts = {one.subject: one.facts for one in scene.sink.happened}
    assert facts[PBX_DISK]["url"] == "https://127.0.0.1/admin-cabinet/storage/index/"
    assert [facts[subject]["only_admins"] for subject in sorted(facts)] == [True, False]
    # A disk that fills further is shown, and told to nobody again.
    scene.station.disk_mb = (51_200.0, 100.0)
    await scene.looks()
    assert scene.told()[-1] == (PBX_DISK, Changed)


async def test_a_ban_of_a_provider_and_of_the_bot_is_recognised(scene: Scene) -> None:
    scene.hosts["203.0.113.7"] = "Zadarma"
    scene.station.banned = dict.fromkeys(("203.0.113.7", "127.0.0.1", "198.51.100.9"), scene.now.timestamp())
    scene.station.now = lambda: scene.now.timestamp()
    await scene.looks()
    assert sorted(subject for subject, _ in scene.told()) == [PBX_BAN + "127.0.0.1", PBX_BAN + "203.0.113.7"]
    assert {one.transition.kind for one in scene.sink.happened if isinstance(one.transition, Opened)} == {Kind.PBX_BAN}
    await scene.looks(40)
    assert [kind for _, kind in scene.told()[2:]] == [Resolved, Resolved]


async def test_a_banned_provider_is_recognised_however_its_address_is_written(scene: Scene) -> None:
    scene.hosts |= {"203.0.113.7": "Zadarma", "2001:db8::9": "Mango"}
    scene.station.banned = dict.fromkeys(("::ffff:203.0.113.7", "2001:DB8::0009"), scene.now.timestamp())
    scene.station.now = lambda: scene.now.timestamp()
    await scene.looks()
    assert sorted(subject for subject, _ in scene.told()) == [PBX_BAN + "2001:db8::9", PBX_BAN + "203.0.113.7"]


async def test_while_the_pbx_does_not_answer_nothing_begins_or_ends(scene: Scene) -> None:
    scene.station.disk_mb = FULL
    await scene.looks()
    scene.station.disk_mb = (0.0, 0.0)
    await scene.looks(3)
    scene.has_fault = True
    scene.restarts()
    before = len(scene.asked())
    await scene.looks(3)
    assert len(scene.asked()) == before
    assert scene.told() == [(PBX_DISK, Opened)]


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_row_that_the_key_loses_ends_no_finding_and_one_that_it_gets_is_not_called_lacking(
    scene: Scene, *, restarts: bool
) -> None:
    scene.station.disk_mb = FULL
    await scene.looks()
    scene.station.keys.permit(Permissions(dict.fromkeys(("/api/v3/providers", "/api/v3/advice"), "read")))
    if restarts:
        scene.restarts()
    await scene.looks(3)
    assert scene.told() == [(PBX_DISK, Opened)]
    # What it told before is not shown as if it held now.
    assert scene.check.latest is not None
    assert (scene.check.latest.disk, scene.check.latest.bans) == (None, None)
    assert scene.check.lacks_rights == {"storage", "firewall"}
    scene.station.keys.permit(Permissions())
    scene.station.disk_mb = (0.0, 0.0)
    await scene.looks(13)
    assert scene.check.lacks_rights == frozenset()
    scene.station.disk_mb = ROOMY
    await scene.looks()
    assert scene.told() == [(PBX_DISK, Opened), (PBX_DISK, Resolved)]


async def test_a_look_costs_three_requests_and_a_missing_row_is_asked_for_once_an_hour(scene: Scene) -> None:
    await scene.looks(12)
    of_health = [path for path in scene.asked() if "sip" not in path and "getAuthFailureStats" not in path]
    assert len(of_health) <= 3 * 12 + 2
    scene.station.keys.permit(Permissions(dict.fromkeys(ROWS, "read")))
    scene.restarts()
    before = len(scene.asked())
    await scene.looks(11)
    assert scene.check.lacks_rights == {"advice"}
    assert scene.asked()[before:].count("advice:getList") == 1


async def test_every_extension_is_asked_about_once_an_hour_and_a_suspect_at_every_look(scene: Scene) -> None:
    def asked_about() -> dict[str, int]:
        return Counter(path.partition(":")[0] for path in scene.asked() if "getAuthFailureStats" in path)

    numbers = {person.number for person in scene.station.employees.values() if person.known and not person.disabled}
    await scene.looks(12)
    assert set(asked_about()) == numbers
    assert max(asked_about().values()) <= 2
    assert scene.asked().count("sip:getPeersStatuses") == 1
    scene.station.now = lambda: scene.now.timestamp()
    scene.station.auth_failures = {"203": failed(scene, "192.168.0.15", 40)}
    while not scene.told():
        await scene.looks()
    # It was asked about in its turn; from then on, always.
    assert scene.told() == [(PBX_SIGN_IN + "203", Opened)]
    before = asked_about()["203"]
    await scene.looks(3)
    assert asked_about()["203"] - before == 3
    # More tries are no other message.
    scene.station.auth_failures = {"203": failed(scene, "192.168.0.15", 45)}
    await scene.looks(1)
    assert len(scene.told()) == 1
    # An hour without a try ends it.
    await scene.looks(14)
    assert scene.told()[1:] == [(PBX_SIGN_IN + "203", Resolved)]


async def test_a_large_pbx_costs_no_more_than_its_share(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def peers(*_: object) -> Answer[tuple[PeerStatus, ...]]:
        trunks = [PeerStatus(id="SIP-TRUNK-1"), PeerStatus(id="٣٠٠")]
        return Answer((*trunks, *(PeerStatus(id=str(number)) for number in range(1000, 1900))))

    monkeypatch.setattr(scene.pbx.extensions, "peers", peers)
    scene.station.limit.set_mode("off")
    await scene.looks(36)
    asked = [path for path in scene.asked() if "getAuthFailureStats" in path]
    assert len(asked) == 36 * 25
    assert len(set(asked)) == 900


async def test_what_the_pbx_does_not_answer_ends_no_finding_and_a_missing_row_costs_one_request_an_hour(
    scene: Scene,
) -> None:
    scene.station.now = lambda: scene.now.timestamp()
    scene.station.auth_failures = {"203": failed(scene, "8.8.8.8", 400)}
    await scene.looks(12)
    assert scene.told() == [(PBX_GUESSING, Opened)]
    scene.station.keys.permit(Permissions(dict.fromkeys(ROWS, "read")))
    scene.restarts()
    before = len(scene.asked())
    await scene.looks(11)
    assert scene.told() == [(PBX_GUESSING, Opened)]
    assert len([path for path in scene.asked()[before:] if "getAuthFailureStats" in path]) == 1


async def test_a_look_of_a_command_asks_about_no_extension(scene: Scene) -> None:
    await scene.check.look()
    assert not [path for path in scene.asked() if "sip" in path or "getAuthFailureStats" in path]


def failed(scene: Scene, address: str, tries: int) -> dict[str, dict[str, object]]:
    """Return what the PBX holds of an extension whose password was refused just now."""
    return {
        address: {
            "count": tries,
            "last_attempt": int(scene.now.timestamp()),
            "remote_address": f"IPV4/UDP/{address}/5080",
        }
    }


async def test_two_looks_at_once_cost_one(scene: Scene) -> None:
    await scene.check.look()
    before = len(scene.asked())
    await scene.check.look()
    assert len(scene.asked()) == before


async def test_the_start_of_the_machine_is_told_until_it_may_have_restarted_and_read_again_then(scene: Scene) -> None:
    scene.station.now = lambda: scene.now.timestamp()
    started = scene.now - timedelta(days=2, minutes=5)
    scene.station.machine.started = started.timestamp()
    await scene.looks(20)
    assert scene.machine_started() == started
    assert scene.asked().count("sysinfo:getInfo") == 2
    # It restarts, and the PBX is not looked at yet: nothing is told of what may be over.
    restarted = scene.now + timedelta(minutes=2)
    scene.station.machine.started = restarted.timestamp()
    scene.watch.interruptions += 1
    assert scene.machine_started() is None
    await scene.looks()
    assert scene.machine_started() == restarted
    scene.watch.has_fault = True
    assert scene.machine_started() is None
    # Only the network was away: an uptime told to the minute is no other start.
    scene.watch.has_fault, scene.watch.interruptions = False, 2
    scene.now += timedelta(seconds=31)
    await scene.looks()
    assert scene.machine_started() == restarted


async def test_a_restart_while_the_report_is_read_is_none_of_what_is_told(scene: Scene) -> None:
    async def system(pbx: Pbx) -> SystemReport:
        scene.watch.interruptions += 1
        return SystemReport("2026.9.5", timedelta(days=2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pbx, "system", system)
        await scene.looks()
    assert scene.check.machine_started is None


async def test_a_new_release_is_told_at_the_first_look_after_the_restart(scene: Scene) -> None:
    await scene.looks()
    scene.station.dialect = "2026.1"
    scene.watch.interruptions += 1
    await scene.looks()
    assert (PBX_RELEASE, Opened) in scene.told()
