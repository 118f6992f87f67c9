"""Delivery without loss: blocked chats, groups that become supergroups, an unreachable Telegram."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.harness import ANNA, BORIS, VERA, Standins, running_bot, running_standins

SMALL, EVA = -4001, 1010
# Each test breaks another trunk: repeated outages would flap.
LINES = [f"Line {letter}" for letter in "ABCDE"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standins]:
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
def group(shared: Standins) -> int:
    """Return its current id; the bot is a member."""
    chats = shared.get("/client/state", **{"as": ANNA})["chats"]
    number = next(chat["id"] for chat in reversed(chats) if chat["title"] == "Night watch")
    member(shared, number, "member")
    return int(number)


def member(shared: Standins, chat: int, status: str) -> None:
    bot = shared.get("/client/state", **{"as": ANNA})["bot"]["id"]
    shared.post("/client/members", chat=chat, by=ANNA, user=bot, status=status)


def newest(shared: Standins, chat: int) -> int:
    return max((message.id for message in shared.messages(chat)), default=0)


def test_a_group_that_removes_the_bot_is_reported_and_its_alerts_go_to_the_administrator(
    shared: Standins, group: int
) -> None:
    before = newest(shared, ANNA)
    member(shared, group, "kicked")
    note = shared.after(before, ANNA, "A group for alerts takes none from me")
    assert "Night watch" in note
    assert "Add me again" in note
    shared.breaks("Line A")
    alert = shared.after(note.id, ANNA, "🔴.*Line A")
    assert not alert.raw["silent"]
    assert shared.presses(ANNA, alert, "I'm on it")["text"]
    shared.mends("Line A")
    shared.after(alert.id, ANNA, "🟢.*Line A")
    member(shared, group, "member")
    shared.breaks("Line B")
    shared.wait_for_message("🔴.*Line B", group)
    shared.mends("Line B")
    shared.wait_for_message("🟢.*Line B", group)
    assert not [m for m in shared.from_bot(ANNA) if "Line B" in m]
    assert len([m for m in shared.from_bot(ANNA) if m.id > before and "takes none" in m]) == 1


def test_a_group_that_grows_during_an_outage_hears_of_its_end_and_of_the_next(shared: Standins, group: int) -> None:
    shared.breaks("Line C")
    shared.wait_for_message("🔴.*Line C", group)
    grown = int(shared.post("/client/migrate", chat=group)["new_id"])
    shared.mends("Line C")
    shared.wait_for_message("🟢.*Line C", grown)
    shared.breaks("Line D")
    shared.wait_for_message("🔴.*Line D", grown)
    shared.mends("Line D")
    shared.wait_for_message("🟢.*Line D", grown)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "server_error"}, {"kind": "rate_limit", "retry_after": 21}],
    ids=["Telegram is away", "Telegram tells the chat to wait"],
)
def test_an_answer_that_telegram_does_not_take_now_comes_when_it_does(
    shared: Standins, fault: dict[str, object]
) -> None:
    count = 5 if fault["kind"] == "server_error" else 1
    shared.post("/client/faults", methods=["sendMessage"], chat=VERA, count=count, **fault)
    answer = shared.asks(VERA, "/status")
    assert "Head office" in answer
    shared.post("/client/faults", kind="none")
    last = shared.asks(VERA, "/id")
    assert len([m for m in shared.from_bot(VERA, VERA) if answer.id <= m.id < last.id]) == 1


def test_an_answer_that_may_have_arrived_is_not_given_again(shared: Standins) -> None:
    shared.post("/client/faults", kind="lost_answer", methods=["sendMessage"], chat=BORIS)
    answer = shared.asks(BORIS, "/status")
    last = shared.asks(BORIS, "/id")
    assert len([m for m in shared.from_bot(BORIS, BORIS) if answer.id <= m.id < last.id]) == 1


def test_one_rate_limited_chat_delays_no_page_elsewhere(shared: Standins, group: int) -> None:
    told_before = len([c for c in shared.calls("sendMessage") if c["status"] == 429])
    shared.post("/client/faults", kind="rate_limit", retry_after=60, methods=["sendMessage"], chat=EVA)
    shared.says(EVA, "/status")
    shared.wait_for(
        lambda: [c for c in shared.calls("sendMessage") if c["status"] == 429][told_before:], "told to wait"
    )
    before = newest(shared, group)
    shared.breaks("Line E")
    shared.after(before, group, "🔴.*Line E")
    assert not shared.from_bot(EVA, EVA)
    # An outage still open when the next test begins would share its alert.
    shared.mends("Line E")
    shared.after(before, group, "🟢.*Line E")
