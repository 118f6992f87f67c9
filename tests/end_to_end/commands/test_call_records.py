"""Call records in chat: filters, pages, legs and recordings."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.harness import ANNA, BORIS, GROUP, KEY, Json, Program, Seen, Standins

CALLER = "89161111111"
MOBILE = "79031234567"
DID = "74951110001"


def trunk_id(standins: Standins, name: str = "Zadarma") -> str:
    return str(standins.trunk(name)["id"])


class Archive:
    """Call records that a test puts into the PBX."""

    def __init__(self, standins: Standins) -> None:
        self._standins = standins
        self._trunk = trunk_id(standins)
        self.people = [(p["number"], p["name"]) for p in standins.get("/control/state")["extensions"]]
        answer = standins.http.get("/pbxcore/api/v3/cdr?limit=1", headers={"Authorization": f"Bearer {KEY}"})
        self.now = datetime.fromisoformat(answer.json()["meta"]["timestamp"]).replace(tzinfo=None)

    def at(self, days_ago: int, clock: str = "00:30:00") -> str:
        day = (self.now - timedelta(days=days_ago)).date()
        return f"{day} {clock}"

    def leg(self, start: str, talk: int | None, seconds: int = 10, **more: Any) -> Json:
        """Add a leg that rings for `seconds`; talk None: not answered."""
        begin = datetime.fromisoformat(start)
        answer = begin + timedelta(seconds=seconds)
        end = answer + timedelta(seconds=talk or 0)
        times = {"start": start, "answer": str(answer) if talk is not None else "", "endtime": str(end)}
        return times | {"disposition": "NOANSWER" if talk is None else "ANSWERED"} | more

    def incoming(self, start: str, talk: int | None, to: int = 0, caller: str = CALLER, **more: Any) -> Json:
        number, name = self.people[to]
        where = {"src_num": caller, "dst_num": number, "dst_name": name, "did": DID}
        return self.leg(start, talk, **(where | {"from_account": self._trunk, "to_account": number} | more))

    def outgoing(self, start: str, talk: int | None, by: int = 0, to: str = MOBILE, **more: Any) -> Json:
        number, name = self.people[by]
        where = {"src_num": number, "src_name": name, "dst_num": to}
        return self.leg(start, talk, **(where | {"from_account": number, "to_account": self._trunk} | more))

    def put(self, *calls: list[Json]) -> list[str]:
        records = [{"legs": legs} for legs in calls]
        found: list[str] = self._standins.post("/control/records", clear=True, records=records)["linkedids"]
        return found

    def add(self, *calls: list[Json]) -> None:
        self._standins.post("/control/records", records=[{"legs": legs} for legs in calls])


@pytest.fixture
def archive(standins: Standins) -> Archive:
    standins.post("/control/traffic", running=False)
    return Archive(standins)


def total(message: Seen) -> int:
    found = re.search(r"(\d+) (?:calls?|звон)", message.text)
    return int(found[1]) if found else 0


def test_every_filter_in_both_languages(
    standins: Standins, start_bot: Callable[..., Program], archive: Archive
) -> None:
    start_bot()
    (first, anna), (second, _) = archive.people[0], archive.people[1]
    archive.put(
        [archive.incoming(archive.at(0, "00:10:00"), 65)],
        [archive.incoming(archive.at(0, "00:20:00"), None, to=1)],
        [archive.incoming(archive.at(1, "09:30:00"), None, caller=MOBILE)],
        [archive.outgoing(archive.at(1, "10:00:00"), 120, by=1, to="+79161111111")],
        [archive.outgoing(archive.at(3, "10:00:00"), None, to=f"9{first}5555")],
        [archive.outgoing(archive.at(5, "11:00:00"), 5, to=second, to_account=second)],
        [archive.incoming(archive.at(400, "12:00:00"), 5)],
    )
    week, year = f"{archive.at(6)[:10]} {archive.at(0)[:10]}", f"{archive.at(500)[:10]} {archive.at(0)[:10]}"
    expected = {
        "today": 2,
        "today missed": 1,
        "сегодня пропущенные": 1,
        "yesterday": 2,
        f"вчера от {second}": 1,
        f"yesterday from {second}": 1,
        "yesterday 9:00-9:59": 1,
        f"7d to {CALLER}": 1,
        "7d на +7 916 111-11-11": 1,
        f"7d with {CALLER}": 3,
        f"7d {first}": 4,
        f"{week} answered": 3,
        f"{week} отвеченные входящие": 1,
        "7d outgoing": 2,
        "7d внутренние": 1,
        "7d busy": 0,
        f"7d did={DID}": 3,
        f"{year}": 7,
        f"today {anna}": 1,
        f"7d from {CALLER} answered": 1,
    }
    found = {}
    for place, (words, count) in enumerate(expected.items()):
        # Telegram limits a bot to twenty messages a minute in one group.
        chat = ANNA if place % 2 else GROUP
        found[words] = total(standins.asks(ANNA, f"/cdr {words}", chat))
        assert found[words] == count, words
    shown = standins.asks(ANNA, f"/cdr 7d missed from {CALLER}")
    assert "missed" in shown.text.splitlines()[1]
    assert "916" in shown.text.splitlines()[1]


def test_leafing_while_calls_come_in_shows_every_call_once(
    standins: Standins, start_bot: Callable[..., Program], archive: Archive
) -> None:
    start_bot()
    archive.put(*([archive.incoming(archive.at(0, f"10:{minute:02}:00"), 5)] for minute in range(35)))
    message = standins.asks(ANNA, "/cdr today")
    assert "1–10 of 35" in message
    clocks = re.findall(r"\b10:\d\d\b", message.text)
    for page, shows in enumerate(("12–21 of 36", "23–32 of 37", "34–38 of 38"), 1):
        archive.add([archive.incoming(archive.at(0, f"11:{page:02}:00"), 5)])
        standins.presses(ANNA, message, "Next")
        message = turned(standins, message, shows)
        clocks += re.findall(r"\b10:\d\d\b", message.text)
    assert clocks == [f"10:{minute:02}" for minute in range(34, -1, -1)]
    standins.presses(ANNA, message, "Previous")
    turned(standins, message, "24–33 of 38")


def turned(standins: Standins, message: Seen, shows: str) -> Seen:
    return standins.wait_for(lambda: (m := standins.again(message)) and (m if shows in m.text else None), shows)


def opened(standins: Standins, words: str, chat: int = GROUP) -> Seen:
    listed = standins.asks(ANNA, f"/cdr {words}", chat)
    standins.presses(ANNA, listed, "1")
    return standins.another(listed, "a card")


def test_a_record_tells_the_way_the_call_took(
    standins: Standins, start_bot: Callable[..., Program], archive: Archive
) -> None:
    start_bot()
    standins.wait_until_known()
    queue = standins.http.get("/pbxcore/api/v3/call-queues", headers={"Authorization": f"Bearer {KEY}"}).json()["data"]
    (one, _), (two, name), (three, third) = archive.people[:3]
    day = archive.at(1)[:10]
    machine: dict[str, Any] = {"is_app": True, "to_account": "", "dst_name": "", "disposition": "NOANSWER"}
    archive.put(
        [
            archive.incoming(f"{day} 10:00:00", None, dst_num="2200100", dtmf_digits="12", **machine),
            archive.incoming(f"{day} 10:00:10", None, dst_num=queue[0]["extension"], **machine),
            archive.incoming(f"{day} 10:00:11", None, to=0, seconds=14),
            archive.incoming(f"{day} 10:00:25", 60, to=1, seconds=5),
            archive.incoming(f"{day} 10:01:30", 125, to=2, seconds=5, src_num=two, transfer=True),
        ]
    )
    card = opened(standins, "yesterday")
    lines = card.text.splitlines()
    assert CALLER[1:4] in lines[0]
    assert two in lines[0]
    assert "answered" in lines[1]
    assert "Talk 3:05" in lines[2]
    assert "answered after 0:30" in lines[2]
    assert "Zadarma" in lines[3]
    assert "DID +7 495" in lines[3]
    legs = lines[4:9]
    assert "2200100" in legs[0]
    assert "pressed 12" in legs[0]
    assert queue[0]["name"] in legs[1]
    assert f"{one}" in legs[2]
    assert "no answer 0:14" in legs[2]
    assert "talked 1:00" in legs[3]
    assert "transferred by" in legs[4]
    assert third in legs[4]
    assert three in legs[4]
    standins.presses(ANNA, card, "List")
    standins.wait_for(lambda: (m := standins.again(card)) and (m if "1 call" in m.text else None), "the list again")
    assert name in standins.asks(ANNA, "/cdr yesterday").text


def test_a_call_after_hours_is_missed_and_says_so(
    standins: Standins, start_bot: Callable[..., Program], archive: Archive
) -> None:
    start_bot(LANGUAGE="ru")
    night = archive.incoming(archive.at(1, "03:00:00"), None, dst_num="outworktimes", to_account="", is_app=True)
    archive.put([night])
    listed = standins.asks(ANNA, "/cdr вчера")
    assert "пропущено 1" in listed
    assert "нерабочее время" in listed
    standins.presses(ANNA, listed, "1")
    standins.wait_for(lambda: (m := standins.again(listed)) and (m if "🌙" in m.text else None))


def heard(standins: Standins, after: int) -> Json:
    message = standins.wait_for(
        lambda: next((m for m in standins.from_bot(ANNA) if m.id > after and m.raw["audio"]), None),
        "the sound",
    )
    found: Json = message.raw["audio"]
    return found


def test_a_recording_is_sent_in_private_and_its_link_nowhere(
    standins: Standins, start_bot: Callable[..., Program], archive: Archive
) -> None:
    bot = start_bot(LOG_LEVEL="debug")
    archive.put([archive.incoming(archive.at(1, "10:00:00"), 65)])
    before = standins.asks(ANNA, "/id").id
    card = opened(standins, "yesterday")
    assert "private chat" in standins.presses(ANNA, card, "Listen")["text"]
    sound = heard(standins, before)
    assert sound["duration"] == 65
    content = standins.http.get(sound["url"]).content
    assert content.startswith(b"\xff\xf3")
    said = str(standins.messages(GROUP)) + str(standins.messages(ANNA)) + bot.log.read_text()
    assert "token=" not in said
    assert "cdr:" not in said


def test_others_may_look_but_not_listen(
    standins: Standins, start_bot: Callable[..., Program], archive: Archive
) -> None:
    start_bot()
    archive.put([archive.incoming(archive.at(1, "10:00:00"), 65)])
    card = opened(standins, "yesterday")
    assert "no right" in standins.presses(BORIS, card, "Listen")["text"]
    theirs = standins.asks(BORIS, "/cdr yesterday", GROUP)
    standins.presses(BORIS, theirs, "1")
    theirs = standins.wait_for(lambda: (m := standins.again(theirs)) and (m if "right of its own" in m.text else None))
    assert not any("Listen" in label for row in theirs.buttons for label in row)


@pytest.mark.parametrize(
    ("recordings", "says"), [({"missing": True}, "not on the PBX any more"), ({"megabytes": 495}, "50 MB")]
)
def test_why_there_is_nothing_to_hear_is_said(
    standins: Standins, start_bot: Callable[..., Program], archive: Archive, recordings: Json, says: str
) -> None:
    start_bot()
    archive.put([archive.incoming(archive.at(1, "10:00:00"), 65)])
    card = opened(standins, "yesterday")
    standins.post("/control/recordings", **recordings)
    standins.presses(ANNA, card, "Listen", wait=0)
    told = standins.wait_for(lambda: (m := standins.again(card)) and (m if says in m.text else None), says)
    standins.presses(ANNA, told, "↩ Call")
    standins.wait_for(lambda: (m := standins.again(card)) and (m if "Talk 1:05" in m.text else None))


def test_a_period_in_figures(standins: Standins, start_bot: Callable[..., Program], archive: Archive) -> None:
    start_bot()
    first, anna = archive.people[0]
    night: dict[str, Any] = {"dst_num": "outworktimes", "to_account": "", "is_app": True}
    archive.put(
        [archive.incoming(archive.at(1, "10:00:00"), 100)],
        [archive.incoming(archive.at(1, "10:10:00"), 40, to=1)],
        [archive.incoming(archive.at(1, "11:00:00"), None, caller=MOBILE)],
        [archive.incoming(archive.at(1, "03:00:00"), None, caller=MOBILE, **night)],
        [archive.outgoing(archive.at(1, "12:00:00"), 160)],
        [archive.outgoing(archive.at(1, "12:10:00"), None, disposition="BUSY")],
        [archive.outgoing(archive.at(1, "12:20:00"), None, disposition="CHANUNAVAIL")],
        [archive.outgoing(archive.at(1, "12:30:00"), None, disposition="FAILED")],
        [archive.outgoing(archive.at(1, "12:40:00"), None, disposition="NO ANSWER")],
    )
    figures = standins.asks(ANNA, "/stats yesterday")
    for words in (
        "9 calls: 4 incoming, 5 outgoing, 0 internal",
        "3 answered · 50% of the incoming",
        "2 missed (1 of them after hours)",
        "1 no answer, 1 busy, 1 failed, 1 unavailable",
        "Average talk 1:40, longest 2:40",
        "Busiest: 12:00–13:00, calls: 5",
        # The article counts both spellings of no answer, and no other value, as missed.
        "As the PBX counts: calls 9, answered 3, missed 3, average 1:40",
    ):
        assert words in figures
    for button, shows in (
        ("By employee", f"{first} {anna}: called 5, answered 1 · 4:20"),
        ("By trunk", "Zadarma: 4 in, 5 out, 3 answered, 2 missed"),
        ("By hour", "12:00 5"),
        ("Callers", "1. +7 "),
    ):
        standins.presses(ANNA, figures, button)
        figures = turned(standins, figures, shows)
    standins.presses(ANNA, figures, "Today")
    turned(standins, figures, "No calls in this period")


def test_who_called_in_vain_and_was_not_called_back(
    standins: Standins, start_bot: Callable[..., Program], archive: Archive
) -> None:
    start_bot()
    third = "74957778899"
    archive.put(
        [archive.incoming(archive.at(1, "09:00:00"), None)],
        [archive.incoming(archive.at(1, "09:30:00"), None)],
        [archive.incoming(archive.at(1, "10:00:00"), None, caller=MOBILE)],
        [archive.outgoing(archive.at(1, "11:00:00"), 30, to="+" + MOBILE)],
        [archive.incoming(archive.at(1, "12:00:00"), None, caller=third)],
        [archive.outgoing(archive.at(0, "00:15:00"), 30, by=1, to=third)],
    )
    text = standins.asks(ANNA, "/missed yesterday").text
    assert "4 missed, 2 not called back yet" in text
    lines = text.splitlines()
    open_line = next(line for line in lines if line.startswith("🔴"))
    assert "916" in open_line
    assert "2 times" in open_line
    back = [line for line in lines if line.startswith("✅")]
    assert len(back) == 2
    assert any("called back 11:00" in line and f"by {archive.people[0][0]}" in line for line in back)
