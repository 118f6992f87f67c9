"""The stand-in compared with recordings of a real PBX: the same status, envelope, keys, types and texts."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Protocol

import httpx
import pytest

from bot.demo.pbx import StandinPbx
from bot.demo.pbx.registration.sights import NEWEST

Recording = Callable[[str], dict[str, object]]


class Time(Protocol):
    def sleep(self, seconds: float) -> None: ...


TRUNK = "SIP-TRUNK-44BBC135"
SECRET = "Qw3rtyUi9pAs"
NEW = {"number": "243", "user_username": "John Smith", "sip_secret": SECRET}
OUTBOUND = {
    "description": "New",
    "host": "10.0.0.1",
    "username": "u",
    "secret": "S3cret99",
    "registration_type": "outbound",
}

# recording, method, path, body; equal requests except for the ids of the two stations
SAME: list[tuple[str, str, str, object]] = [
    ("001", "GET", "/sip-providers", None),
    ("010", "GET", "/sip-providers:getDefault", None),
    ("013", "POST", "/sip-providers", OUTBOUND),
    ("016", "POST", "/sip-providers", OUTBOUND | {"registration_type": "inbound"}),
    ("018", "POST", "/sip-providers", OUTBOUND | {"registration_type": "none"}),
    ("021", "POST", "/sip-providers", {"description": "Minimal", "host": "10.99.1.96"}),
    ("025", "POST", "/sip-providers", OUTBOUND | {"registration_type": "bogus"}),
    ("028", "POST", "/sip-providers", OUTBOUND | {"port": 99999}),
    ("030", "DELETE", f"/sip-providers/{TRUNK}", None),
    ("031", "DELETE", "/sip-providers/SIP-TRUNK-0B354DF3", None),
    ("034", "PATCH", f"/sip-providers/{TRUNK}", {"note": "changed note"}),
    ("039", "GET", "/sip:getRegistry", None),
    ("040", "GET", "/sip:getPeersStatuses", None),
    ("044", "GET", f"/sip-providers/{TRUNK}:getStatus", None),
    ("053", "GET", "/employees", None),
    ("063", "GET", "/employees?limit=10&offset=1000", None),
    ("064", "GET", "/employees/110", None),
    ("065", "GET", "/employees/999999", None),
    ("068", "POST", "/employees", {}),
    ("073", "POST", "/employees", NEW),
    ("074", "POST", "/employees", NEW | {"number": "204"}),
    ("076", "POST", "/employees", NEW | {"mobile_number": "79161110201"}),
    ("078", "POST", "/employees", NEW | {"sip_secret": "password"}),
    ("084", "POST", "/employees", NEW | {"user_email": "not-an-email"}),
    ("094", "POST", "/employees", NEW | {"id": "500"}),
    ("096", "PATCH", "/employees/112", {"number": "201"}),
    ("098", "PUT", "/employees/112", {"user_username": "Put Name"}),
    ("101", "PATCH", "/employees/999999", {"user_username": "x"}),
    ("103", "DELETE", "/employees/999999", None),
    ("335", "DELETE", "/employees/115", None),
    ("338", "POST", "/employees:batchDelete", {"ids": ["999998", "999999"]}),
    ("109", "GET", "/pbx-status:getActiveCalls", None),
    ("114", "GET", "/sip:getStatuses", None),
    ("136", "GET", "/cdr?dateFrom=2026-03-17&dateTo=2026-03-17&offset=-5", None),
    ("139", "GET", "/cdr?dateFrom=2026-11-20&dateTo=2026-11-20&grouped=false&limit=10", None),
    ("155", "GET", "/cdr?dateFrom=2025-03-17&dateTo=2026-03-18", None),
    ("158", "GET", "/cdr?dateFrom=notadate", None),
    ("168", "GET", "/cdr:getStatsByProvider?dateFrom=2026-11-10&dateTo=2026-11-17", None),
    ("169", "GET", "/cdr/5", None),
    ("199", "DELETE", "/cdr", None),
    ("321", "GET", "/cdr?dateFrom=2026-11-20&dateTo=2026-11-20&limit=50", None),
    ("208", "GET", "/passwords:generate", None),
    ("210", "GET", "/passwords:generate?length=4", None),
    ("211", "POST", "/passwords:validate", {"password": "Zx9cVb7Nm2Ql", "field": "SipSecret"}),
    ("213", "POST", "/passwords:checkDictionary", {"password": "password"}),
    ("215", "GET", "/system:ping", None),
    ("216", "GET", "/system:datetime", None),
    ("226", "GET", "/sip/201:getSecret", None),
    ("228", "GET", "/sip/999:getStatus", None),
    ("231", "POST", f"/sip-providers/{TRUNK}:updateStatus", {"disabled": True}),
    ("244", "POST", "/sip-providers/SIP-TRUNK-FFFFFFFF:updateStatus", {"disabled": True}),
    ("245", "POST", f"/providers/{TRUNK}:updateStatus", {"disabled": True}),
    ("253", "PUT", f"/sip-providers/{TRUNK}", {"description": "Put only description"}),
    ("255", "GET", f"/sip-providers/{TRUNK}:copy", None),
    ("256", "POST", f"/sip-providers/{TRUNK}:forceCheck", {}),
    ("259", "GET", "/sip-providers/SIP-TRUNK-FFFFFFFF:getStatus", None),
    ("260", "GET", f"/sip-providers/{TRUNK}:getHistory", None),
    ("033", "GET", "/sip-providers/nonsense", None),
    ("066", "GET", "/employees/abc", None),
    ("195", "GET", "/does-not-exist", None),
    ("198", "POST", "/sip-providers:getStatuses", {}),
    ("200", "POST", "/cdr", {}),
]

# The same for the newer release.
NEWER: list[tuple[str, str, str, object]] = [
    ("new_006", "GET", "/advice:getList", None),
    ("new_009", "GET", "/storage:usage", None),
    ("new_013", "GET", "/firewall:getBannedIps", None),
    ("new_014", "GET", "/sip:getAuthFailureStats", None),
    ("new_035", "GET", "/incoming-routes", None),
    ("new_040", "GET", "/sip:getRegistry", None),
    ("new_043", "PATCH", f"/sip-providers/{TRUNK}", {"secret": SECRET}),
    ("new_044", "PATCH", f"/sip-providers/{TRUNK}", {"secret": SECRET, "registration_type": "outbound"}),
    ("new_045", "PATCH", f"/sip-providers/{TRUNK}", OUTBOUND),
    ("new_047", "PATCH", f"/sip-providers/{TRUNK}", {"host": "10.77.1.3:5060"}),
    ("new_049", "PATCH", "/iax-providers/IAX-TRUNK-5D1E9A27", {"secret": SECRET}),
    ("new_051", "GET", "/iax-providers/IAX-TRUNK-5D1E9A27:getStatus", None),
    ("new_052", "GET", "/iax:getRegistry", None),
    ("new_075", "GET", "/sip/203:getAuthFailureStats", None),
]

RECORDED_ADVICE: dict[str, list[dict[str, object]]] = {
    "warning": [{"messageTpl": "adv_ProblemWithInternetConnection"}],
    "error": [
        {
            "messageTpl": "adv_YouUseDefaultWebPassword",
            "messageParams": {
                "name": "WEB password",
                "url": "/admin-cabinet/general-settings/modify/#/passwords",
            },
        }
    ],
    "needUpdate": ["WebAdminPassword"],  # type: ignore[list-item]
}


def kinds(value: object, path: str = "") -> dict[str, set[str]]:
    """Return every path in a JSON value with its types; ids, numbers and list indexes become `*`."""
    found: dict[str, set[str]] = defaultdict(set)
    found[path].add(type(value).__name__)
    children: list[tuple[str, object]] = []
    if isinstance(value, Mapping):
        # Keys of counted states differ with the station's history.
        children = [(_name(path, str(key)), item) for key, item in value.items()]
    elif isinstance(value, list):
        children = [("*", item) for item in value]
    for name, item in children:
        for deeper, types in kinds(item, f"{path}.{name}").items():
            found[deeper] |= types
    return found


def _name(path: str, key: str) -> str:
    return "*" if re.fullmatch(r"\d+|(SIP|IAX)-.*", key) or path.endswith(".states") else key


def assert_alike(mine: object, real: object) -> None:
    here, there = kinds(mine), kinds(real)
    assert set(here) == set(there)
    strange = {path: (here[path], there[path]) for path in here if not here[path] & there[path]}
    assert not strange


def response_of(exchange: Mapping[str, object]) -> tuple[int, dict[str, object]]:
    response = exchange["response"]
    assert isinstance(response, dict)
    return int(response["status"]), response["body"]


@pytest.mark.parametrize(
    ("number", "verb", "path", "body"), SAME + NEWER, ids=[f"{case[0]}-{case[2]}" for case in SAME + NEWER]
)
async def test_an_answer_looks_like_the_recorded_one(
    api: httpx.AsyncClient, pbx: StandinPbx, recording: Recording, number: str, verb: str, path: str, body: object
) -> None:
    if number.startswith("new_"):
        pbx.dialect = NEWEST
        failure = {"count": 11, "last_attempt": 1795855329, "remote_address": "IPV4/UDP/10.77.2.2/5080"}
        pbx.advice, pbx.disk_mb = RECORDED_ADVICE, (0.0, 0.0)
        pbx.auth_failures = {"203": {"10.77.2.2": failure}}
    status, real = response_of(recording(number))
    answer = await api.request(verb, path, json=body) if body is not None else await api.request(verb, path)
    mine = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.headers["e-tag"]) == 40
    assert list(mine) == list(real)
    assert {
        name: mine.get(name) for name in ("result", "success", "function", "processor", "httpCode", "messages")
    } == {name: real.get(name) for name in ("result", "success", "function", "processor", "httpCode", "messages")}
    assert_alike(mine.get("data"), real.get("data"))
    assert_alike(mine["meta"], real["meta"])


async def test_a_status_has_the_keys_of_its_state_in_the_order_of_the_real_one(
    api: httpx.AsyncClient, control: httpx.AsyncClient, recording: Recording
) -> None:
    for name, registration in (("waiting", "inbound"), ("in", "inbound"), ("ip", "none"), ("dead ip", "none")):
        made = await control.post("/trunks", json={"name": name, "registration": registration, "host": ""})
        if name in ("waiting", "dead ip"):
            await control.post(f"/trunks/{made.json()['id']}", json={"condition": "provider_dead"})
    await control.post(f"/trunks/{TRUNK}", json={"condition": "provider_dead"})
    await control.post("/trunks/SIP-TRUNK-C07C8D8E", json={"condition": "wrong_password"})
    answer = await api.get("/sip-providers:getStatuses")
    mine = _by_state(answer.json()["data"]["sip"])
    real = _by_state(_sip(response_of(recording("345"))[1]))
    _assert_same_words(mine, real, {"rejected", "OFF", "REGISTERED", "UNREGISTERED", "OK", "UNKNOWN"})


async def test_an_outbound_route_is_the_recorded_one(api: httpx.AsyncClient, recording: Recording) -> None:
    """Its list was recorded empty; according to the source, two fields are replaced by a description there."""
    real = response_of(recording("315"))[1]["data"]
    assert isinstance(real, dict)
    whole = (await api.get("/outbound-routes/21")).json()["data"]
    assert_alike(whole, real)
    [listed, _] = (await api.get("/outbound-routes")).json()["data"]
    assert set(listed) == set(real) - {"provider_type", "represent"} | {"ruleDescription"}


async def test_half_an_outage_has_the_keys_and_words_of_the_newer_release(
    api: httpx.AsyncClient, control: httpx.AsyncClient, pbx: StandinPbx, recording: Recording, clock: Time
) -> None:
    pbx.dialect = NEWEST
    pbx.trunks["SIP-TRUNK-C07C8D8E"].record["qualify"] = False
    inbound = await control.post("/trunks", json={"name": "in", "registration": "inbound"})
    for trunk in (TRUNK, "SIP-TRUNK-C07C8D8E", inbound.json()["id"]):
        await control.post(f"/trunks/{trunk}", json={"condition": "no_answer_to_qualify"})
    mine = _by_state((await api.get("/sip-providers:getStatuses")).json()["data"]["sip"])
    _assert_same_words(
        mine, _by_state(_sip(response_of(recording("new_036"))[1])), {"unreachable", "registered", "REGISTERED", "OK"}
    )
    detail, real = (await api.get(f"/sip-providers/{TRUNK}:getStatus")).json(), response_of(recording("new_037"))[1]
    recorded = real["data"]
    assert isinstance(recorded, dict)
    assert list(detail["data"]) == list(recorded)
    assert _told(detail["data"]["recentEvents"][0]) == _told(recorded["recentEvents"][0])


async def test_a_dead_provider_is_red_and_was_half_an_outage_first_in_the_newer_release(
    api: httpx.AsyncClient, control: httpx.AsyncClient, pbx: StandinPbx, recording: Recording, clock: Time
) -> None:
    pbx.dialect = NEWEST
    await control.post(f"/trunks/{TRUNK}", json={"condition": "provider_dead", "instant": False})
    await control.post("/trunks/SIP-TRUNK-C07C8D8E", json={"condition": "unregistered"})
    await control.post("/trunks/SIP-TRUNK-8DAFEDB5", json={"condition": "provider_dead"})
    clock.sleep(130)
    mine = _by_state((await api.get("/sip-providers:getStatuses")).json()["data"]["sip"])
    real = _by_state(_sip(response_of(recording("new_055"))[1]))
    _assert_same_words(mine, real, {"rejected", "unregistered", "UNKNOWN"})
    history = (await api.get(f"/sip-providers/{TRUNK}:getHistory?limit=2")).json()["data"]["events"]
    recorded = response_of(recording("new_056"))[1]["data"]
    assert isinstance(recorded, dict)
    assert [_told(event) for event in history] == [_told(event) for event in recorded["events"][:2]]


def _told(event: Mapping[str, object]) -> dict[str, object]:
    return {name: event[name] for name in ("type", "event", "details", "state", "previousState")}


def _assert_same_words(
    mine: Mapping[tuple[str, str], dict[str, object]],
    real: Mapping[tuple[str, str], dict[str, object]],
    states: set[str],
) -> None:
    compared = set(mine) & set(real)
    assert {state for state, _ in compared} >= states
    after_success = ["lastSuccessTime", "timeSinceLastSuccess"]
    for state in compared:
        here, there = ([key for key in one[state] if key not in after_success] for one in (mine, real))
        assert here == there
        for words in ("stateText", "stateColor", "stateDescription", "type"):
            assert mine[state][words] == real[state][words]


def _sip(body: Mapping[str, object]) -> dict[str, dict[str, object]]:
    data = body["data"]
    assert isinstance(data, dict)
    return dict(data["sip"])


def _by_state(statuses: Mapping[str, dict[str, object]]) -> dict[tuple[str, str], dict[str, object]]:
    return {(str(item["state"]), str(item.get("contactStatus"))): item for item in statuses.values()}


async def test_a_stopped_asterisk_looks_like_the_recorded_one(
    api: httpx.AsyncClient, control: httpx.AsyncClient, pbx: StandinPbx, recording: Recording
) -> None:
    await control.post("/trunks", json={"name": "in", "registration": "inbound"})
    await control.post("/asterisk", json={"running": False, "instant": True})
    mine = _by_state((await api.get("/sip-providers:getStatuses")).json()["data"]["sip"])
    real = _by_state(_sip(response_of(recording("274"))[1]))
    assert set(mine) == set(real)
    assert list(mine["UNKNOWN", "None"]) == list(real["UNKNOWN", "None"])
    pbx.dialect = NEWEST
    newer = (await api.get("/sip-providers:getStatuses?forceCheck=true")).json()["data"]
    recorded = response_of(recording("new_109"))[1]["data"]
    assert isinstance(recorded, dict)
    _assert_same_words(_by_state(newer["sip"]), _by_state(recorded["sip"]), {"UNKNOWN", "UNREGISTERED"})
    _assert_same_words(_by_state(newer["iax"]), _by_state(recorded["iax"]), {"unregistered"})


async def test_batch_create_tells_all_severities_at_once(api: httpx.AsyncClient, recording: Recording) -> None:
    _, real = response_of(recording("104"))
    rows = [NEW | {"number": "243"}, NEW | {"number": "244"}, NEW | {"number": "201"}]
    answer = await api.post("/employees:batchCreate", json={"employees": rows, "mode": "create"})
    mine = answer.json()
    assert answer.status_code == 200
    assert mine["messages"] == real["messages"]
    assert list(mine) == list(real)
    assert_alike(mine["data"], real["data"])


async def test_a_call_has_the_rows_of_a_real_one(
    api: httpx.AsyncClient, control: httpx.AsyncClient, recording: Recording
) -> None:
    await control.post("/calls", json={"kind": "incoming", "src": "+79161234567", "dst": "203", "trunk": TRUNK})
    for path, number in (("/pbx-status:getActiveCalls", "319"), ("/pbx-status:getActiveChannels", "113")):
        [mine] = (await api.get(path)).json()["data"]
        data = response_of(recording(number))[1]["data"]
        assert isinstance(data, list)
        assert list(mine) == list(data[0])
        assert_alike(mine, data[0])
