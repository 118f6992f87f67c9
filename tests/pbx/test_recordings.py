"""Every exchange recorded on a real MikoPBX parses: into an answer, or into the right error."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.calls.call_counter import trunks_of_calls
from bot.pbx import (
    Busy,
    Conflict,
    EmployeeDraft,
    Forbidden,
    Invalid,
    KeyTooNarrow,
    NotFound,
    NotJson,
    Pbx,
    PbxError,
    ServerError,
    TimedOut,
    TrunkDraft,
    Unauthorised,
    Uncertain,
    WriteRefused,
)
from bot.pbx.resources.trunk_models import MASK
from tests.fixtures.paths import RECORDINGS

ROOT = "/pbxcore/api/v3/"
FILES = sorted(RECORDINGS.glob("*.json"))
DAY = datetime(2026, 3, 17), datetime(2026, 3, 17, 23, 59, 59)  # noqa: DTZ001 (PBX local time)
THE_DAY_OF_REAL_CALLS = datetime(2026, 11, 23), datetime(2026, 11, 23, 23, 59, 59)  # noqa: DTZ001
TRUNK = TrunkDraft(name="Zadarma", host="sip.zadarma.com", username="316811", registration="outbound")
NEW = EmployeeDraft(number="231", name="John Smith", secret=SecretStr("Qw3rtyUi9pAs"))


@dataclass(frozen=True)
class Recording:
    method: str
    path: str
    status: int
    response: httpx.Response
    body: Any


def load(file: Path) -> Recording:
    exchange = json.loads(file.read_text())
    request, response = exchange["request"], exchange["response"]
    body = response["body"]
    content = body if isinstance(body, str) else json.dumps(body)
    path = request["path"].removeprefix(ROOT).replace("%3A", ":")
    return Recording(
        request["method"],
        path,
        response["status"],
        httpx.Response(response["status"], headers=response["headers"], content=(content or "").encode()),
        body,
    )


async def records(pbx: Pbx) -> list[object]:
    return [record async for record in pbx.records.between(*DAY)]


# The client's method for each path; all other paths use the general request.
USES: tuple[tuple[str, str, Callable[[Pbx], Awaitable[object]]], ...] = (
    ("GET", r"(sip-|iax-)?providers:getStatuses", lambda pbx: pbx.trunks.statuses()),
    ("GET", r"sip:getStatuses", lambda pbx: pbx.extensions.statuses()),
    ("GET", r"sip/\d+:getStatus", lambda pbx: pbx.extensions.status("201")),
    ("GET", r"sip:getPeersStatuses", lambda pbx: pbx.extensions.peers()),
    ("GET", r"pbx-status:getActiveCalls", lambda pbx: pbx.calls.active()),
    ("GET", r"pbx-status:getActiveChannels", lambda pbx: pbx.calls.channels()),
    ("GET", r"cdr", records),
    ("GET", r"employees", lambda pbx: pbx.employees.list("x")),
    ("GET", r"employees/\d+", lambda pbx: pbx.employees.get("7")),
    ("GET", r"employees:getDefault", lambda pbx: pbx.employees.next_free_number()),
    ("GET", r"providers|sip-providers|iax-providers", lambda pbx: pbx.trunks.list()),
    ("GET", r"(sip|iax)-providers/[A-Z0-9-]+", lambda pbx: pbx.trunks.get("SIP-TRUNK-44BBC135")),
    ("GET", r"(sip-)?providers/[A-Z0-9-]+:getStatus", lambda pbx: pbx.trunks.detail("SIP-TRUNK-44BBC135")),
    ("GET", r"(sip-)?providers/[A-Z0-9-]+:getHistory", lambda pbx: pbx.trunks.history("SIP-TRUNK-44BBC135")),
    ("POST", r"sip-providers", lambda pbx: pbx.trunks.create(TRUNK)),
    ("PATCH", r"sip-providers/[A-Z0-9-]+", lambda pbx: pbx.trunks.update("SIP-TRUNK-44BBC135", TRUNK)),
    ("PATCH", r"employees/\d+", lambda pbx: pbx.employees.update("7", NEW)),
    ("POST", r"employees:batchCreate", lambda pbx: pbx.employees.create_many([NEW, NEW, NEW])),
    ("GET", r"incoming-routes", lambda pbx: pbx.routing.incoming()),
    ("GET", r"outbound-routes", lambda pbx: pbx.routing.outbound()),
    ("GET", r"call-queues", lambda pbx: pbx.routing.queues()),
    ("GET", r"time-settings", lambda pbx: pbx.time_zone()),
    ("POST", r"employees", lambda pbx: pbx.employees.create(NEW)),
)


def client(response: httpx.Response, *, key_is_good: bool = True) -> Pbx:
    asked = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) > 1 and response.status_code == 401:
            # The requests that distinguish a missing key from a missing right.
            return httpx.Response(200 if key_is_good else 401, json={"result": key_is_good, "data": []})
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)

    async def no_sleep(_seconds: float) -> None:
        return None

    return Pbx("https://pbx", SecretStr("key"), transport=httpx.MockTransport(answer), sleep=no_sleep)


async def ask(recording: Recording) -> object:
    pbx = client(recording.response)
    async with pbx:
        for method, path, use in USES:
            if method == recording.method and re.fullmatch(path, recording.path):
                return await use(pbx)
        return await pbx._connection.ask(recording.method, recording.path)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recorded_exchange_is_an_answer_or_the_right_error(file: Path) -> None:
    recording = load(file)
    good = isinstance(recording.body, dict) and recording.body.get("result") is True
    if good:
        assert await ask(recording) is not None
        return
    with pytest.raises(PbxError) as caught:
        await ask(recording)
    assert type(caught.value) in expected(recording), str(caught.value)


def expected(recording: Recording) -> set[type[PbxError]]:
    said = json.dumps(recording.body).lower()
    match recording.status:
        case 401:
            return {Forbidden, Unauthorised}
        case 400 if "not responding" in said:
            return {TimedOut} if recording.method == "GET" else {Uncertain}
        case 422 if "not found" in said or "notfound" in said:
            return {NotFound}
        case 422 if "already" in said:
            return {Conflict}
        case 400 | 405 | 422:
            return {Invalid}
        case 404:
            return {NotFound, NotJson}
        case 429 | 503:
            return {Busy}
        case 301:
            return {WriteRefused}
        case 502:
            return {ServerError, Uncertain}
    return {NotJson}


def the(name: str) -> Recording:
    return load(next(file for file in FILES if name in file.stem))


async def test_the_mixed_list_of_trunks_is_read_whole() -> None:
    async with client(the("345_").response) as pbx:
        answer = await pbx.trunks.statuses()
    trunks = {trunk.name: trunk for trunk in answer.value.values()}
    assert trunks["Trunk 1 OK"].rtt == 1
    assert trunks["Trunk 5 inbound reg"].state == "REGISTERED"
    assert trunks["Trunk 4 disabled"].contact_status is None
    assert all(trunk.last_update and trunk.last_change for trunk in trunks.values())


async def test_half_an_outage_and_what_is_red_now_are_read_whole() -> None:
    """Of the newer release; its answers never contain registering IAX trunks."""
    async with client(the("new_036").response) as pbx:
        half = {trunk.name: trunk for trunk in (await pbx.trunks.statuses()).value.values()}
    assert {name: (trunk.state, trunk.contact_status) for name, trunk in half.items()} == {
        "Zadarma": ("unreachable", "Unreachable"),
        "Mango Office": ("unreachable", "Unreachable"),
        "Branch inbound": ("REGISTERED", "Unreachable"),
        "IP peer": ("OK", "Reachable"),
        "NoQualify": ("registered", "NonQualified"),
    }
    async with client(the("new_055").response) as pbx:
        dead = {trunk.name: trunk.state for trunk in (await pbx.trunks.statuses()).value.values()}
    assert dead == {
        "Zadarma": "unregistered",
        "Mango Office": "rejected",
        "Branch inbound": "REGISTERED",
        "IP peer": "UNKNOWN",
        "NoQualify": "rejected",
    }
    async with client(the("new_109").response) as pbx:
        stopped = {trunk.name: trunk.state for trunk in (await pbx.trunks.statuses()).value.values()}
    assert stopped["IAX line"] == "unregistered"
    assert {state for name, state in stopped.items() if name != "IAX line"} == {"UNKNOWN", "UNREGISTERED"}


async def test_what_the_pbx_says_to_a_new_password_without_its_registration() -> None:
    for number, said in (("new_043", "registration_type"), ("new_044", "server name or IP"), ("new_049", "registr")):
        with pytest.raises(Invalid, match=said):
            async with client(the(number).response) as pbx:
                await pbx.trunks.update("SIP-TRUNK-3CAFD2AA", TRUNK)


async def test_an_answer_from_memory_says_so_and_carries_the_pbx_clock() -> None:
    async with client(the("003_").response) as pbx:
        answer = await pbx.trunks.statuses()
    assert answer.cached
    assert answer.pbx_time is not None
    assert answer.pbx_time.isoformat() == "2026-11-23T20:23:51+03:00"


async def test_the_legs_of_real_calls_keep_who_and_when() -> None:
    async with client(the("319_").response) as pbx:
        legs = (await pbx.calls.active()).value
    assert {leg.linkedid for leg in legs if leg.end is None}
    assert any(leg.end is not None for leg in legs)


async def test_a_channel_names_its_trunk() -> None:
    async with client(the("320_").response) as pbx:
        channels = (await pbx.calls.channels()).value
    assert any(channel.trunk_id and channel.trunk_id.startswith("SIP-TRUNK-") for channel in channels)


async def test_the_calls_that_are_up_have_channels_and_nothing_else_has() -> None:
    """Both lists were asked for one after the other: what counts calls and notices their end reads the channels."""
    async with client(the("319_").response) as pbx:
        up = {leg.linkedid for leg in (await pbx.calls.active()).value if leg.end is None}
    async with client(the("320_").response) as pbx:
        channels = (await pbx.calls.channels()).value
    assert trunks_of_calls(channels) == dict.fromkeys(up, "SIP-TRUNK-44BBC135")
    assert len(up) == 4
    # The first leg of a forwarded call is listed no more once it has ended.
    forwarded = [channel for channel in channels if channel.linkedid == "mikopbx-1795456401.7"]
    assert [channel.destination_number for channel in forwarded] == ["201", "89261111111"]


async def test_real_call_records_know_who_answered_not_the_did() -> None:
    async with client(the("321_").response) as pbx:
        found = [record async for record in pbx.records.between(*THE_DAY_OF_REAL_CALLS)]
    answered = [record for record in found if record.answered]
    assert answered
    assert all(any(leg.disposition == "ANSWERED" for leg in record.legs) for record in answered)
    assert any(leg.destination_number == "outworktimes" for record in found for leg in record.legs)


async def test_what_needs_no_reading_is_named_by_its_field() -> None:
    with pytest.raises(Invalid) as caught:
        async with client(the("068_").response) as pbx:
            await pbx.employees.create(NEW)
    assert set(caught.value.fields) == {"user_username", "number", "sip_secret"}
    assert not any("ex_" in text for text in caught.value.messages)


async def test_a_batch_tells_each_row_its_own_outcome() -> None:
    async with client(the("104_").response) as pbx:
        results = await pbx.employees.create_many([NEW, NEW, NEW])
    assert [result.employee.number if result.employee else None for result in results] == ["221", "222", None]
    assert "already occupied" in results[2].errors[0]


async def test_a_whole_employee_is_read_and_the_secret_stays_hidden() -> None:
    async with client(the("064_").response) as pbx:
        employee = (await pbx.employees.get("110")).value
    assert (employee.transport, employee.dtmf, employee.ring, employee.filter) == ("udp,tcp", "auto", 45, "none")
    assert employee.secret.get_secret_value()
    assert employee.secret.get_secret_value() not in repr(employee)


async def test_a_trunk_keeps_its_settings_and_its_history() -> None:
    async with client(the("230_").response) as pbx:
        trunk = (await pbx.trunks.get("SIP-TRUNK-44BBC135")).value
    assert (trunk.name, trunk.host, trunk.registration, trunk.port) == ("Trunk 1 OK", "10.99.1.20", "outbound", 5060)
    assert trunk.secret.get_secret_value() == MASK
    async with client(the("258_").response) as pbx:
        detail = (await pbx.trunks.detail("SIP-TRUNK-44BBC135")).value
    assert detail.availability == 74.67
    assert [(event.state, event.previous) for event in detail.events][:2] == [
        ("registered", "rejected"),
        ("rejected", "registered"),
    ]


async def test_the_list_of_trunks_has_names_without_markup() -> None:
    async with client(the("043_").response) as pbx:
        names = [row.name for row in (await pbx.trunks.list()).value]
    assert "Trunk 2 wrong password" in names


async def test_a_key_too_narrow_for_one_trunk_is_no_missing_right() -> None:
    refused = httpx.Response(401, json={"result": False, "data": [], "messages": {"error": ["no"]}})
    async with client(refused) as pbx:
        with pytest.raises(KeyTooNarrow):
            await pbx.trunks.detail("SIP-TRUNK-F589BB5E")
    async with client(refused) as pbx:
        with pytest.raises(Forbidden):
            await pbx.trunks.detail("SIP-TRUNK-44BBC135")


async def test_html_in_an_error_is_taken_out() -> None:
    html = 'There are references to the object - <a href="/admin-cabinet/x"><i class="y"></i> To 241</a>'
    response = httpx.Response(422, json={"result": False, "data": [], "messages": {"error": [html]}})
    with pytest.raises(Invalid, match="references to the object - To 241") as caught:
        async with client(response) as pbx:
            await pbx.employees.create(NEW)
    assert "<" not in str(caught.value)
