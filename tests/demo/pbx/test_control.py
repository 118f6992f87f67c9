import asyncio
import re
from typing import Protocol

import httpx
import pytest

from bot.demo.pbx import StandinPbx

TRUNK = "SIP-TRUNK-44BBC135"


class Time(Protocol):
    def sleep(self, seconds: float) -> None: ...


async def test_the_state_has_everything_the_page_shows(control: httpx.AsyncClient) -> None:
    state = (await control.get("/state")).json()
    assert {name: state[name] for name in ("name", "asterisk", "worker", "call_events", "rate_limit", "speed")} == {
        "name": "Head office",
        "asterisk": "running",
        "worker": "running",
        "call_events": "running",
        "rate_limit": "real",
        "speed": 1,
    }
    assert state["fault"] == {"kind": "none", "delay": 0}
    assert state["key"] == {"revoked": False, "denied": []}
    assert state["requests"] == {"total": 0, "writes": 0}
    assert [trunk["name"] for trunk in state["trunks"]] == [
        "Zadarma",
        "Mango Office",
        "Branch IAX",
        "Doorphone gateway",
        "Old provider",
    ]
    assert [trunk["state"] for trunk in state["trunks"]] == ["registered", "registered", "", "OK", "OFF"]
    assert set(state["trunks"][0]) == {
        "id",
        "name",
        "type",
        "registration",
        "host",
        "username",
        "condition",
        "state",
        "contactStatus",
        "rtt",
        "disabled",
    }
    assert set(state["extensions"][0]) == {"number", "name", "online", "busy"}
    assert {extension["online"] for extension in state["extensions"]} == {True, False}


@pytest.mark.parametrize(
    ("condition", "state", "contact"),
    [
        ("wrong_password", "rejected", "Reachable"),
        ("provider_dead", "rejected", "Unreachable"),
        ("provider_silent", "rejected", "Unreachable"),
        ("unregistered", "unregistered", "Reachable"),
        ("lagged", "lagged", "Reachable"),
        ("no_answer_to_qualify", "registered", "Unreachable"),
        ("off", "OFF", None),
        ("weird_state", "Hibernating", "Reachable"),
    ],
)
async def test_a_trunk_breaks_at_once_and_is_mended_at_once(
    api: httpx.AsyncClient, control: httpx.AsyncClient, condition: str, state: str, contact: str | None
) -> None:
    async def seen() -> tuple[str, str | None]:
        status = (await api.get("/providers:getStatuses")).json()["data"]["sip"][TRUNK]
        return status["state"], status.get("contactStatus")

    await seen()
    await control.post(f"/trunks/{TRUNK}", json={"condition": condition, "instant": True})
    assert await seen() == (state, contact)
    shown = next(trunk for trunk in (await control.get("/state")).json()["trunks"] if trunk["id"] == TRUNK)
    assert (shown["condition"], shown["state"]) == (condition, state)
    await control.post(f"/trunks/{TRUNK}", json={"condition": "ok", "instant": True})
    assert await seen() == ("registered", "Reachable")


async def test_a_trunk_that_is_not_broken_at_once_is_seen_to_be_when_the_pbx_notices(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    await control.post("/speed", json={"speed": 10})
    await control.post(f"/trunks/{TRUNK}", json={"condition": "provider_silent", "instant": False})
    seen = []
    for _ in range(4):
        clock.sleep(2)
        status = (await api.get("/providers:getStatuses")).json()["data"]["sip"][TRUNK]
        seen.append((status["state"], status["contactStatus"]))
    assert seen == [
        ("registered", "Reachable"),
        ("registered", "Unreachable"),
        ("registered", "Unreachable"),
        ("rejected", "Unreachable"),
    ]


async def test_a_trunk_is_deleted_and_another_one_added(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    await control.post(f"/trunks/{TRUNK}", json={"condition": "deleted"})
    assert (await api.get(f"/sip-providers/{TRUNK}")).status_code == 422
    made = await control.post("/trunks", json={"name": "Twilio", "host": "sip.twilio.example", "username": "me"})
    assert made.status_code == 201
    status = (await api.get("/providers:getStatuses")).json()["data"]["sip"][made.json()["id"]]
    assert (status["description"], status["state"]) == ("Twilio", "registered")
    await control.post("/calls", json={"kind": "incoming", "src": "79161234567", "dst": "201", "trunk": status["id"]})
    [call] = (await api.get("/pbx-status:getActiveCalls")).json()["data"]
    assert call["did"].startswith("7495")


async def test_asterisk_starts_again_through_a_moment_of_nothing(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    async def words() -> set[str]:
        data = (await api.get("/providers:getStatuses?forceCheck=true")).json()["data"]
        return {status["state"] for group in data.values() if group for status in group.values()}

    await control.post("/asterisk", json={"running": False, "instant": True})
    assert (await control.get("/state")).json()["asterisk"] == "stopped"
    # This release reports the IAX trunk.
    assert await words() == {"UNKNOWN", "OFF", "unregistered"}
    await control.post("/asterisk", json={"running": True, "instant": False})
    assert (await control.get("/state")).json()["asterisk"] == "starting"
    assert await words() == {"UNKNOWN", "OFF"}
    clock.sleep(12)
    assert (await control.get("/state")).json()["asterisk"] == "running"
    assert await words() == {"registered", "UNKNOWN", "OFF"}
    clock.sleep(60)
    assert await words() == {"registered", "OK", "OFF"}


async def test_the_health_of_a_pbx_is_shown_as_it_was_set(control: httpx.AsyncClient) -> None:
    await control.post("/disk", json={"total": 51_200, "free": 400})
    await control.post("/advice", json={"advice": {"error": [{"messageTpl": "adv_YouUseDefaultWebPassword"}]}})
    await control.post("/banned", json={"address": "127.0.0.1"})
    state = (await control.get("/state")).json()
    assert state["disk"] == {"total": 51_200, "free": 400}
    assert (state["advice"], state["banned"]) == (["adv_YouUseDefaultWebPassword"], ["127.0.0.1"])


async def test_another_release_comes_with_a_restart_of_the_machine(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    async def report() -> str:
        return str((await api.get("/sysinfo:getInfo")).json()["data"]["content"])

    up_for = re.compile(r"12 days,  3:04,")
    assert up_for.search(await report())
    await control.post("/dialect", json={"release": "2026.1"})
    assert up_for.search(await report())
    await control.post("/dialect", json={"release": "2026.9", "restarts": True})
    with pytest.raises(ConnectionAbortedError):
        await report()
    clock.sleep(60)
    restarted = await report()
    assert "2026.9.5" in restarted
    assert " up 1 min,  0 users," in restarted


async def test_a_phone_goes_offline_and_comes_back(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    for online, word in ((False, "Unavailable"), (True, "Available")):
        await control.post("/extensions/201", json={"online": online})
        assert (await api.get("/sip:getStatuses")).json()["data"]["201"]["status"] == word


async def test_names_are_whatever_somebody_chose(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    name = "</b>@durov 😀"
    for path in ("/queues/2001", "/routes/13", "/routes/21"):
        assert (await control.post(path, json={"name": name})).status_code == 200
    await control.post("/extensions/201", json={"agent": name})
    call = {"kind": "incoming", "src": "anonymous", "src_name": name, "dst": "201", "trunk": TRUNK}
    await control.post("/calls", json=call)
    lists = [
        (await api.get(path)).json()["data"][0] for path in ("/call-queues", "/incoming-routes", "/outbound-routes")
    ]
    assert [row.get("rulename") or row["name"] for row in lists] == [name] * 3
    assert (await api.get("/sip:getStatuses")).json()["data"]["201"]["devices"][0]["user_agent"] == name
    assert (await api.get("/pbx-status:getActiveCalls")).json()["data"][0]["src_name"] == name


async def test_requests_are_written_down_without_what_they_carry(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    await api.get("/employees?limit=1")
    await api.post("/employees", json={"number": "243"})
    requests = (await control.get("/requests")).json()["requests"]
    assert [(request["seq"], request["method"], request["query"], request["status"]) for request in requests] == [
        (1, "GET", "limit=1", 200),
        (2, "POST", "", 422),
    ]
    assert set(requests[0]) == {"seq", "at", "answered", "method", "path", "query", "status"}
    assert [request["seq"] for request in (await control.get("/requests?after=1")).json()["requests"]] == [2]
    assert (await control.get("/state")).json()["requests"] == {"total": 2, "writes": 1}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/trunks/NOPE", {"condition": "ok"}, 404),
        (f"/trunks/{TRUNK}", {"condition": "on fire"}, 422),
        ("/fault", {"kind": "flood"}, 422),
        ("/extensions/999", {"online": True}, 404),
        ("/calls", {"kind": "incoming"}, 422),
        ("/queues/999", {"name": "Sales"}, 404),
        ("/queues/2001", {}, 422),
        ("/routes/999", {"name": "Out"}, 404),
        ("/calls/mikopbx-0.0/hangup", {}, 404),
        ("/time_zone", {"zone": "Mars/Olympus"}, 422),
        ("/speed", {"speed": 0}, 422),
        ("/key", {"permissions": {"/api/v3/cdr": "own"}}, 422),
        ("/rate_limit", {"mode": "mean"}, 422),
        ("/asterisk", {"running": "yes"}, 422),
        ("/asterisk", [], 422),
    ],
)
async def test_a_switch_that_does_not_exist_says_so(
    control: httpx.AsyncClient, path: str, body: object, status: int
) -> None:
    answer = await control.post(path, json=body)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("garbage", 200, "application/json"),
        ("half_json", 200, "application/json"),
        ("html", 200, "text/html; charset=UTF-8"),
        ("redis_down", 500, "text/html; charset=UTF-8"),
        ("php_down", 502, "text/html"),
        ("queue_full", 503, "application/json"),
        ("server_error", 500, "application/json"),
    ],
)
async def test_a_fault_shows_in_the_answer_and_only_where_it_is_wanted(
    api: httpx.AsyncClient, control: httpx.AsyncClient, kind: str, status: int, content_type: str
) -> None:
    await control.post("/fault", json={"kind": kind, "paths": ["employees"]})
    answer = await api.get("/employees")
    assert (answer.status_code, answer.headers["content-type"]) == (status, content_type)
    if status == 200:
        with pytest.raises(ValueError):
            answer.json()
    assert (await api.get("/sip:getPeersStatuses")).json()["result"] is True
    await control.post("/fault", json={"kind": "none"})
    assert (await api.get("/employees")).json()["result"] is True


async def test_a_crash_tells_its_messages_in_two_shapes(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    await control.post("/fault", json={"kind": "server_error"})
    assert list((await api.get("/employees")).json()["messages"]) == ["error"]
    assert isinstance((await api.get("/sip:getRegistry")).json()["messages"], list)


async def test_slow_is_as_slow_as_set(api: httpx.AsyncClient, control: httpx.AsyncClient, waits: list[float]) -> None:
    await control.post("/fault", json={"kind": "slow", "delay": 8})
    assert (await api.get("/employees")).status_code == 200
    assert 8 in waits


async def test_an_unplugged_pbx_cuts_the_line_at_once(served: str) -> None:
    async with httpx.AsyncClient(base_url=served) as client:
        await client.post("/control/fault", json={"kind": "unplugged"})
        with pytest.raises(httpx.TransportError):
            await client.get("/pbxcore/api/v3/system:ping")
        with pytest.raises(httpx.TransportError):
            await client.get("/pbxcore/api/system/ping")
        assert (await client.get("/control/state")).json()["fault"]["kind"] == "unplugged"


async def test_an_answer_cut_in_the_middle_breaks_off(served: str) -> None:
    async with httpx.AsyncClient(base_url=served) as client:
        await client.post("/control/fault", json={"kind": "cut"})
        async with client.stream("GET", "/pbxcore/api/v3/employees") as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx.TransportError):
                await answer.aread()


async def test_a_lost_answer_has_been_carried_out(served: str, pbx: StandinPbx) -> None:
    async with httpx.AsyncClient(base_url=served) as client:
        await client.post("/control/fault", json={"kind": "lost_answer"})
        body = {"number": "243", "user_username": "John Smith", "sip_secret": "Qw3rtyUi9pAs"}
        with pytest.raises(httpx.TransportError):
            await client.post("/pbxcore/api/v3/employees", json=body)
        assert pbx.planner.person("243") is not None
        assert (await client.get("/control/requests")).json()["requests"][-1]["status"] == 0


async def test_many_ask_at_once_over_real_sockets(served: str) -> None:
    async with httpx.AsyncClient(base_url=served) as client:
        answers = await asyncio.gather(*(client.get("/pbxcore/api/v3/employees") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}


async def test_every_password_said_to_it_or_by_it_is_remembered(api: httpx.AsyncClient, pbx: StandinPbx) -> None:
    made = (await api.get("/passwords:generate")).json()["data"]["password"]
    shown = (await api.get("/sip/201:getSecret")).json()["data"]["secret"]
    await api.post("/employees:batchCreate", json={"employees": [{"number": "243", "sip_secret": "t00-weak"}]})
    await api.patch(f"/sip-providers/{TRUNK}", json={"secret": "Tr9Secret09xyz"})
    await api.get("/cdr?search=password")
    assert {made, shown, "t00-weak", "Tr9Secret09xyz"} <= pbx.heard.passwords
