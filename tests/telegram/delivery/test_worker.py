"""Delivery from the outbox to Telegram: in order, once, without loss."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from bot.store.messages import blocked_chats, keyboards, outbox, supergroups
from bot.store.messages.outbox import Urgency
from bot.store.tables.messages import Keyboard, Outgoing
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.delivery.sender import Sender
from bot.telegram.delivery.worker import DeliveryWorker
from bot.telegram.errors import TokenRefused, TryLater
from tests.telegram.delivery.delivery_harness import DeliveryHarness, eventually
from tests.telegram.fake_telegram import FakeTelegram, garbled, refusal

TEAM, OTHERS, ANNA = -1001, -1002, 42


def texts(telegram: FakeTelegram, chat: int) -> list[str]:
    return [call.text for call in telegram.to(chat)]


async def test_messages_of_a_chat_arrive_in_the_order_they_were_queued(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    for text in ("one", "two", "three"):
        await delivery.owe(TEAM, text)
    await delivery.deliver()
    assert texts(telegram, TEAM) == ["one", "two", "three"]
    assert await delivery.states() == ["sent"] * 3
    assert (await delivery.row(1)).message_id == 101


async def test_nothing_goes_before_its_time(delivery: DeliveryHarness, telegram: FakeTelegram) -> None:
    await delivery.owe(TEAM, "later", not_before=delivery.now + timedelta(seconds=600))
    await delivery.owe(TEAM, "now")
    await delivery.deliver()
    assert texts(telegram, TEAM) == ["now"]
    delivery.later(600)
    await delivery.deliver()
    assert texts(telegram, TEAM) == ["now", "later"]


async def test_one_rate_limited_chat_delays_no_other_and_keeps_its_order(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(refusal(429, "Too Many Requests: retry after 7", retry_after=7))
    for text in ("one", "two"):
        await delivery.owe(TEAM, text)
        await delivery.owe(OTHERS, text)
    await delivery.deliver()
    assert texts(telegram, OTHERS) == ["one", "two"]
    assert texts(telegram, TEAM) == ["one"]
    assert (await delivery.row(1)).not_before == delivery.now + timedelta(seconds=7)
    delivery.later(7)
    await delivery.deliver()
    assert texts(telegram, TEAM) == ["one", "one", "two"]
    assert not (await delivery.row(1)).possible_repeat


async def test_a_hundred_waiting_messages_of_one_chat_hide_no_other_chat(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(refusal(500, "Internal Server Error"))
    with delivery.database.begin() as session:
        for number in range(120):
            outbox.enqueue(
                session, chat_id=TEAM, thread_id=None, template="plain", facts={"text": str(number)}, now=delivery.now
            )
    await delivery.owe(OTHERS, "hello")
    await delivery.deliver()
    assert texts(telegram, OTHERS) == ["hello"]
    assert len(telegram.to(TEAM)) == 1


async def test_a_failing_telegram_is_tried_less_and_less_often(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[ANNA].extend(refusal(502, "Bad Gateway") for _ in range(8))
    await delivery.owe(ANNA, "hello")
    waits = []
    for _ in range(8):
        await delivery.deliver()
        waits.append(((await delivery.row(1)).not_before - delivery.now).total_seconds())
        delivery.now = (await delivery.row(1)).not_before
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    await delivery.deliver()
    assert await delivery.states() == ["sent"]


async def test_a_message_whose_answer_was_lost_goes_again_and_says_so(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(garbled())
    await delivery.owe(TEAM, "the trunk is down")
    await delivery.deliver()
    assert texts(telegram, TEAM) == ["the trunk is down"]
    delivery.later(2)
    await delivery.deliver()
    assert texts(telegram, TEAM)[1:] == ["<i>🔁 possible repeat</i>\nthe trunk is down"]


async def test_a_process_killed_while_sending_sends_again_after_its_restart(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    row = await delivery.owe(TEAM, "the trunk is down")
    with delivery.database.begin() as session:
        assert outbox.claim(session, row, delivery.now)
    await delivery.deliver()
    assert not telegram.calls
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.delivery_worker.run(stop))
    await eventually(delivery.is_all_sent)
    stop.set()
    await running
    assert texts(telegram, TEAM) == ["<i>🔁 possible repeat</i>\nthe trunk is down"]


async def test_a_running_delivery_worker_is_woken_by_what_is_queued(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.delivery_worker.run(stop))
    await asyncio.sleep(0.1)
    await delivery.owe(ANNA, "hello")
    delivery.delivery_worker.wake()
    await eventually(delivery.is_all_sent)
    assert texts(telegram, ANNA) == ["hello"]
    stop.set()
    await running


async def test_a_stop_leaves_what_only_waits_as_it_was(
    delivery: DeliveryHarness, telegram: FakeTelegram, pace: RateLimiter
) -> None:
    pace.pause(ANNA, 1e9)
    await delivery.owe(ANNA, "hello")
    await delivery.owe(TEAM, "hello")
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.delivery_worker.run(stop))
    await eventually(lambda: bool(telegram.to(TEAM)))
    stop.set()
    async with asyncio.timeout(30):
        await running
    assert await delivery.states() == ["pending", "sent"]


async def test_a_group_that_became_a_supergroup_gets_its_messages_there(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    old, new = -55, -1005
    moved = refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=new)
    telegram.failures[old].append(moved)
    await delivery.owe(old, "one")
    await delivery.owe(old, "two")
    await delivery.deliver()
    assert texts(telegram, new) == ["one", "two"]
    # The settings still name the old id.
    await delivery.owe(old, "three")
    await delivery.deliver()
    assert texts(telegram, new) == ["one", "two", "three"]
    assert len(telegram.to(old)) == 1


async def test_a_page_waits_for_no_edit_that_failed(delivery: DeliveryHarness, telegram: FakeTelegram) -> None:
    telegram.failures[TEAM].append(refusal(500, "Internal Server Error"))
    await delivery.owe(TEAM, "taken", action="edit", message_id=7)
    await delivery.owe(TEAM, "also taken", action="edit", message_id=8)
    await delivery.deliver()
    await delivery.owe(TEAM, "another trunk is down", urgency=Urgency.PAGE)
    await delivery.deliver()
    assert [call.text for call in telegram.calls] == ["taken", "another trunk is down"]
    delivery.later(2)
    await delivery.deliver()
    assert [call.text for call in telegram.calls[2:]] == ["taken", "also taken"]


async def test_the_most_urgent_goes_first_and_nothing_before_what_it_answers(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    note = await delivery.owe(TEAM, "a note", urgency=Urgency.DIGEST)
    await delivery.owe(TEAM, "the note is over", about=note, urgency=Urgency.RESOLVE)
    await delivery.owe(TEAM, "taken", action="edit", message_id=7)
    await delivery.owe(TEAM, "down", urgency=Urgency.PAGE)
    await delivery.deliver()
    assert [call.text for call in telegram.calls] == ["down", "taken", "a note", "the note is over"]


async def test_a_page_overtakes_what_waits_for_its_turn(
    delivery: DeliveryHarness, telegram: FakeTelegram, pace: RateLimiter
) -> None:
    pace.pause(TEAM, 1e9)
    await delivery.owe(TEAM, "taken", action="edit", message_id=7)
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.delivery_worker.run(stop))
    await asyncio.sleep(0.1)
    await delivery.owe(TEAM, "down", urgency=Urgency.PAGE)
    delivery.delivery_worker.wake()
    await asyncio.sleep(0.1)
    pace._chats[TEAM].paused_until = 0.0
    await delivery.owe(TEAM, "a note", urgency=Urgency.DIGEST)
    delivery.delivery_worker.wake()
    await eventually(delivery.is_all_sent)
    stop.set()
    await running
    assert [call.text for call in telegram.calls] == ["down", "taken", "a note"]


async def test_the_rate_limit_of_a_chat_is_known_after_a_restart(
    delivery: DeliveryHarness, telegram: FakeTelegram, sender: Sender
) -> None:
    telegram.failures[TEAM].append(refusal(429, "Too Many Requests: retry after 3600", retry_after=3600))
    await delivery.owe(TEAM, "down")
    await delivery.deliver()
    pace = RateLimiter()
    restarted = Sender(sender._bot, delivery.database, sender._renderer, pace)
    delivery.delivery_worker = DeliveryWorker(
        delivery.database, restarted, delivery.delivery_worker._fleet, delivery.clock
    )
    await delivery.owe(TEAM, "down too", urgency=Urgency.PAGE)
    await delivery.owe(OTHERS, "hello")
    stop = asyncio.Event()
    running = asyncio.create_task(delivery.delivery_worker.run(stop))
    await eventually(lambda: bool(telegram.to(OTHERS)))
    stop.set()
    await running
    assert texts(telegram, TEAM) == ["down"]
    with pytest.raises(TryLater) as told:
        await pace.acquire(TEAM, Urgency.PAGE)
    assert told.value.after == pytest.approx(3600, abs=60)


async def test_what_can_never_be_delivered_names_who_is_notified_instead(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    lost: list[tuple[int, str, bool]] = []

    def tell(session: Session, row: Outgoing, reason: str, newly_closed: bool) -> str:
        lost.append((row.chat_id, reason, newly_closed))
        return "Boris"

    delivery.delivery_worker._fleet.on_undeliverable = tell  # type: ignore[method-assign, assignment]
    kicked = "Forbidden: bot was kicked from the supergroup chat"
    telegram.failures[TEAM].extend([refusal(403, kicked), refusal(403, kicked)])
    for text in ("down", "down too"):
        await delivery.owe(TEAM, text)
    await delivery.deliver()
    assert lost == [(TEAM, kicked, True), (TEAM, kicked, False)]
    assert {(row.state, row.error, row.fallback) for row in [await delivery.row(1), await delivery.row(2)]} == {
        ("dead", kicked, "Boris")
    }
    await delivery.owe(TEAM, "let in again")
    await delivery.deliver()
    with delivery.database.begin() as session:
        assert blocked_chats.closed(session) == frozenset()


async def edited_when_blocked(delivery: DeliveryHarness, telegram: FakeTelegram, text: str) -> tuple[int, int]:
    """Deliver a message, then an edit that finds the bot blocked. Returns both rows."""
    alert = await delivery.owe(ANNA, "down")
    await delivery.deliver()
    telegram.failures[ANNA].append(refusal(403, "Forbidden: bot was blocked by the user"))
    edit = await delivery.owe(ANNA, text, action="edit", about=alert)
    await delivery.deliver()
    assert (await delivery.row(edit)).state == "dead"
    return alert, edit


async def test_what_a_message_was_to_show_when_it_was_found_that_the_bot_was_blocked_it_shows_once_it_is_let_in(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    delivery.delivery_worker._outcome._clock = lambda: delivery.now + timedelta(seconds=1)
    await edited_when_blocked(delivery, telegram, "up again")
    delivery.later(60)
    with delivery.database.begin() as session:
        blocked_chats.reopen(session, [ANNA], delivery.now)
    await delivery.deliver()
    assert await delivery.is_all_sent()
    assert [call.text for call in telegram.calls] == ["down", "up again", "up again"]


async def test_what_was_found_out_of_date_when_a_chat_lets_the_bot_in_stays_unsaid(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    alert, old = await edited_when_blocked(delivery, telegram, "taken")
    await delivery.owe(ANNA, "up again", action="edit", about=alert)
    await delivery.deliver()
    assert [call.text for call in telegram.calls] == ["down", "taken", "up again"]
    assert (await delivery.row(old)).state == "dead"


async def test_a_person_who_blocked_the_bot_stops_nobody_else(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[ANNA].append(refusal(403, "Forbidden: bot was blocked by the user"))
    await delivery.owe(ANNA, "hello")
    await delivery.owe(TEAM, "hello")
    await delivery.deliver()
    assert await delivery.states() == ["dead", "sent"]
    assert (await delivery.row(1)).error == "Forbidden: bot was blocked by the user"


async def test_a_message_to_a_topic_that_is_gone_goes_to_general(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(refusal(400, "Bad Request: message thread not found"))
    await delivery.owe(TEAM, "hello", thread_id=5)
    await delivery.deliver()
    first, second = telegram.to(TEAM)
    assert first.parameters["message_thread_id"] == 5
    assert "message_thread_id" not in second.parameters
    assert await delivery.states() == ["sent"]


@pytest.mark.parametrize(("urgency", "shut"), [(Urgency.PAGE, {TEAM}), (Urgency.ANSWER, set())])
async def test_a_closed_general_is_given_up_at_the_first_refusal(
    delivery: DeliveryHarness, telegram: FakeTelegram, urgency: Urgency, shut: set[int]
) -> None:
    async def closed_now() -> set[int]:
        with delivery.database.begin() as session:
            return set(blocked_chats.closed(session))

    telegram.failures[TEAM].append(refusal(400, "Bad Request: TOPIC_CLOSED"))
    await delivery.owe(TEAM, "down", urgency=urgency)
    await delivery.deliver()
    assert await delivery.states() == ["dead"]
    assert await closed_now() == shut
    await delivery.owe(TEAM, "an answer in an open topic", thread_id=5)
    await delivery.deliver()
    assert await closed_now() == shut
    await delivery.owe(TEAM, "General is open again")
    await delivery.deliver()
    assert await closed_now() == set()
    assert len(telegram.to(TEAM)) == 3


async def test_an_edit_waits_for_the_message_it_changes(delivery: DeliveryHarness, telegram: FakeTelegram) -> None:
    alert = await delivery.owe(TEAM, "down", not_before=delivery.now + timedelta(seconds=5))
    await delivery.owe(TEAM, "taken", action="edit", about=alert)
    await delivery.owe(TEAM, "something else")
    await delivery.deliver()
    assert [call.text for call in telegram.calls] == ["something else"]
    delivery.later(5)
    await delivery.deliver()
    (edit,) = telegram.to(TEAM, "editMessageText")
    assert edit.parameters["message_id"] == (await delivery.row(alert)).message_id
    assert [call.text for call in telegram.calls] == ["something else", "down", "taken"]


async def test_an_edit_of_what_never_arrived_is_dropped_and_the_answer_to_it_still_reported(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(refusal(403, "Forbidden: bot was kicked from the supergroup chat"))
    alert = await delivery.owe(TEAM, "down")
    await delivery.owe(TEAM, "over", action="edit", about=alert)
    await delivery.owe(TEAM, "works again", about=alert)
    await delivery.deliver()
    assert await delivery.states() == ["dead", "sent", "sent"]
    assert texts(telegram, TEAM) == ["down", "works again"]
    assert not telegram.to(TEAM, "editMessageText")
    assert "reply_parameters" not in telegram.calls[-1].parameters


async def test_the_end_of_an_incident_answers_its_alert(delivery: DeliveryHarness, telegram: FakeTelegram) -> None:
    alert = await delivery.owe(TEAM, "down")
    await delivery.owe(TEAM, "works again", about=alert, silent=True)
    await delivery.deliver()
    answer = telegram.to(TEAM)[1].parameters
    assert answer["reply_parameters"] == {"message_id": 101, "allow_sending_without_reply": True}
    assert answer["disable_notification"] is True


@pytest.mark.parametrize(
    "description",
    [
        "Bad Request: message to edit not found",
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same",
    ],
)
async def test_an_edit_that_changes_nothing_is_done(
    delivery: DeliveryHarness, telegram: FakeTelegram, description: str
) -> None:
    telegram.failures[TEAM].append(refusal(400, description))
    await delivery.owe(TEAM, "taken", action="edit", message_id=7)
    await delivery.deliver()
    assert await delivery.states() == ["sent"]


async def test_a_lost_answer_to_an_edit_repeats_the_edit_without_a_word(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(garbled())
    await delivery.owe(TEAM, "taken", action="edit", message_id=7)
    await delivery.deliver()
    delivery.later(2)
    await delivery.deliver()
    assert [call.text for call in telegram.to(TEAM, "editMessageText")] == ["taken", "taken"]


async def test_a_secret_is_deleted_when_its_time_is_over(delivery: DeliveryHarness, telegram: FakeTelegram) -> None:
    in_ten_minutes = delivery.now + timedelta(minutes=10)
    await delivery.owe(ANNA, "", action="delete", template="", message_id=7, not_before=in_ten_minutes)
    await delivery.deliver()
    assert not telegram.calls
    delivery.later(600)
    await delivery.deliver()
    (call,) = telegram.to(ANNA, "deleteMessage")
    assert call.parameters["message_id"] == 7
    assert await delivery.states() == ["sent"]


async def test_buttons_carry_an_id_and_a_place_and_nothing_else(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    rows = [[{"label": "I'm on it", "action": "incident.take", "data": {"incident": 3}}]]
    keyboard = keyboards.new_keyboard(TEAM, rows, now=delivery.now, station="")
    await delivery.owe(TEAM, "down", keyboard=keyboard)
    await delivery.deliver()
    (call,) = telegram.calls
    button = {"text": "I'm on it", "callback_data": f"{keyboard.id}:0:0", "style": "success"}
    assert call.parameters["reply_markup"] == {"inline_keyboard": [[button]]}


async def test_the_store_knows_under_which_message_buttons_stand(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    """Also for buttons that an edit adds; for none once the group has become a supergroup."""
    first, second = (keyboards.new_keyboard(TEAM, [], now=delivery.now, station="") for _ in range(2))
    alert = await delivery.owe(TEAM, "down", keyboard=first)
    await delivery.deliver()
    await delivery.owe(TEAM, "down", keyboard=second, action="edit", about=alert)
    await delivery.deliver()

    async def known() -> list[int | None]:
        with delivery.database.begin() as session:
            return [session.get_one(Keyboard, one.id).message_id for one in (first, second)]

    with delivery.database.begin() as session:
        sent = session.get_one(Outgoing, alert).message_id
    assert sent is not None
    assert await known() == [sent, sent]
    with delivery.database.begin() as session:
        supergroups.migrate(session, TEAM, -1009, delivery.now)
    assert await known() == [None, None]


async def test_a_template_whose_markup_is_refused_goes_as_plain_text(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(refusal(400, "Bad Request: can't parse entities: unsupported start tag"))
    await delivery.owe(TEAM, ">down & out", template="mistaken")
    await delivery.deliver()
    second = telegram.to(TEAM)[1]
    assert "parse_mode" not in second.parameters
    assert second.text.endswith("down & out") or second.text.endswith(">down & out")


async def test_a_message_that_cannot_be_made_does_not_hold_up_its_chat_for_ever(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    await delivery.owe(TEAM, "x", template="broken")
    await delivery.owe(TEAM, "hello")
    for _ in range(6):
        await delivery.deliver()
        delivery.later(60)
    assert await delivery.states() == ["dead", "sent"]
    assert texts(telegram, TEAM) == ["hello"]


async def test_a_refused_token_ends_the_delivery_worker_and_loses_nothing(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(refusal(401, "Unauthorized"))
    await delivery.owe(TEAM, "hello")
    with pytest.raises(TokenRefused):
        async with asyncio.timeout(30):
            await delivery.delivery_worker.run(asyncio.Event())
    assert await delivery.states() == ["pending"]
    assert not (await delivery.row(1)).possible_repeat


async def test_what_failed_often_for_other_reasons_is_not_given_up_at_the_first_refusal(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].extend(refusal(502, "Bad Gateway") for _ in range(6))
    telegram.failures[TEAM].append(refusal(400, "Bad Request: CHAT_ADMIN_REQUIRED"))
    await delivery.owe(TEAM, "down")
    for _ in range(8):
        await delivery.deliver()
        delivery.later(60)
    assert await delivery.states() == ["sent"]


async def test_a_message_that_the_program_dies_on_is_made_no_third_time_and_its_chat_is_notified(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    row = await delivery.owe(TEAM, "the trunk is down")
    for _ in range(outbox.MAX_CRASHES):
        await died_while_sending(delivery, row)
    await delivery.deliver()
    (shown,) = texts(telegram, TEAM)
    assert shown.endswith(f"not shown: row {row}")


async def test_a_message_that_can_be_made_survives_any_number_of_kills(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    row = await delivery.owe(TEAM, "the trunk is down")
    for _ in range(5):
        await died_while_sending(delivery, row)
        # It renders, but Telegram refuses it until the next kill.
        telegram.failures[TEAM].append(refusal(429, "Too Many Requests: retry after 1", retry_after=1))
        await delivery.deliver()
        delivery.later(120)
    await delivery.deliver()
    assert "the trunk is down" in texts(telegram, TEAM)[-1]


async def died_while_sending(delivery: DeliveryHarness, row: int) -> None:
    with delivery.database.begin() as session:
        assert outbox.claim(session, row, delivery.now)
        outbox.recover_interrupted(session)
