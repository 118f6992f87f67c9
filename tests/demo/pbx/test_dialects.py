"""Differences of the two releases, and states that neither reports."""

from typing import Protocol

import httpx
import pytest

from bot.demo.pbx import StandinPbx
from bot.demo.pbx.registration.sights import DIALECTS, NEWEST, Dialect
from tests.demo.pbx.conftest import KEY, client_of

TRUNK, OTHER, IAX = "SIP-TRUNK-44BBC135", "SIP-TRUNK-C07C8D8E", "IAX-TRUNK-5D1E9A27"


class Time(Protocol):
    def sleep(self, seconds: float) -> None: ...


async def status(api: httpx.AsyncClient, trunk: str = TRUNK) -> dict[str, object]:
    body = (await api.get("/providers:getStatuses?forceCheck=true")).json()
    shown: dict[str, object] = body["data"]["sip"][trunk]
    return shown


@pytest.mark.parametrize(("dialect", "word"), [("2026.1", "registered"), ("2026.9", "unreachable")])
async def test_half_an_outage_is_reported_by_a_word_or_by_the_contact_alone(
    api: httpx.AsyncClient, control: httpx.AsyncClient, dialect: Dialect, word: str
) -> None:
    await control.post("/dialect", json={"release": dialect})
    await control.post(f"/trunks/{TRUNK}", json={"condition": "no_answer_to_qualify"})
    shown = await status(api)
    assert (shown["state"], shown["contactStatus"], shown["rtt"]) == (word, "Unreachable", None)
    assert ("degradedReason" in shown) == (dialect == NEWEST)
    await control.post("/contact_words", json={"short": True})
    assert (await status(api))["contactStatus"] == "Unavail"
    [row] = [row for row in (await api.get("/sip:getRegistry")).json()["data"] if row["id"].startswith(TRUNK)]
    assert row["state"] == "REGISTERED"
    # Disabling *qualify* restores the trunk.
    await api.patch(f"/sip-providers/{TRUNK}", json={"qualify": False})
    assert (await status(api))["state"] == "registered"


async def test_over_half_a_trunk_calls_come_in_and_none_goes_out(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    await control.post(f"/trunks/{TRUNK}", json={"condition": "no_answer_to_qualify"})
    out = {"kind": "outgoing", "src": "201", "dst": "79161234567", "trunk": TRUNK}
    failed = (await control.post("/calls", json=out)).json()["linkedid"]
    came = (await control.post("/calls", json=out | {"kind": "incoming", "src": "79161234567", "dst": "201"})).json()
    clock.sleep(120)
    legs = {}
    for linkedid in (failed, came["linkedid"]):
        [leg] = (await api.get(f"/cdr?linkedid={linkedid}&grouped=false")).json()["data"]["records"]
        legs[linkedid] = leg
    lost = legs[failed]
    assert (lost["disposition"], lost["dialstatus"], lost["to_account"], lost["duration"]) == (
        "CHANUNAVAIL",
        "CHANUNAVAIL",
        "",
        6,
    )
    assert (legs[came["linkedid"]]["disposition"], legs[came["linkedid"]]["from_account"]) == ("ANSWERED", TRUNK)


async def test_a_provider_that_comes_back_is_half_out_before_it_is_well(
    api: httpx.AsyncClient, control: httpx.AsyncClient, pbx: StandinPbx, clock: Time
) -> None:
    pbx.dialect = NEWEST
    await control.post(f"/trunks/{TRUNK}", json={"condition": "provider_silent"})
    await control.post(f"/trunks/{TRUNK}", json={"condition": "ok", "instant": False})
    seen = []
    for _ in range(7):
        clock.sleep(10)
        seen.append((await status(api))["state"])
    assert seen == ["rejected", *["unreachable"] * 4, "registered", "registered"]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_is_not_known_is_an_event_in_the_older_release_only(
    api: httpx.AsyncClient, control: httpx.AsyncClient, pbx: StandinPbx, dialect: Dialect, clock: Time
) -> None:
    pbx.dialect = dialect
    for running in (False, True):
        await control.post("/asterisk", json={"running": running})
        clock.sleep(60)
    events = (await api.get(f"/sip-providers/{TRUNK}:getHistory")).json()["data"]["events"]
    unknown = [event for event in events if "UNKNOWN" in (event["state"], event["previousState"])]
    assert bool(unknown) == (dialect != NEWEST)


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("sip.example.com", True),
        ("10.0.0.7", True),
        ("10.0.0.0/24", True),
        ("2001:db8::7", True),
        ("gateway", False),
        ("sip.example.com:5061", False),
        ("not a host!!", False),
    ],
)
async def test_a_host_is_looked_at_by_the_newer_release_only(
    api: httpx.AsyncClient, pbx: StandinPbx, host: str, good: bool
) -> None:
    body = {"host": host}
    assert (await api.patch(f"/sip-providers/{TRUNK}", json=body)).status_code == 200
    pbx.dialect = NEWEST
    assert (await api.patch(f"/sip-providers/{TRUNK}", json=body)).status_code == (200 if good else 422)


@pytest.mark.parametrize(("dialect", "port"), [("2026.1", 5060), ("2026.9", 0)])
async def test_a_port_that_is_left_empty_is_asked_of_the_dns_by_the_newer_release_only(
    api: httpx.AsyncClient, pbx: StandinPbx, dialect: Dialect, port: int
) -> None:
    pbx.dialect = dialect
    for empty in (0, ""):
        answer = await api.patch(f"/sip-providers/{TRUNK}", json={"port": empty})
        assert (answer.status_code, answer.json()["data"]["port"]) == (200, port)


async def test_the_newer_release_knows_ids_that_end_in_a_letter_and_another_header() -> None:
    for dialect, answer in (("2026.1", 401), ("2026.9", 200)):
        pbx = StandinPbx(api_key=KEY, traffic=False, dialect=dialect)  # type: ignore[arg-type]
        async with client_of(pbx) as api:
            await api.post("http://pbx/control/key", json={"permissions": {"/api/v3/sip-providers": "read"}})
            assert (await api.get(f"/sip-providers/{OTHER}")).status_code == answer
        async with client_of(pbx, header=None) as api:
            assert (await api.get(f"/sip-providers/{TRUNK}", headers={"X-Api-Key": KEY})).status_code == answer


async def test_a_missing_right_may_be_reported_as_one(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    await control.post("/key", json={"permissions": {"/api/v3/sip": "read"}})
    assert (await api.get("/employees")).status_code == 401
    await control.post("/key", json={"missing_right": "The key has no right to read /employees"})
    answer = await api.get("/employees")
    assert (answer.status_code, answer.json()["messages"]["error"]) == (
        403,
        ["The key has no right to read /employees"],
    )


async def test_a_deleted_key_is_taken_for_five_more_minutes(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    await api.get("/employees")
    await control.post("/key", json={"revoked": True, "remembered": True})
    clock.sleep(299)
    assert (await api.get("/employees")).status_code == 200
    clock.sleep(1)
    assert (await api.get("/employees")).status_code == 401


async def test_iax_trunks_that_register_are_hidden_and_hide_the_others(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    async def group() -> dict[str, dict[str, object]] | list[object]:
        found = (await api.get("/providers:getStatuses?forceCheck=true")).json()["data"]["iax"]
        assert isinstance(found, dict | list)
        return found

    body = {"type": "iax", "name": "IAX none", "registration": "none", "host": "10.0.0.7"}
    quiet = (await control.post("/trunks", json=body)).json()["id"]
    assert await group() == []
    listed = {row["id"] for row in (await api.get("/providers")).json()["data"]}
    assert {IAX, quiet} <= listed
    assert next(one for one in (await control.get("/state")).json()["trunks"] if one["id"] == IAX)["state"] == ""
    await control.post("/asterisk", json={"running": False})
    stopped = await group()
    assert isinstance(stopped, dict)
    assert {trunk: shown["state"] for trunk, shown in stopped.items()} == {IAX: "unregistered", quiet: "unregistered"}
    await control.post("/asterisk", json={"running": True})
    assert await group() == []
    # Without a registering trunk the others are reported, and never as healthy.
    await control.post(f"/trunks/{IAX}", json={"condition": "off"})
    told = await group()
    assert isinstance(told, dict)
    assert {trunk: shown["state"] for trunk, shown in told.items()} == {IAX: "OFF", quiet: "unregistered"}
    await control.post("/iax", json={"told": True})
    await control.post(f"/trunks/{IAX}", json={"condition": "ok"})
    told = await group()
    assert isinstance(told, dict)
    assert {shown["state"] for shown in told.values()} == {"registered"}
    assert (await api.get("/iax:getRegistry")).json()["result"] is True


async def test_an_address_is_banned_and_let_in_again(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    await control.post("/banned", json={"address": "203.0.113.7"})
    banned = (await api.get("/firewall:getBannedIps")).json()["data"]
    assert list(banned) == ["203.0.113.7"]
    assert set(banned["203.0.113.7"]["bans"][0]) == {"jail", "timeofban", "timeunban", "v"}
    await control.post("/banned", json={"address": "203.0.113.7", "banned": False})
    assert (await api.get("/firewall:getBannedIps")).json()["data"] == []


async def test_both_kinds_of_trunks_at_once_cannot_be_written(api: httpx.AsyncClient) -> None:
    assert (await api.post("/providers", json={})).status_code == 405
    assert (await api.patch(f"/providers/{TRUNK}", json={})).status_code == 405
