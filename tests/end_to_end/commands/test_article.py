"""What MikoPBX's makers show that the API can do, done from the chat and compared with what the PBX holds."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.end_to_end.harness import ANNA, GROUP, KEY, Json, Program, Seen, Standins


def pbx(standins: Standins, path: str, **query: str) -> Any:
    """Asked as the article's scripts ask."""
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = standins.http.get(f"/pbxcore/api/v3/{path}", params=query, headers=headers).json()
    assert answer["result"], answer
    return answer["data"]


def employee(standins: Standins, number: str) -> Json:
    (row,) = [r for r in pbx(standins, "employees", search=number)["data"] if r["number"] == number]
    found: Json = pbx(standins, f"employees/{row['id']}")
    return found


def confirms(standins: Standins, question: Seen, label: str, done: str) -> Seen:
    standins.presses(ANNA, question, label)
    return standins.wait_for(
        lambda: (m := standins.again(question)) and (m if done in m.text else None), done, within=60
    )


def test_the_article_s_scenarios_from_the_chat(standins: Standins, start_bot: Callable[..., Program]) -> None:
    standins.post("/control/traffic", running=False)
    for call in standins.get("/control/state")["calls"]:
        # One that ends in the middle would be counted here and not there.
        standins.post(f"/control/calls/{call['linkedid']}/hangup")
    start_bot()
    creates_single_employees(standins)
    lists_employees(standins)
    creates_a_group_of_employees(standins)
    creates_a_provider(standins)
    lists_all_providers(standins)
    retrieves_call_history(standins)
    counts_seven_days(standins)
    sees_statuses(standins)
    sees_active_calls(standins)


def creates_single_employees(standins: Standins) -> None:
    confirms(standins, standins.asks(ANNA, "/add_employee 243 John Smith", GROUP), "Create", "Created")
    line = '/add_employee 244 "Anna Johnson" email=anna@company.com mobile=79001234567 record=yes ring=30'
    confirms(standins, standins.asks(ANNA, line, GROUP), "Create", "Created")
    john, anna = employee(standins, "243"), employee(standins, "244")
    assert (john["user_username"], john["fwd_ringlength"], john["sip_enableRecording"]) == ("John Smith", 45, True)
    assert (anna["user_username"], anna["user_email"]) == ("Anna Johnson", "anna@company.com")
    assert (anna["mobile_number"].lstrip("+"), anna["fwd_ringlength"]) == ("79001234567", 30)
    # The password that the article types in clear is made by the bot, and seen in private only.
    assert any(anna["sip_secret"] in message.text for message in standins.from_bot(ANNA))
    assert not any(anna["sip_secret"] in message.text for message in standins.from_bot(GROUP))


def lists_employees(standins: Standins) -> None:
    listed = standins.asks(ANNA, "/employees John", GROUP)
    assert "243 John Smith" in listed
    assert "244 Anna Johnson" in listed
    everybody = standins.asks(ANNA, "/employees", GROUP)
    assert str(len(pbx(standins, "employees", limit="1000")["data"])) in everybody


def creates_a_group_of_employees(standins: Standins) -> None:
    lines = "\n".join(
        [
            "number;name;password",
            "291;John Smith;Pass#9201x",
            "292;Anna Johnson;Pass#9202x",
            "293;Peter Brown;Pass#9203x",
        ]
    )
    question = standins.asks(ANNA, f"/import_employees {lines}")
    assert "3 to create" in question
    confirms(standins, question, "Create", "Done: 3 of 3")
    assert [employee(standins, number)["user_username"] for number in ("291", "292", "293")] == [
        "John Smith",
        "Anna Johnson",
        "Peter Brown",
    ]
    assert employee(standins, "293")["sip_secret"] == "Pass#9203x"


def creates_a_provider(standins: Standins) -> None:
    standins.post("/control/speed", speed=20)
    standins.asks(ANNA, '/add_trunk "Demo provider" host=sip.zadarma.com username=399999')
    preview = standins.asks(ANNA, "mysecretpass1")
    confirms(standins, preview, "Create", "It works")
    (made,) = [row for row in pbx(standins, "sip-providers") if row["username"] == "399999"]
    whole = pbx(standins, f"sip-providers/{made['id']}")
    assert (whole["host"], whole["username"]) == ("sip.zadarma.com", "399999")
    assert whole["registration_type"] == "outbound"


def lists_all_providers(standins: Standins) -> None:
    text = standins.asks(ANNA, "/trunks", GROUP).text
    for provider in [*pbx(standins, "sip-providers"), *pbx(standins, "iax-providers")]:
        # In the list the PBX gives the name only inside of its HTML.
        assert provider["represent"].rpartition(": ")[2] in text


def seven_days(standins: Standins) -> list[Json]:
    """The article's script, mended: a blank instead of the T, and every page."""
    clock = standins.http.get("/pbxcore/api/v3/cdr", headers={"Authorization": f"Bearer {KEY}"}).json()
    today = datetime.fromisoformat(clock["meta"]["timestamp"]).date()
    period = {"dateFrom": f"{today - timedelta(days=6)} 00:00:00", "dateTo": f"{today} 23:59:59"}
    found: list[Json] = []
    while True:
        page = pbx(standins, "cdr", limit="1000", offset=str(len(found)), **period)
        found += page["records"]
        if not page["pagination"]["hasMore"]:
            return [record for record in found if record["start"] >= period["dateFrom"]]


def retrieves_call_history(standins: Standins) -> None:
    records = seven_days(standins)
    listed = standins.asks(ANNA, "/cdr 7d", GROUP)
    assert f"{len(records)} calls" in listed
    number = records[0]["src_num"]
    calls_from = sum(record["src_num"] == number for record in records)
    assert re.search(rf"\b{calls_from} calls?", standins.asks(ANNA, f"/cdr 7d from {number}", GROUP).text)


def counts_seven_days(standins: Standins) -> None:
    records = seven_days(standins)
    answered = [record for record in records if record["disposition"] == "ANSWERED"]
    missed = [record for record in records if record["disposition"] in ("NO ANSWER", "NOANSWER")]
    average = sum(record["totalBillsec"] for record in answered) // len(answered)
    figures = standins.asks(ANNA, "/stats 7d", GROUP)
    assert f"calls {len(records)}, answered {len(answered)}, missed {len(missed)}" in figures
    assert f"average {average // 60}:{average % 60:02}" in figures


def sees_statuses(standins: Standins) -> None:
    picture = standins.asks(ANNA, "/status", GROUP).text
    peers = pbx(standins, "sip:getStatuses")
    online = sum(peer["status"] == "Available" for peer in peers.values())
    assert f"{online} of {len(peers)} extensions online" in picture
    for trunk in pbx(standins, "sip-providers:getStatuses")["sip"].values():
        assert trunk["description"] in picture


def sees_active_calls(standins: Standins) -> None:
    standins.post(
        "/control/calls", kind="internal", src="243", dst="244", answer=True, ring_seconds=0, talk_seconds=600
    )
    shown = standins.wait_for(
        lambda: (m := standins.asks(ANNA, "/calls 243")) and (m if "244" in m.text else None), "the call"
    )
    assert "243 John Smith → 244 Anna Johnson" in shown
