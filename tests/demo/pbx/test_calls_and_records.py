import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import httpx
import pytest

from bot.demo.pbx import StandinPbx
from bot.demo.pbx.telephony.cdr import Row

TRUNK = "SIP-TRUNK-44BBC135"


class Time(Protocol):
    time: float

    def __call__(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


async def records(api: httpx.AsyncClient, query: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await api.get(f"/cdr?{query}")).json()["data"]["records"]
    return found


def by_call(rows: list[dict[str, object]]) -> list[list[dict[str, object]]]:
    calls: dict[object, list[dict[str, object]]] = {}
    for row in rows:
        calls.setdefault(row["linkedid"], []).append(row)
    return list(calls.values())


async def test_a_call_rings_talks_ends_and_becomes_a_record_nine_seconds_later(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    wanted = {
        "kind": "incoming",
        "src": "+79161234567",
        "dst": "202",
        "trunk": TRUNK,
        "ring_seconds": 5,
        "talk_seconds": 60,
    }
    linkedid = (await control.post("/calls", json=wanted)).json()["linkedid"]

    async def row() -> dict[str, str]:
        [only] = (await api.get("/pbx-status:getActiveCalls")).json()["data"]
        return dict(only)

    assert (await row()) | {"answer": "", "endtime": "", "src_num": "79161234567", "did": "74951110001"} == await row()
    clock.sleep(6)
    assert (await row())["answer"] == "2026-11-23 11:00:05.000"
    clock.sleep(60)
    assert (await row())["endtime"] == "2026-11-23 11:01:05.000"
    assert (await api.get("/pbx-status:getActiveChannels")).json()["data"] == []
    assert await records(api, f"linkedid={linkedid}") == []
    clock.sleep(8)
    assert (await api.get("/pbx-status:getActiveCalls")).json()["data"] == []
    [record] = await records(api, f"linkedid={linkedid}")
    assert (record["disposition"], record["totalBillsec"], record["totalDuration"]) == ("ANSWERED", 60, 65)
    assert (record["dst_num"], record["dst_name"]) == ("74951110001", "Boris Petrov")


async def test_a_call_can_be_answered_and_ended_by_hand(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    wanted = {"kind": "outgoing", "src": "201", "dst": "+74990001122", "answer": False, "ring_seconds": 100}
    linkedid = (await control.post("/calls", json=wanted)).json()["linkedid"]

    async def state() -> tuple[str, int]:
        [call] = (await control.get("/state")).json()["calls"]
        return call["state"], call["seconds"]

    clock.sleep(3)
    assert await state() == ("ringing", 3)
    await control.post(f"/calls/{linkedid}/answer")
    clock.sleep(10)
    assert await state() == ("talking", 10)
    await control.post(f"/calls/{linkedid}/hangup")
    clock.sleep(2)
    assert await state() == ("ended", 2)
    assert (await control.post(f"/calls/{linkedid}/hangup")).status_code == 404
    clock.sleep(8)
    [record] = await records(api, f"linkedid={linkedid}")
    assert (record["disposition"], record["totalBillsec"]) == ("ANSWERED", 10)


async def test_who_is_on_the_phone_shows_among_the_peers_only(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    await control.post("/calls", json={"kind": "internal", "src": "201", "dst": "202"})
    peers = {row["id"]: row["detailed-state"] for row in (await api.get("/sip:getPeersStatuses")).json()["data"]}
    assert (peers["201"], peers["202"], peers["203"], peers["206"]) == ("Busy", "Busy", "Not in use", "Unavailable")
    assert (await api.get("/sip:getStatuses")).json()["data"]["201"]["status"] == "Available"


def test_a_month_of_calls_is_there_from_the_start_and_the_same_for_the_same_seed(clock: Time) -> None:
    one, other = StandinPbx(now=clock), StandinPbx(now=clock)
    assert one.records.rows == other.records.rows
    assert StandinPbx(now=clock, seed=2).records.rows != one.records.rows
    calls = {row["linkedid"]: str(row["start"])[:10] for row in one.records.rows}
    by_day = Counter(calls.values())
    whole_days = [day for day in by_day if "2026-10-25" <= day < "2026-11-23"]
    assert len(whole_days) == 29
    assert all(55 <= by_day[day] <= 150 for day in whole_days)
    weekdays = [by_day[day] for day in whole_days if datetime.fromisoformat(day).weekday() < 5]
    weekends = [by_day[day] for day in whole_days if datetime.fromisoformat(day).weekday() >= 5]
    assert min(weekdays) > max(weekends)


def test_the_month_has_every_kind_of_call(month: list[Row]) -> None:
    legs = Counter(row["linkedid"] for row in month)
    assert {row["disposition"] for row in month} >= {"ANSWERED", "NOANSWER"}
    assert any(row["dst_num"] == "outworktimes" and row["is_app"] == "1" for row in month)
    assert any(row["transfer"] == "1" for row in month)
    assert max(legs.values()) > 1
    assert Counter(row["src_num"] for row in month if row["did"]).most_common(1)[0][1] > 10
    assert any("<script>" in str(row["src_name"]) for row in month)
    assert [row["id"] for row in month] == sorted(int(str(row["id"])) for row in month)


def test_the_month_has_calls_through_the_menu_and_the_queues(month: list[Row]) -> None:
    calls = by_call(month)
    chosen = [legs for legs in calls if legs[0]["dst_num"] == "2003"]
    assert {legs[0]["is_app"] for legs in chosen} == {"1"}
    assert {legs[0]["dtmf_digits"] for legs in chosen} >= {"", "2"}
    assert all(len(legs) == (2 if legs[0]["dtmf_digits"] else 1) for legs in chosen)
    assert {legs[-1]["disposition"] for legs in chosen} == {"ANSWERED", "NOANSWER"}
    queued = [legs for legs in calls if legs[0]["dst_num"] in ("2001", "2002")]
    assert all(legs[0]["is_app"] == "1" and legs[0]["did"] for legs in queued)
    assert {sum(leg["disposition"] == "ANSWERED" for leg in legs) for legs in queued} == {0, 1}
    assert all(str(leg["start"]) >= str(legs[0]["start"]) for legs in queued for leg in legs)
    assert max(len(legs) for legs in queued) == 4
    assert 0.01 < len(chosen) / len(calls) < 0.1
    assert 0.01 < len(queued) / len(calls) < 0.12


def test_some_outgoing_calls_never_reach_anybody(month: list[Row]) -> None:
    """A busy line is recorded as unanswered, and an unreachable trunk is not named."""
    assert {row["disposition"] for row in month} == {"ANSWERED", "NOANSWER", "CHANUNAVAIL"}
    lost = [row for row in month if row["disposition"] == "CHANUNAVAIL"]
    assert {(row["billsec"], row["to_account"], row["dialstatus"]) for row in lost} == {(0, "", "CHANUNAVAIL")}


def test_some_who_rang_in_vain_are_called_back(month: list[Row]) -> None:
    calls = by_call(month)
    missed = [legs[0] for legs in calls if legs[0]["did"] and all(leg["billsec"] == 0 for leg in legs)]
    back = [leg for legs in calls for leg in legs if str(leg["to_account"]).startswith("SIP-") and not leg["did"]]
    called = [
        row
        for row in missed
        if any(leg["dst_num"] == row["src_num"] and str(leg["start"]) > str(row["start"]) for leg in back)
    ]
    assert 20 < len(called) < len(missed)


async def test_traffic_goes_on_by_itself_and_stops_on_request(clock: Time) -> None:
    pbx = StandinPbx(now=clock)
    before = len(pbx.records.rows)
    seen = set()
    for _ in range(60):
        clock.sleep(10)
        pbx.advance()
        seen |= {call.linkedid for call in pbx.calls}
    assert 3 <= len(seen) <= 40
    assert len(pbx.records.rows) > before
    pbx.traffic.running = False
    clock.sleep(3600)
    pbx.advance()
    assert list(pbx.calls) == []


@pytest.mark.parametrize(
    ("switch", "body"), [("traffic", {"running": False}), ("records", {"clear": True, "records": []})]
)
async def test_a_call_that_is_up_when_the_traffic_is_switched_off_or_the_records_are_cleared_never_becomes_one(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time, switch: str, body: dict[str, object]
) -> None:
    call = {"kind": "internal", "src": "201", "dst": "202", "answer": True, "ring_seconds": 5, "talk_seconds": 20}
    linkedid = (await control.post("/calls", json=call)).json()["linkedid"]
    await control.post(f"/{switch}", json=body)
    assert (await control.get("/state")).json()["calls"] == []
    clock.sleep(300)
    newest = (await api.get("/cdr?limit=1")).json()["data"]["records"][:1]
    assert linkedid not in [call["linkedid"] for call in newest]


async def test_no_call_comes_over_a_trunk_that_is_down(clock: Time) -> None:
    pbx = StandinPbx(now=clock)
    for trunk in pbx.trunks.values():
        pbx.set_condition(trunk, "provider_dead", 1e9)
    clock.sleep(300)
    pbx.advance()
    known = {call.linkedid for call in pbx.calls}
    for _ in range(100):
        clock.sleep(20)
        pbx.advance()
        assert {call.kind for call in pbx.calls if call.linkedid not in known} <= {"internal"}


async def test_a_date_with_a_t_loses_the_first_day_and_takes_all_of_the_last(api: httpx.AsyncClient) -> None:
    def day(rows: list[dict[str, object]]) -> set[str]:
        return {str(row["start"])[:10] for row in rows}

    spaced = await records(api, "dateFrom=2026-11-19 13:30:00&dateTo=2026-11-20 13:30:00&limit=1000")
    with_t = await records(api, "dateFrom=2026-11-19T13:30:00&dateTo=2026-11-20T13:30:00&limit=1000")
    whole = await records(api, "dateFrom=2026-11-20&dateTo=2026-11-20&limit=1000")
    assert day(spaced) == {"2026-11-19", "2026-11-20"}
    assert with_t == whole or {row["linkedid"] for row in with_t} == {row["linkedid"] for row in whole}
    assert await records(api, "dateFrom=2026-11-20T13:30:00%2B03:00&dateTo=2026-11-20T23:59:59") == []
    plus = await records(api, "dateFrom=2026-11-19+13:30:00&dateTo=2026-11-20+13:30:00&limit=1000")
    assert {row["linkedid"] for row in plus} == {row["linkedid"] for row in spaced}


@pytest.mark.parametrize(("asked", "used"), [("0", 1), ("-5", 1), ("5000", 1000), ("x", 50), ("", 50), ("7", 7)])
async def test_the_limit_is_clamped_silently(api: httpx.AsyncClient, asked: str, used: int) -> None:
    data = (await api.get(f"/cdr?limit={asked}")).json()["data"]
    assert (data["pagination"]["limit"], len(data["records"])) == (used, used)


@pytest.mark.parametrize("grouped", ["true", "false"])
async def test_pages_cover_a_day_once_and_past_the_end_there_is_nothing(api: httpx.AsyncClient, grouped: str) -> None:
    query = f"dateFrom=2026-11-20&dateTo=2026-11-20&grouped={grouped}&limit=40"
    ids: list[object] = []
    more, offset = True, 0
    while more:
        data = (await api.get(f"/cdr?{query}&offset={offset}")).json()["data"]
        ids += [row.get("id", row["linkedid"]) for row in data["records"]]
        more, offset = data["pagination"]["hasMore"], offset + 40
    assert len(ids) == len(set(ids)) == data["pagination"]["total"]
    past = (await api.get(f"/cdr?{query}&offset={offset + 40}")).json()["data"]
    assert (past["records"], past["pagination"]["hasMore"], past["pagination"]["lastId"]) == ([], False, None)


async def test_a_disposition_chooses_calls_that_have_such_a_leg(api: httpx.AsyncClient) -> None:
    found = await records(api, "disposition=NOANSWER&limit=1000")
    assert {row["disposition"] for row in found} >= {"NOANSWER", "ANSWERED"}
    assert await records(api, "disposition=NO ANSWER") == []
    flat = await records(api, "disposition=NOANSWER&limit=1000&grouped=false")
    assert {row["disposition"] for row in flat} == {"NOANSWER"}


async def test_numbers_are_found_by_a_part_and_people_by_their_name(api: httpx.AsyncClient) -> None:
    assert all("201" in str(row["src_num"]) for row in await records(api, "src_num=201&grouped=false"))
    by_name = await records(api, "search=johnson&grouped=false&limit=1000")
    numbers = {"201", "79161110201"}
    assert by_name
    assert all(numbers & {str(row["src_num"]), str(row["dst_num"])} for row in by_name)
    assert all(row["did"] == "74951110002" for row in await records(api, "did=1110002"))


async def test_sorting_knows_some_columns_and_ignores_the_rest(api: httpx.AsyncClient) -> None:
    day = "dateFrom=2026-11-20&dateTo=2026-11-20&grouped=false&limit=1000"
    starts = [str(row["start"]) for row in await records(api, f"{day}&sort=start&order=ASC")]
    assert starts == sorted(starts)
    ids = [int(str(row["id"])) for row in await records(api, f"{day}&sort=foo;drop&order=XX")]
    assert ids == sorted(ids, reverse=True)


async def test_without_any_filter_only_the_last_thirty_days_count(api: httpx.AsyncClient, clock: Time) -> None:
    everything = (await api.get("/cdr")).json()["data"]["pagination"]["total"]
    clock.sleep(20 * 86400)
    fewer = (await api.get("/cdr")).json()["data"]["pagination"]["total"]
    assert 0 < fewer < everything
    assert (await api.get("/cdr?did=7495")).json()["data"]["pagination"]["total"] > fewer / 2


@pytest.mark.parametrize("query", ["dateFrom=x&dateTo=y", "dateFrom=2025-03-17&dateTo=2026-03-18", "offset=-1"])
async def test_what_cannot_be_understood_is_refused(api: httpx.AsyncClient, query: str) -> None:
    answer = await api.get(f"/cdr?{query}")
    assert (answer.status_code, answer.json()["result"]) == (422, False)


async def test_a_recording_is_open_to_whoever_has_its_link_for_an_hour(
    api: httpx.AsyncClient,
    pbx: StandinPbx,
    clock: Time,
    from_address: Callable[[StandinPbx, str, str | None], httpx.AsyncClient],
) -> None:
    [leg] = await records(api, "disposition=ANSWERED&grouped=false&limit=1")
    path = str(leg["playback_url"])
    assert re.fullmatch(r"/pbxcore/api/v3/cdr:playback\?token=[0-9a-f]{32}", path)
    async with from_address(pbx, "10.9.9.9", None) as stranger:
        sound = await stranger.get(f"http://pbx{path}")
        assert (sound.status_code, sound.headers["content-type"], sound.content[:4]) == (200, "audio/wav", b"RIFF")
        part = await stranger.get(f"http://pbx{path}", headers={"Range": "bytes=0-9"})
        assert (part.status_code, len(part.content)) == (206, 10)
        assert (await stranger.get(f"http://pbx{path}", headers={"Range": "bytes=99999999-"})).status_code == 416
        file = await stranger.get(f"http://pbx{leg['download_url']}")
        assert file.headers["content-disposition"].startswith("attachment; filename=")
        clock.sleep(3601)
        assert (await stranger.get(f"http://pbx{path}")).status_code == 403
        assert (await stranger.get("/cdr:playback")).status_code == 400


async def test_a_call_is_deleted_by_its_linkedid_with_all_legs(api: httpx.AsyncClient) -> None:
    [call] = await records(api, "limit=1")
    assert (await api.delete(f"/cdr/{call['linkedid']}")).status_code == 200
    assert await records(api, f"linkedid={call['linkedid']}") == []
    assert (await api.delete(f"/cdr/{call['linkedid']}")).status_code == 404
