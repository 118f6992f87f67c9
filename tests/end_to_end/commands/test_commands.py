"""Each command, typed by each kind of person, in a group and in private."""

import re
from datetime import date, timedelta

import pytest

from tests.end_to_end.harness import ANNA, BORIS, FORUM, KEY, VERA, Standins
from tests.end_to_end.people import newcomer

PEOPLE = {"administrator": ANNA, "operator": BORIS, "viewer": VERA}


def silence(shared: Standins, person: int, text: str, chat: int, **more: object) -> bool:
    """Return True if the bot does not answer the text, but answers a later command in the chat."""
    number = shared.says(person, text, chat, **more)
    after = shared.asks(ANNA, "/id", chat)
    return not [m for m in shared.from_bot(chat) if number < m.id < after.id]


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize(
    ("text", "shows"),
    [("/status", "Zadarma"), ("/calls", "calls"), ("/cdr today", "answered"), ("/help", "Choose a topic")],
)
def test_everybody_with_a_role_may_look(shared: Standins, group: int, role: str, text: str, shows: str) -> None:
    assert shows in shared.asks(PEOPLE[role], text, group).text


@pytest.mark.parametrize("text", ["/status", "/calls", "/cdr today", "/add_employee 243 John Smith", "/help", "/id"])
def test_a_stranger_in_a_group_gets_silence(shared: Standins, group: int, text: str) -> None:
    stranger = newcomer(shared, "Stranger")
    shared.post("/client/members", by=ANNA, chat=group, user=stranger, status="member")
    assert silence(shared, stranger, text, group)


@pytest.mark.parametrize("text", ["/start", "/help", "/id", "/status", "/add_employee 243 John Smith"])
def test_a_stranger_in_private_gets_an_id_and_nothing_else(shared: Standins, text: str) -> None:
    # A stranger of its own for each: one who asks this often is dropped by the rate limit.
    stranger = newcomer(shared, "Stranger")
    shared.post("/client/start", **{"as": stranger})
    answer = shared.asks(stranger, text)
    assert str(stranger) in answer
    assert "/" not in answer.text


def test_a_viewer_and_an_operator_cannot_create_employees(shared: Standins, group: int) -> None:
    for person in (VERA, BORIS):
        assert "no right" in shared.asks(person, "/add_employee 243 John Smith", group)


def test_help_lists_only_what_this_person_may_do(shared: Standins, group: int) -> None:
    assert "/add_employee 243 John Smith" in shared.asks(ANNA, "/help add_employee", group)
    assert "You may not use /add_employee" in shared.asks(VERA, "/help add_employee", group)


def test_id_in_a_topic_shows_what_the_settings_want(shared: Standins) -> None:
    topic = shared.post("/client/topics", chat=FORUM, name="Alerts")["id"]
    assert f"{FORUM}:{topic}" in shared.asks(ANNA, "/id", FORUM, thread=topic)


def test_an_answer_stays_in_its_topic(shared: Standins) -> None:
    topic = shared.post("/client/topics", chat=FORUM, name="Questions")["id"]
    assert shared.asks(ANNA, "/status", FORUM, thread=topic).raw["thread"] == topic


def test_status_counts_trunks_extensions_and_calls(shared: Standins, group: int) -> None:
    answer = shared.asks(ANNA, "/status", group)
    assert all(name in answer for name in ("Head office", "Zadarma", "Mango Office", "Old provider"))
    state = shared.get("/control/state")
    online = sum(e["online"] for e in state["extensions"])
    assert f"{online} of {len(state['extensions'])}" in answer


def test_status_of_one_extension(shared: Standins, group: int) -> None:
    extension = shared.get("/control/state")["extensions"][1]
    shared.post(f"/control/extensions/{extension['number']}", online=True)
    answer = shared.asks(VERA, f"/status {extension['number']}", group)
    assert f"{extension['number']} {extension['name']}" in answer
    assert "Online" in answer
    shared.post(f"/control/extensions/{extension['number']}", online=False)
    shared.presses(VERA, answer, "Refresh")
    shared.wait_for(lambda: (m := shared.again(answer)) and (m if "Offline" in m.text else None), "offline")


def test_status_of_an_extension_that_does_not_exist(shared: Standins, group: int) -> None:
    assert "no extension 999" in shared.asks(VERA, "/status 999", group)


def test_status_of_one_trunk_by_a_part_of_its_name(shared: Standins, group: int) -> None:
    answer = shared.asks(VERA, "/status zadar", group)
    assert "Zadarma" in answer
    assert "since" in answer
    shared.presses(VERA, answer, "Card")
    shared.wait_for(lambda: (m := shared.again(answer)) and (m if "Last changes" in m.text else None), "the card")
    assert "no trunk “Nowhere”" in shared.asks(VERA, "/status Nowhere", group)
    assert "which one" in shared.asks(VERA, "/status sip", group)


def test_status_buttons_change_the_same_message(shared: Standins, group: int) -> None:
    answer = shared.asks(VERA, "/status", group)
    shared.presses(VERA, answer, "Trunks")
    seen = shared.another(answer)
    assert "sip.zadarma.com" in seen


def test_calls_joins_the_legs_of_one_call(shared: Standins, group: int) -> None:
    shared.post("/control/traffic", running=False)
    call = shared.post(
        "/control/calls",
        kind="incoming",
        src="79161111111",
        dst="202",
        trunk=shared.trunk("Zadarma")["id"],
        answer=True,
        ring_seconds=0,
        talk_seconds=600,
    )
    answer = shared.wait_for(lambda: (m := shared.asks(ANNA, "/calls", group)) and (m if "202" in m.text else None))
    assert answer.text.count("+7 916 111-11-11") == 1
    assert "talking" in answer
    assert "via Zadarma" in answer
    assert re.search(r"Through trunks: .*Zadarma \d", answer.text)
    for words in ("202", "+7 916 111-11-11", "zadar"):
        assert "via Zadarma" in shared.asks(ANNA, f"/calls {words}", group)
    none = shared.asks(ANNA, "/calls 20", group)
    assert "No calls of “20”" in none
    shared.presses(ANNA, none, "All calls")
    shared.wait_for(lambda: (m := shared.again(none)) and (m if "via Zadarma" in m.text else None), "all of them")
    shared.post(f"/control/calls/{call['linkedid']}/hangup")


def days_of_calls(shared: Standins) -> list[date]:
    """Return the date of each call on the PBX, newest first: leg by leg, unlike the bot's own requests."""
    now, days = shared.now(), dict[str, date]()
    period = {"dateFrom": f"{now - timedelta(60):%Y-%m-%d}", "dateTo": f"{now + timedelta(2):%Y-%m-%d}"}
    offset, more = 0, True
    while more:
        query = {"grouped": "false", "sort": "start", "limit": "1000", "offset": str(offset)}
        answer = shared.http.get(
            "/pbxcore/api/v3/cdr",
            params=query | period,
            headers={"Authorization": f"Bearer {KEY}"},
        )
        data = answer.json()["data"]
        for leg in data["records"]:
            days[leg["linkedid"]] = date.fromisoformat(leg["start"][:10])
        offset, more = offset + 1000, data["pagination"]["hasMore"]
    return sorted(days.values(), reverse=True)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [("today", 0, 0), ("", 0, 0), ("yesterday", 1, 1), ("вчера", 1, 1), ("7d", 6, 0), ("30d", 29, 0)],
)
def test_cdr_counts_every_record_of_the_period(
    shared: Standins, group: int, period: str, first: int, last: int
) -> None:
    """`first` and `last` are days ago. Calls may end meanwhile: count before and after."""

    def recorded() -> int:
        days = days_of_calls(shared)
        return sum(first >= (days[0] - day).days >= last for day in days)

    before = recorded()
    answer = shared.asks(ANNA, f"/cdr {period}".strip(), group)
    total, answered, missed = map(int, re.findall(r"(\d+) (?:calls|answered|missed)", answer.text)[:3])
    assert before <= total <= recorded()
    assert 0 < answered + missed <= total


def test_cdr_of_something_that_is_no_period_says_what_is(shared: Standins, group: int) -> None:
    assert "since monday" in shared.asks(ANNA, "/cdr 2026-13-40", group)


def test_cdr_pages_with_buttons(shared: Standins, group: int) -> None:
    answer = shared.asks(ANNA, "/cdr 7d", group)
    shared.presses(ANNA, answer, "Next")
    shared.another(answer, "the older page")


@pytest.mark.parametrize(
    "forge",
    [{"forwarded": True}, {"via_bot": True}, {"sender_chat": -1001000000001}, {"from_bot": True}],
)
def test_what_nobody_typed_is_not_obeyed(shared: Standins, group: int, forge: dict[str, object]) -> None:
    assert silence(shared, ANNA, "/status", group, forge=forge)


def test_who_writes_as_the_group_is_asked_to_prove_who_it_is(shared: Standins, group: int) -> None:
    assert "Press to prove it is you" in shared.asks(ANNA, "/status", group, forge={"anonymous": True})


def test_an_edited_message_is_not_obeyed(shared: Standins, group: int) -> None:
    number = shared.says(ANNA, "hello", group)
    shared.post("/client/edit", **{"as": ANNA, "chat": group, "message": number, "text": "/status"})
    answer = shared.asks(ANNA, "/id", group)
    assert not [m for m in shared.from_bot(group) if number < m.id < answer.id]


def test_a_command_for_another_bot_is_not_obeyed(shared: Standins, group: int) -> None:
    assert silence(shared, ANNA, "/status@another_bot", group)


def test_an_old_command_is_not_executed_and_the_person_is_notified(shared: Standins, group: int) -> None:
    assert "not answered" in shared.asks(ANNA, "/status", group, age=600)


def test_a_forged_button_is_refused(shared: Standins, group: int) -> None:
    answer = shared.asks(ANNA, "/status", group)
    pressed = shared.post(
        "/client/press",
        **{"as": ANNA, "chat": group, "message": answer.id, "row": 0, "column": 0, "data": "guess:0:0", "wait": 10},
    )
    assert "out of date" in pressed["answer"]["text"]


def test_a_stranger_cannot_press_what_others_may(shared: Standins, group: int) -> None:
    stranger = newcomer(shared, "Stranger")
    shared.post("/client/members", by=ANNA, chat=group, user=stranger, status="member")
    answer = shared.asks(ANNA, "/status", group)
    assert "no right" in shared.presses(stranger, answer, "Refresh")["text"]
