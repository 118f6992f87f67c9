import asyncio
from collections.abc import Callable
from typing import Protocol

import httpx
import pytest

from bot.demo.pbx import StandinPbx

FromAddress = Callable[[StandinPbx, str, str | None], httpx.AsyncClient]
TRUNK = "SIP-TRUNK-44BBC135"
NEW = {"number": "243", "user_username": "John Smith", "sip_secret": "Qw3rtyUi9pAs"}


class Time(Protocol):
    def sleep(self, seconds: float) -> None: ...


async def state_of(api: httpx.AsyncClient, query: str = "") -> tuple[str, object]:
    body = (await api.get(f"/sip-providers:getStatuses{query}")).json()
    return body["data"]["sip"][TRUNK]["state"], body["messages"]


async def test_statuses_are_cached_for_ten_seconds(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    assert await state_of(api) == ("registered", [])
    await control.post(f"/trunks/{TRUNK}", json={"condition": "off", "instant": False})
    clock.sleep(9)
    assert await state_of(api) == ("registered", {"info": ["Using cached data (fresh)"]})
    assert await state_of(api, "?forceCheck=true") == ("OFF", {"info": ["Force check completed, cache updated"]})


async def test_a_deleted_trunk_is_still_listed_while_the_cache_lives(api: httpx.AsyncClient, clock: Time) -> None:
    await api.get("/providers:getStatuses")
    await api.delete(f"/sip-providers/{TRUNK}")
    assert TRUNK in (await api.get("/providers:getStatuses")).json()["data"]["sip"]
    clock.sleep(10)
    assert TRUNK not in (await api.get("/providers:getStatuses")).json()["data"]["sip"]


async def test_no_trunks_of_a_kind_is_an_empty_list(api: httpx.AsyncClient, pbx: StandinPbx) -> None:
    pbx.trunks.clear()
    assert (await api.get("/providers:getStatuses")).json()["data"] == {"sip": [], "iax": []}


async def test_a_disabled_trunk_is_left_out_of_the_list_but_not_of_the_statuses(api: httpx.AsyncClient) -> None:
    names = [row["represent"] for row in (await api.get("/providers")).json()["data"]]
    assert not any("Old provider" in name for name in names)
    whole = [row["represent"] for row in (await api.get("/providers?includeDisabled=true")).json()["data"]]
    assert len(whole) == len(names) + 1
    states = (await api.get("/providers:getStatuses")).json()["data"]["sip"]
    assert states["SIP-TRUNK-8F96BC91"]["state"] == "OFF"


async def test_a_trunk_remembers_what_happened_to_it(api: httpx.AsyncClient, pbx: StandinPbx, clock: Time) -> None:
    pbx.set_condition(pbx.trunks[TRUNK], "provider_silent", 1)
    clock.sleep(100)
    pbx.set_condition(pbx.trunks[TRUNK], "ok", 1)
    clock.sleep(30)
    data = (await api.get(f"/sip-providers/{TRUNK}:getHistory?limit=2")).json()["data"]
    assert [(event["previousState"], event["state"]) for event in data["events"]] == [
        ("rejected", "registered"),
        ("registered", "rejected"),
    ]
    assert data["events"][0]["timestamp"] - data["events"][1]["timestamp"] == 43
    assert data["totalAvailable"] > 2


async def test_update_status_without_a_body_enables(api: httpx.AsyncClient, pbx: StandinPbx) -> None:
    path = f"/sip-providers/{TRUNK}:updateStatus"
    assert (await api.post(path, data={"disabled": "true"})).json()["data"]["disabled"] is True
    assert (await api.post(path, data={"disabled": "false"})).json()["data"]["disabled"] is False
    assert (await api.post(path, json={"disabled": 1})).json()["data"]["disabled"] is True
    assert (await api.post(path)).json()["data"]["disabled"] is False


async def test_the_routes_of_a_deleted_trunk_go_with_it(api: httpx.AsyncClient) -> None:
    await api.delete(f"/sip-providers/{TRUNK}")
    for path in ("/incoming-routes", "/outbound-routes"):
        assert TRUNK not in {route["providerid"] for route in (await api.get(path)).json()["data"]}


async def test_only_the_secret_of_an_outbound_trunk_is_hidden_and_the_mask_keeps_it(
    api: httpx.AsyncClient, pbx: StandinPbx
) -> None:
    before, fields = pbx.trunks[TRUNK].record["secret"], {"registration_type": "outbound", "username": "u"}
    assert (await api.get(f"/sip-providers/{TRUNK}")).json()["data"]["secret"] == "XXXXXXXX"
    await api.patch(f"/sip-providers/{TRUNK}", json=fields | {"secret": "XXXXXXXX", "host": "sip2.zadarma.com"})
    assert (pbx.trunks[TRUNK].record["secret"], pbx.trunks[TRUNK].text("host")) == (before, "sip2.zadarma.com")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"number": "20a"}, {"number": "20"}),
        ({"number": "123456789"}, {"number": "12345678"}),
        ({"number": 243}, {"number": "243"}),
        ({"mobile_number": "+7 (926) 555-44-33"}, {"mobile_number": "79265554433", "mobile_dialstring": ""}),
        ({"mobile_number": "abc"}, {"mobile_number": ""}),
        ({"user_username": "N" * 300}, {"user_username": "N" * 100}),
        ({"user_username": '<b>Bold</b> & "Quote" O\'Neil'}, {"user_username": '<b>Bold</b> & "Quote" O\'Neil'}),
        ({"unheard": "of"}, {"sip_secret": "Qw3rtyUi9pAs", "sip_transport": "udp", "fwd_ringlength": 45}),
    ],
)
async def test_an_employee_is_cleaned_rather_than_refused(
    api: httpx.AsyncClient, sent: dict[str, object], kept: dict[str, object]
) -> None:
    answer = await api.post("/employees", json=NEW | sent)
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert {name: data[name] for name in kept} == kept


async def test_a_broken_body_counts_as_nothing_sent(api: httpx.AsyncClient) -> None:
    for content in ("{not json", "[1, 2]"):
        answer = await api.post("/employees", content=content, headers={"Content-Type": "application/json"})
        assert set(answer.json()["messages"]["error"]) == {"number", "user_username", "sip_secret"}


async def test_an_employee_in_a_route_is_not_deleted_and_the_reason_is_html(api: httpx.AsyncClient) -> None:
    answer = await api.delete("/employees/110")
    assert answer.status_code == 422
    assert answer.json()["messages"]["error"][0].startswith("There are references to the object - <a href='")
    assert (await api.get("/employees/110")).status_code == 200


async def test_the_caller_id_of_a_phone_is_not_quite_the_name(api: httpx.AsyncClient) -> None:
    statuses = (await api.get("/sip:getStatuses")).json()["data"]
    assert statuses["204"]["callerid"] == "Пeтр Иванов"
    assert statuses["212"]["callerid"] == "Robert bONeilb  Sons"


async def test_numbers_for_a_newcomer_are_free(api: httpx.AsyncClient) -> None:
    numbers = {row["number"] for row in (await api.get("/employees")).json()["data"]["data"]}
    assert not numbers & {"243", "244"}
    assert (await api.get("/employees:getDefault")).json()["data"]["number"] not in numbers


async def test_the_list_of_employees_pages_only_when_asked(api: httpx.AsyncClient) -> None:
    for query, count in (
        ("", 12),
        ("?limit=5", 5),
        ("?offset=10", 2),
        ("?limit=-1&order=number", 12),
        ("?search=anna", 1),
    ):
        data = (await api.get(f"/employees{query}")).json()["data"]
        assert len(data["data"]) == count
    assert data["recordsTotal"] == data["recordsFiltered"] == 1


async def test_a_stopped_asterisk_answers_slowly_and_with_empty_lists(
    api: httpx.AsyncClient, control: httpx.AsyncClient, waits: list[float]
) -> None:
    await control.post("/calls", json={"kind": "internal", "src": "201", "dst": "202"})
    await control.post("/asterisk", json={"running": False, "instant": False})
    waits.clear()
    assert (await api.get("/pbx-status:getActiveCalls")).json()["data"] == []
    assert (await api.get("/sip:getPeersStatuses")).json()["data"] == []
    phones = (await api.get("/sip:getStatuses")).json()["data"]
    assert {phone["status"] for phone in phones.values()} == {"Unavailable"}
    await api.get("/sip-providers:getStatuses")
    assert [round(seconds, 2) for seconds in waits if seconds > 0.5] == [0.56, 13.08, 6.3]
    rows = (await api.get("/sip:getRegistry")).json()["data"]
    assert not [row for row in rows if row["id"].endswith("-REG")]


async def test_frozen_call_events_look_like_no_calls_only_slower(
    api: httpx.AsyncClient, control: httpx.AsyncClient, waits: list[float]
) -> None:
    await control.post("/calls", json={"kind": "internal", "src": "201", "dst": "202"})
    await control.post("/call_events", json={"running": False})
    await api.get("/employees")
    waits.clear()
    assert (await api.get("/pbx-status:getActiveCalls")).json()["data"] == []
    assert (await api.get("/pbx-status:getActiveChannels")).json()["data"] == []
    assert waits == [2.0, 15.1]


async def test_a_write_that_timed_out_is_still_carried_out(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    await control.post("/speed", json={"speed": 3000})
    await control.post("/worker", json={"running": False})
    late = await api.post("/employees", json=NEW)
    assert (late.status_code, late.json()["messages"]) == (400, {"error": ["Request timeout or worker not responding"]})
    assert (await api.get("/system:ping")).status_code == 400
    await control.post("/worker", json={"running": True})
    assert (await api.get("/employees?search=number:243")).json()["data"]["recordsTotal"] == 1


async def test_a_write_that_waited_too_long_is_forgotten(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    await control.post("/speed", json={"speed": 3000})
    await control.post("/worker", json={"running": False})
    await api.post("/employees", json=NEW)
    clock.sleep(35)
    await control.post("/worker", json={"running": True})
    assert (await api.get("/employees?search=number:243")).json()["data"]["recordsTotal"] == 0


async def test_a_worker_that_wakes_in_time_answers_whoever_waits(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    await control.post("/worker", json={"running": False})

    async def wake() -> None:
        await asyncio.sleep(0.02)
        await control.post("/worker", json={"running": True})

    answer, _ = await asyncio.gather(api.post("/employees", json=NEW), wake())
    assert answer.status_code == 201
    assert (await api.get("/employees?search=number:243")).json()["data"]["recordsTotal"] == 1


async def test_the_201st_request_of_a_minute_is_refused_for_five_minutes_and_then_ten(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    for block in (300, 600):
        answers = [await api.get("/does-not-exist") for _ in range(201)]
        assert [answer.status_code for answer in answers] == [404] * 200 + [429]
        assert (answers[-1].text, answers[-1].headers["content-type"]) == (
            "Too many requests\n",
            "text/plain; charset=utf-8",
        )
        clock.sleep(block - 1)
        assert (await api.get("/system:ping")).status_code == 429
        clock.sleep(1)
    await control.post("/rate_limit", json={"mode": "off"})
    assert {(await api.get("/does-not-exist")).status_code for _ in range(201)} == {404}


@pytest.mark.parametrize(("mode", "last"), [("real", 404), ("enforced", 429)])
async def test_the_machine_itself_is_spared_unless_the_limit_is_enforced(
    pbx: StandinPbx, from_address: FromAddress, control: httpx.AsyncClient, mode: str, last: int
) -> None:
    await control.post("/rate_limit", json={"mode": mode})
    async with from_address(pbx, "127.0.0.1", None) as client:
        answers = [await client.get("/does-not-exist") for _ in range(201)]
    assert answers[-1].status_code == last


async def test_times_are_reported_in_the_zone_of_the_pbx(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    assert (await api.get("/system:ping")).json()["meta"]["timestamp"] == "2026-11-23T11:00:00+03:00"
    await control.post("/time_zone", json={"zone": "Asia/Vladivostok"})
    assert (await api.get("/system:ping")).json()["meta"]["timestamp"] == "2026-11-23T18:00:00+10:00"
    assert (await api.get("/time-settings")).json()["data"]["PBXTimezone"] == "Asia/Vladivostok"


async def test_head_finds_nothing_and_a_trailing_slash_does_no_harm(api: httpx.AsyncClient) -> None:
    head = await api.head("/employees")
    assert (head.status_code, head.content) == (404, b"")
    assert (await api.get("/employees/")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "errors"),
    [
        ("outbound", ["Enter your login to log in to your provider.", "Enter password for authorization"]),
        ("inbound", ["Enter your login to log in to your provider.", "Enter password for authorization"]),
        ("none", []),
    ],
)
async def test_a_trunk_needs_what_its_registration_needs(api: httpx.AsyncClient, kind: str, errors: list[str]) -> None:
    answer = await api.post(
        "/sip-providers", json={"description": "New", "registration_type": kind, "host": "not a host!!"}
    )
    assert answer.status_code == (422 if errors else 201)
    assert answer.json()["messages"] == ({"error": errors} if errors else [])


async def test_a_trunk_has_figures_for_each_day(api: httpx.AsyncClient) -> None:
    data = (await api.get(f"/sip-providers/{TRUNK}:getStats?days=10")).json()["data"]
    assert [data["period"]["start"], data["period"]["end"], data["period"]["days"]] == ["2026-11-14", "2026-11-23", 10]
    assert len(data["daily"]) == 10
    assert min(day["availability"] for day in data["daily"]) < 100 == data["daily"][0]["availability"]
    assert data["aggregated"]["avgAvailability"] == 0


async def test_a_number_without_digits_is_no_number(api: httpx.AsyncClient) -> None:
    answer = await api.post("/employees", json=NEW | {"number": "abc"})
    assert answer.json()["messages"] == {"error": {"number": "ex_ValidateNumberIsEmpty"}}


async def test_a_batch_stops_at_the_first_mistake_unless_asked_to_skip(api: httpx.AsyncClient) -> None:
    rows = [NEW | {"number": "201"}, NEW]
    for skip, total, status in ((False, 0, 422), (True, 1, 200)):
        answer = await api.post("/employees:batchCreate", json={"employees": rows, "skip_errors": skip})
        assert answer.status_code == status
        assert (await api.get("/employees?search=number:243")).json()["data"]["recordsTotal"] == total
