"""Delivery without loss: blocked chats, groups that become supergroups, an unreachable Telegram."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.harness import ANNA, BORIS, VERA, Standins, running_bot, running_standins

SMALL, EVA = -4001, 1010
# Each test breaks another trunk: repeated outages would flap.
LINES = [f"Line {letter}" for letter in "ABCDE"]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standins]:
    """Alerts go to a group that is not yet a supergroup. Anna is the only administrator."""
    with running_standins() as harness:
        harness.post("/client/chats", id=SMALL, title="Night watch", type="group", creator=ANNA, members=[BORIS])
        harness.post("/client/people", id=EVA, first_name="Eva")
        for name in LINES:
            harness.post("/control/trunks", name=name, host=f"{name[-1].lower()}.example.com", username="1")
        with running_bot(harness, tmp_path_factory.mktemp("delivery"), ALERT_CHATS=str(SMALL), VIEWERS=f"{VERA} {EVA}"):
            harness.wait_until_known()
            yield harness


@pytest.fixture
def group(office: Standins) -> int:
    """Return its current id; the bot is a member."""
    chats = office.get("/client/state", **{"as": ANNA})["chats"]
    number = next(chat["id"] for chat in reversed(chats) if chat["title"] == "Night watch")
    member(office, number, "member")
    return int(number)


def member(office: Standins, chat: int, status: str) -> None:
    bot = office.get("/client/state", **{"as": ANNA})["bot"]["id"]
    office.post("/client/members", chat=chat, by=ANNA, user=bot, status=status)


def newest(office: Standins, chat: int) -> int:
    return max((message.id for message in office.messages(chat)), default=0)


def test_a_group_that_removes_the_bot_is_reported_and_its_alerts_go_to_the_administrator(
    office: Standins, group: int
) -> None:
    before = newest(office, ANNA)
    member(office, group, "kicked")
    note = office.after(before, ANNA, "A group for alerts takes none from me")
    assert "Night watch" in note
    assert "Add me again" in note
    office.breaks("Line A")
    alert = office.after(note.id, ANNA, "🔴.*Line A")
    assert not alert.raw["silent"]
    assert office.presses(ANNA, alert, "I'm on it")["text"]
    office.mends("Line A")
    office.after(alert.id, ANNA, "🟢.*Line A")
    member(office, group, "member")
    office.breaks("Line B")
    office.wait_for_message("🔴.*Line B", group)
    office.mends("Line B")
    office.wait_for_message("🟢.*Line B", group)
    assert not [m for m in office.from_bot(ANNA) if "Line B" in m]
    assert len([m for m in office.from_bot(ANNA) if m.id > before and "takes none" in m]) == 1


def test_a_group_that_grows_during_an_outage_hears_of_its_end_and_of_the_next(office: Standins, group: int) -> None:
    office.breaks("Line C")
    office.wait_for_message("🔴.*Line C", group)
    grown = int(office.post("/client/migrate", chat=group)["new_id"])
    office.mends("Line C")
    office.wait_for_message("🟢.*Line C", grown)
    office.breaks("Line D")
    office.wait_for_message("🔴.*Line D", grown)
    office.mends("Line D")
    office.wait_for_message("🟢.*Line D", grown)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "server_error"}, {"kind": "rate_limit", "retry_after": 21}],
    ids=["Telegram is away", "Telegram tells the chat to wait"],
)
def test_an_answer_that_telegram_does_not_take_now_comes_when_it_does(
    office: Standins, fault: dict[str, object]
) -> None:
    count = 5 if fault["kind"] == "server_error" else 1
    office.post("/client/faults", methods=["sendMessage"], chat=VERA, count=count, **fault)
    answer = office.asks(VERA, "/status")
    assert "Head office" in answer
    office.post("/client/faults", kind="none")
    last = office.asks(VERA, "/id")
    assert len([m for m in office.from_bot(VERA, VERA) if answer.id <= m.id < last.id]) == 1


def test_an_answer_that_may_have_arrived_is_not_given_again(office: Standins) -> None:
    office.post("/client/faults", kind="lost_answer", methods=["sendMessage"], chat=BORIS)
    answer = office.asks(BORIS, "/status")
    last = office.asks(BORIS, "/id")
    assert len([m for m in office.from_bot(BORIS, BORIS) if answer.id <= m.id < last.id]) == 1


def test_one_rate_limited_chat_delays_no_page_elsewhere(office: Standins, group: int) -> None:
    told_before = len([c for c in office.calls("sendMessage") if c["status"] == 429])
    office.post("/client/faults", kind="rate_limit", retry_after=60, methods=["sendMessage"], chat=EVA)
    office.says(EVA, "/status")
    office.wait_for(
        lambda: [c for c in office.calls("sendMessage") if c["status"] == 429][told_before:], "told to wait"
    )
    before = newest(office, group)
    office.breaks("Line E")
    office.after(before, group, "🔴.*Line E")
    assert not office.from_bot(EVA, EVA)
    # An outage still open when the next test begins would share its alert.
    office.mends("Line E")
    office.after(before, group, "🟢.*Line E")
