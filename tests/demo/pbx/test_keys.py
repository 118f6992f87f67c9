from collections.abc import Callable

import httpx
import pytest

from bot.demo.pbx import StandinPbx
from bot.demo.pbx.web.keys import Keys, Permissions

FromAddress = Callable[[StandinPbx, str, str | None], httpx.AsyncClient]
KEY = "ab" * 32
UNAUTHENTICATED = {"error": ["The user isn't authenticated."]}


@pytest.mark.parametrize("header", [None, "Bearer ", f"Bearer {'0' * 64}", f"bearer {KEY}", "Basic YTpi", KEY])
async def test_no_key_and_a_wrong_key_get_the_same_answer(
    pbx: StandinPbx, from_address: FromAddress, header: str | None
) -> None:
    async with from_address(pbx, "127.0.0.2", header) as client:
        answer = await client.get("/employees")
    assert (answer.status_code, answer.json()["messages"]) == (401, UNAUTHENTICATED)


async def test_the_machine_itself_needs_no_key_but_may_not_show_a_wrong_one(
    pbx: StandinPbx, from_address: FromAddress
) -> None:
    statuses = {}
    for address, header in (("127.0.0.1", None), ("::1", None), ("127.0.0.2", None), ("127.0.0.1", "Bearer wrong")):
        async with from_address(pbx, address, header) as client:
            statuses[address, header] = (await client.get("/employees")).status_code
    assert list(statuses.values()) == [200, 200, 401, 401]


async def test_a_missing_right_looks_like_a_wrong_key(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    await control.post("/key", json={"permissions": {"/api/v3/employees": "read", "/api/v3/cdr": "write"}})
    assert (await api.get("/employees/110")).status_code == 200
    assert (await api.get("/cdr")).status_code == 200
    denied = await api.post("/employees", json={})
    assert (denied.status_code, denied.json()["messages"]) == (401, UNAUTHENTICATED)
    assert (await api.get("/sip:getStatuses")).status_code == 401


async def test_a_limited_key_is_refused_for_a_trunk_whose_id_ends_in_a_letter(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    paths = "/sip-providers/SIP-TRUNK-44BBC135:getStatus", "/sip-providers/SIP-TRUNK-C07C8D8E:getStatus"
    assert [(await api.get(path)).status_code for path in paths] == [200, 200]
    await control.post("/key", json={"permissions": {"/api/v3/sip-providers": "read"}})
    assert [(await api.get(path)).status_code for path in paths] == [200, 401]
    assert (await api.get("/sip-providers:getStatuses")).status_code == 200


async def test_an_encoded_colon_works_with_a_full_key_only(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    assert (await api.get("/sip-providers%3AgetStatuses")).status_code == 200
    await control.post("/key", json={"permissions": {"/api/v3/sip-providers": "read"}})
    assert (await api.get("/sip-providers%3AgetStatuses")).status_code == 401


async def test_an_unknown_path_is_not_found_even_without_a_key(pbx: StandinPbx, from_address: FromAddress) -> None:
    async with from_address(pbx, "10.0.0.1", None) as client:
        assert (await client.get("/does-not-exist")).status_code == 404
        assert (await client.get("/system:ping")).status_code == 200
        assert (await client.get("http://pbx/pbxcore/api/system/ping")).text == "PONG"
        assert (await client.get("http://pbx/pbxcore/whatever")).json()["success"] is False


async def test_a_revoked_key_is_refused_at_once(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    assert (await api.get("/employees")).status_code == 200
    await control.post("/key", json={"revoked": True})
    assert (await api.get("/employees")).status_code == 401
    await control.post("/key", json={"revoked": False})
    assert (await api.get("/employees")).status_code == 200


def test_a_wrong_key_costs_a_second_once_a_minute() -> None:
    keys = Keys(KEY)
    costs = [keys.judge("Bearer wrong", "10.0.0.1", "GET", "/api/v3/cdr", now).cost for now in (0, 1, 59, 61)]
    assert costs == [1.0, 0.0, 0.0, 1.0]


def test_a_right_belongs_to_the_resource_and_writing_includes_reading() -> None:
    permissions = Permissions({"/api/v3/cdr": "write"})
    assert permissions.allow("GET", "/api/v3/cdr")
    assert permissions.allow("DELETE", "/api/v3/cdr/17")
    assert not permissions.allow("GET", "/api/v3/cdrs")
    assert not Permissions({"/api/v3/cdr": "read"}).allow("DELETE", "/api/v3/cdr/17")
    assert not Permissions({}).allow("GET", "/api/v3/cdr")
