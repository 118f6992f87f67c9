"""What the client reads of a PBX's own health, over HTTP from the stand-in and from answers as recorded."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.demo.pbx import StandinPbx, app
from bot.pbx import Advice, AdviceLevel, Disk, FailedSignIns, Pbx
from tests.fixtures.paths import RECORDINGS


@pytest.fixture
def station() -> StandinPbx:
    return StandinPbx(traffic=False, speed=1e6)


@pytest.fixture
async def pbx(station: StandinPbx) -> AsyncIterator[Pbx]:
    transport = httpx.ASGITransport(app=app(station), client=("10.0.0.7", 1))
    async with Pbx("https://pbx", SecretStr(station.api_key), transport=transport) as client:
        yield client


def answering(data: object) -> Pbx:
    """Return a client whose every answer has these data."""
    body = data if isinstance(data, dict) and "result" in data else {"result": True, "data": data, "messages": []}
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, json=body))
    return Pbx("https://pbx", SecretStr("ab" * 32), transport=transport)


def recorded(name: str) -> dict[str, Any]:
    [path] = RECORDINGS.glob(f"{name}_*.json")
    body: dict[str, Any] = json.loads(path.read_text())["response"]["body"]
    return body


async def test_the_recorded_advice_is_read_with_the_worst_first() -> None:
    async with answering(recorded("new_006")) as pbx:
        assert (await pbx.advice.current()).value == (
            Advice(
                "YouUseDefaultWebPassword",
                AdviceLevel.ERROR,
                "/admin-cabinet/general-settings/modify/#/passwords",
            ),
            Advice("ProblemWithInternetConnection", AdviceLevel.WARNING),
        )


async def test_one_kind_is_told_once_with_how_many_and_hostile_rows_are_left_out() -> None:
    weak = [{"messageTpl": "adv_SipPasswordWeak", "messageParams": {"url": "javascript:alert(1)"}}] * 3
    hostile = [{"messageTpl": "<b>adv_"}, {"messageTpl": None}, "text", {"messageTpl": "adv_X", "messageParams": []}]
    new = [{"messageTpl": "adv_AvailableNewVersionPBX", "messageParams": {"ver": "2026.9.5"}}]
    full = [{"messageTpl": "adv_StorageDiskRunningOutOfFreeSpace", "messageParams": {"free": "412.5"}}]
    told = {"error": full, "warning": [*weak, *hostile], "info": new, "needUpdate": ["x"]}
    async with answering({"advice": told}) as pbx:
        assert (await pbx.advice.current()).value == (
            Advice("StorageDiskRunningOutOfFreeSpace", AdviceLevel.ERROR, free_mb=412.5),
            Advice("SipPasswordWeak", AdviceLevel.WARNING, count=3),
            Advice("X", AdviceLevel.WARNING),
            Advice("AvailableNewVersionPBX", AdviceLevel.INFO, version="2026.9.5"),
        )


async def test_the_disk_is_told_and_zeros_or_a_count_that_still_runs_are_not_known(
    pbx: Pbx, station: StandinPbx
) -> None:
    station.disk_mb = (51_200.0, 900.5)
    assert (await pbx.storage.usage()).value == Disk(51_200.0, 900.5)
    unknown: tuple[object, ...] = (
        recorded("new_009"),
        {"total_size": 10, "free_space": 5, "pending": True},
        [],
        {"total_size": 5},
    )
    for answer in unknown:
        async with answering(answer) as other:
            assert (await other.storage.usage()).value is None


async def test_an_address_is_unbanned_and_nothing_else_is_sent(pbx: Pbx, station: StandinPbx) -> None:
    station.banned = {"203.0.113.7": station.now(), "2001:db8::1": station.now()}
    await pbx.firewall.unban("203.0.113.7")
    assert [ban.address for ban in (await pbx.firewall.banned()).value] == ["2001:db8::1"]
    before = len(station.journal.after(0))
    for text in ("203.0.113.7; reboot", "", "$(id)", "2001:db8::1%;id"):
        with pytest.raises(ValueError, match="does not appear to be"):
            await pbx.firewall.unban(text)
    assert len(station.journal.after(0)) == before


async def test_refused_sign_ins_as_recorded_and_none_where_there_are_none() -> None:
    async with answering(recorded("new_075")) as pbx:
        at = datetime.fromtimestamp(1795855329, UTC)
        assert (await pbx.extensions.failed_sign_ins("203")).value == (FailedSignIns("10.77.2.2", 11, at),)
    async with answering([]) as pbx:
        assert (await pbx.extensions.failed_sign_ins("203")).value == ()


async def test_hostile_rows_of_refused_sign_ins_are_left_out_and_no_text_of_them_is_an_address() -> None:
    at = 1795855329
    rows = {
        "<b>10.0.0.1</b>": {"count": "7", "last_attempt": str(at)},
        "fe80::1%eth0;reboot": {"count": 2, "last_attempt": at},
        "2001:DB8::1": {"count": 3, "last_attempt": at},
        "unknown": {"count": 4, "last_attempt": at},
        "10.0.0.2": {"count": -1, "last_attempt": at},
        "10.0.0.3": {"count": 1},
        "10.0.0.4": {"count": 1, "last_attempt": 10**30},
        "10.0.0.5": "text",
        # What its own documentation promises, and does not come.
        "failureCount": 3,
    }
    async with answering(rows) as pbx:
        found = (await pbx.extensions.failed_sign_ins("203")).value
    assert [(one.address, one.tries) for one in found] == [("", 7), ("", 2), ("2001:db8::1", 3), ("", 4)]


async def test_the_stand_in_answers_of_sign_ins_as_the_recorded_pbx_does(pbx: Pbx, station: StandinPbx) -> None:
    station.auth_failures["203"] = {"10.77.2.2": {"count": 11, "last_attempt": 1795855329, "remote_address": "x"}}
    assert [one.tries for one in (await pbx.extensions.failed_sign_ins("203")).value] == [11]
    answer = await pbx._connection.read("sip/999:getAuthFailureStats")
    assert answer.value == []
