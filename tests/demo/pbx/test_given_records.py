import httpx
import pytest

TRUNK = "SIP-TRUNK-44BBC135"
LEG = {
    "start": "2026-11-20 10:00:00",
    "answer": "2026-11-20 10:00:07.250",
    "endtime": "2026-11-20 10:01:07.250",
    "src_num": "79161234567",
    "dst_num": "201",
    "did": "74951110001",
    "disposition": "ANSWERED",
    "from_account": TRUNK,
    "to_account": "201",
}
MENU = LEG | {
    "answer": "",
    "dst_num": "2003",
    "to_account": "",
    "disposition": "NOANSWER",
    "is_app": "1",
    "dtmf_digits": "2",
    "endtime": "2026-11-20 10:00:05",
}


async def test_records_are_exactly_as_given_and_all_that_there_is(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    records = [{"legs": [MENU, LEG]}, {"linkedid": "mikopbx-1.7", "legs": [LEG | {"recorded": False, "billsec": 59}]}]
    made = await control.post("/records", json={"clear": True, "records": records})
    first, second = made.json()["linkedids"]
    assert second == "mikopbx-1.7"
    data = (await api.get("/cdr?dateFrom=2026-11-20&dateTo=2026-11-20&sort=id&order=ASC")).json()["data"]
    assert [call["linkedid"] for call in data["records"]] == [first, second]
    call = data["records"][0]
    assert (call["disposition"], call["totalBillsec"], call["totalDuration"]) == ("ANSWERED", 60, 72)
    menu, talk = call["records"]
    assert (menu["is_app"], menu["dtmf_digits"], menu["answer"], menu["playback_url"]) == ("1", "2", "", "")
    assert (talk["start"], talk["billsec"], talk["transfer"]) == ("2026-11-20 10:00:00.000", 60, "0")
    assert talk["playback_url"]
    [unrecorded] = data["records"][1]["records"]
    assert (unrecorded["billsec"], unrecorded["recordingfile"], unrecorded["playback_url"]) == (59, "", "")


async def test_a_given_record_has_every_field_of_a_real_one(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    [real] = (await api.get("/cdr?limit=1&grouped=false")).json()["data"]["records"]
    await control.post("/records", json={"records": [{"legs": [LEG]}]})
    [given] = (await api.get("/cdr?limit=1&grouped=false")).json()["data"]["records"]
    assert given.keys() == real.keys()
    assert given["id"] > real["id"]


async def test_given_records_join_the_others_unless_these_are_cleared(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    async def total() -> int:
        return int((await api.get("/cdr")).json()["data"]["pagination"]["total"])

    before = await total()
    await control.post("/records", json={"records": [{"legs": [LEG]}, {"legs": [LEG]}]})
    assert await total() == before + 2
    await control.post("/records", json={"clear": True})
    assert await total() == 0


@pytest.mark.parametrize(
    "leg",
    [
        LEG | {"start": "2026-11-20T10:00:00"},
        LEG | {"endtime": ""},
        LEG | {"src_num": ""},
        LEG | {"answer": "noon"},
        LEG | {"billsec": "1"},
    ],
)
async def test_a_record_that_cannot_be_is_refused_and_nothing_is_cleared(
    api: httpx.AsyncClient, control: httpx.AsyncClient, leg: dict[str, object]
) -> None:
    assert (await control.post("/records", json={"clear": True, "records": [{"legs": [leg]}]})).status_code == 422
    assert (await api.get("/cdr")).json()["data"]["pagination"]["total"] > 0


@pytest.mark.parametrize("body", [{"records": {}}, {"records": [{}]}, {"records": [{"legs": []}]}, {"clear": "yes"}])
async def test_what_is_no_record_is_refused(control: httpx.AsyncClient, body: object) -> None:
    assert (await control.post("/records", json=body)).status_code == 422
