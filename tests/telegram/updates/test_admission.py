"""Admission of updates before storage: strangers are rate-limited, others may send all that can need an answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.access.known_senders import KnownSenders
from bot.telegram.updates.admission import (
    ALL_STRANGERS,
    EACH_STRANGER,
    NEWCOMERS,
    Admission,
    Admitted,
    Intake,
    SenderStanding,
)
from bot.telegram.updates.summary import UNREADABLE, UpdateKind, summarize
from bot.telegram.updates.token_bucket import Bucket, Buckets, Rate

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ANNA, SAM = 1001, 1009
# One gives all its members a role, the other only receives alerts.
OFFICE, ALERTS, ELSEWHERE = -100, -200, -300


@pytest.fixture
def admission() -> Admission:
    known = KnownSenders(None, None, None, lambda: NOW)  # type: ignore[arg-type]
    known.people, known.chats, known.ours = frozenset({ANNA}), frozenset({OFFICE}), frozenset({OFFICE, ALERTS})
    return Admission(known, NOW)


def chat_of(number: int) -> dict[str, Any]:
    return {"id": number, "type": "private" if number > 0 else "supergroup"}


def message(person: int, chat: int, text: str = "", **more: Any) -> dict[str, Any]:
    entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text.startswith("/") else []
    sender = {"id": person, "is_bot": False, "first_name": "Ann"}
    words = {"text": text, "entities": entities} if text else {}
    return {
        "update_id": 1,
        "message": {"message_id": 5, "date": 1, "from": sender, "chat": chat_of(chat)} | words | more,
    }


def press(person: int, chat: int) -> dict[str, Any]:
    where = {"message_id": 7, "date": 1, "chat": chat_of(chat)}
    return {"update_id": 1, "callback_query": {"id": "1", "from": {"id": person}, "message": where, "data": "a:0:0"}}


def change(kind: str, person: int, chat: int) -> dict[str, Any]:
    return {"update_id": 1, kind: {"chat": chat_of(chat), "from": {"id": person}, "date": 1}}


BOTS = {"reply_to_message": {"message_id": 3, "from": {"id": 1, "is_bot": True}}}


@pytest.mark.parametrize(
    ("update", "intake", "standing"),
    [
        (message(ANNA, ANNA, "/status"), Intake.FIRST, SenderStanding.KNOWN),
        (message(ANNA, ANNA, "206 James"), Intake.FIRST, SenderStanding.KNOWN),
        (message(ANNA, ELSEWHERE, "/status"), Intake.FIRST, SenderStanding.KNOWN),
        (press(ANNA, ALERTS), Intake.FIRST, SenderStanding.KNOWN),
        (press(SAM, OFFICE), Intake.FIRST, SenderStanding.MEMBER),
        (message(SAM, OFFICE, "/status"), Intake.FIRST, SenderStanding.MEMBER),
        # Replies, and secrets to be deleted.
        (message(SAM, OFFICE, "206", **BOTS), Intake.FIRST, SenderStanding.MEMBER),
        (message(SAM, OFFICE, "password=hunter2"), Intake.FIRST, SenderStanding.MEMBER),
        (message(SAM, OFFICE, "good morning"), Intake.IGNORED, SenderStanding.MEMBER),
        (message(ANNA, ALERTS, "good morning"), Intake.IGNORED, SenderStanding.KNOWN),
        (message(ANNA, ALERTS, photo=[]), Intake.IGNORED, SenderStanding.KNOWN),
        # An anonymous administrator of an alert chat may press "It is me".
        (message(1087968824, ALERTS, "/mute all", sender_chat={"id": ALERTS}), Intake.FIRST, SenderStanding.MEMBER),
        (message(SAM, SAM, "/start"), Intake.LATER, SenderStanding.STRANGER),
        (press(SAM, SAM), Intake.LATER, SenderStanding.STRANGER),
        (message(SAM, ALERTS, "/status"), Intake.LATER, SenderStanding.STRANGER),
        # No pending reply from them.
        (message(SAM, SAM, "hello"), Intake.IGNORED, SenderStanding.STRANGER),
        (message(SAM, ALERTS, "password=hunter2"), Intake.IGNORED, SenderStanding.STRANGER),
        (message(SAM, ALERTS, "yes", **BOTS), Intake.IGNORED, SenderStanding.STRANGER),
        # Membership changes are handled at once, and no flood hides them.
        (message(SAM, OFFICE, new_chat_members=[{"id": SAM}]), Intake.OBSERVED, SenderStanding.MEMBER),
        (change("chat_member", SAM, ALERTS), Intake.OBSERVED, SenderStanding.STRANGER),
        (change("my_chat_member", SAM, ALERTS), Intake.FIRST, SenderStanding.STRANGER),
        (change("my_chat_member", SAM, ELSEWHERE), Intake.LATER, SenderStanding.STRANGER),
        (message(SAM, OFFICE, migrate_to_chat_id=-1100), Intake.FIRST, SenderStanding.MEMBER),
        ({"update_id": 1, "message": {"chat": "?"}}, Intake.LATER, SenderStanding.STRANGER),
    ],
)
def test_what_becomes_of_an_update(
    admission: Admission, update: dict[str, Any], intake: Intake, standing: SenderStanding
) -> None:
    assert admission.admit(summarize(update), NOW) == Admitted(intake, standing)


def test_a_group_that_grew_has_its_role_at_once(admission: Admission) -> None:
    admission.admit(summarize(message(SAM, OFFICE, migrate_to_chat_id=-1100)), NOW)
    assert admission.admit(summarize(message(SAM, -1100, "/status")), NOW) == Admitted(
        Intake.FIRST, SenderStanding.MEMBER
    )


def test_strangers_use_up_what_is_theirs_and_nobody_elses(admission: Admission) -> None:
    def let_in(person: int, times: int, at: datetime) -> int:
        seen = summarize(message(person, person, "/start"))
        return sum(admission.admit(seen, at).intake is Intake.LATER for _ in range(times))

    assert let_in(SAM, 50, NOW) == EACH_STRANGER.burst
    # Each stranger has an own limit, until all have used up the common one.
    all_at_once = ALL_STRANGERS.burst + NEWCOMERS.burst
    assert sum(let_in(2000 + number, 5, NOW) for number in range(1000)) == all_at_once - EACH_STRANGER.burst
    for person in (ANNA, SAM):
        chat = person if person == ANNA else OFFICE
        assert admission.admit(summarize(press(person, chat)), NOW).intake is Intake.FIRST
    assert let_in(SAM, 50, NOW + timedelta(seconds=ALL_STRANGERS.every)) == 0
    assert let_in(SAM, 50, NOW + timedelta(seconds=EACH_STRANGER.every)) == 1


def test_accounts_that_send_without_end_keep_no_newcomer_out(admission: Admission) -> None:
    def comes(person: int, at: float) -> bool:
        seen = summarize(message(person, person, "/start"))
        return admission.admit(seen, NOW + timedelta(seconds=at)).intake is Intake.LATER

    for number in range(60):
        comes(100 + number % 10, 0)
    theirs, newcomers = 0, list[bool]()
    for second in range(1, 3601):
        theirs += sum(comes(100 + number, second) for number in (0, 1, 2) for _ in range(2))
        if second % 30 == 0:
            # /start, and the access request a moment later.
            newcomers += [comes(10_000 + second, second), comes(10_000 + second, second + 2)]
    assert all(newcomers)
    # In the long run even three within their own limits get less than the common limit.
    assert theirs < 3 * 45


@pytest.mark.parametrize("odd", [{}, {"message": {}}, {"message": {"chat": {"id": 2**70}}}, {"message": []}])
def test_what_it_cannot_read_it_takes_for_something_that_matters(odd: dict[str, Any]) -> None:
    assert summarize({"update_id": 1} | odd) == UNREADABLE
    assert UNREADABLE.kind is UpdateKind.REQUEST


TIMES = st.lists(st.floats(0, 500, allow_nan=False), min_size=1, max_size=60).map(sorted)


@given(TIMES, st.integers(1, 8), st.floats(0.5, 20))
def test_a_bucket_never_gives_more_than_its_rate(times: list[float], burst: int, every: float) -> None:
    bucket = Bucket(Rate(burst, every), times[0])
    given_at = []
    for now in times:
        if bucket.may(now):
            bucket.take()
            given_at.append(now)
    for first, begin in enumerate(given_at):
        for last in range(first, len(given_at)):
            assert last - first + 1 <= burst + (given_at[last] - begin) / every + 1e-6
    # Never less: after a full interval there is one token.
    assert bucket.may(times[-1] + 1.001 * every + 1e-6)


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0, 2)), max_size=200))
def test_no_group_of_senders_gets_more_than_all_may_together(steps: list[tuple[int, float]]) -> None:
    rates = (Rate(3, 5.0), Rate(6, 50.0))
    buckets, now, taken = Buckets(rates, Rate(10, 2.0), 5, 0.0, reserve=Rate(4, 1.0), reserved=2), 0.0, 0
    for person, pause in steps:
        now += pause
        taken += buckets.take(person, now)
        assert len(buckets._own) <= 5
    assert taken <= 10 + now / 2.0 + 4 + now / 1.0 + 1e-6


def test_a_clock_that_is_set_back_gives_nothing(admission: Admission) -> None:
    bucket = Bucket(Rate(1, 10.0), 100.0)
    bucket.take()
    assert [bucket.may(now) for now in (50.0, 55.0, 61.0)] == [False, False, True]
