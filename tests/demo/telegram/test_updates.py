import asyncio

import pytest
from telegram import Bot, ChatMemberAdministrator, ChatMemberOwner, Message, Update
from telegram.error import Conflict

from tests.demo.telegram.standin import ANNA, BORIS, OFFICE, ON_CALL, SAM, VERA, Clock, Inbox, People

EVERYTHING = ["message", "edited_message", "channel_post", "callback_query", "my_chat_member", "chat_member"]


def message_of(update: Update) -> Message:
    assert update.message is not None
    return update.message


async def test_a_long_poll_ends_when_somebody_writes(bot: Bot, people: People, inbox: Inbox) -> None:
    poll = asyncio.create_task(inbox.read(seconds=20))
    await asyncio.sleep(0.05)
    assert not poll.done()
    await people.write(ANNA, ANNA, "/status 202")
    message = message_of((await asyncio.wait_for(poll, 30))[0])
    assert (message.text, message.chat.id, message.chat.type) == ("/status 202", ANNA, "private")
    assert message.from_user is not None
    assert (message.from_user.full_name, message.from_user.language_code) == ("Anna Ivanova", "en")
    assert message.parse_entities() == {message.entities[0]: "/status"}


async def test_an_update_stays_until_a_higher_offset_confirms_it(bot: Bot, people: People) -> None:
    for text in ("/a", "/b", "/c"):
        await people.write(ANNA, ANNA, text)
    first, second, third = await bot.get_updates(offset=0)
    assert [second.update_id, third.update_id] == [first.update_id + 1, first.update_id + 2]
    assert [update.update_id for update in await bot.get_updates(limit=1)] == [first.update_id]
    assert await bot.get_updates(offset=second.update_id) == (second, third)
    assert await bot.get_updates(offset=-1) == (third,)
    assert await bot.get_updates(offset=third.update_id + 1) == ()


async def test_the_older_of_two_polls_is_ended_with_a_conflict(bot: Bot, people: People) -> None:
    older = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.05)
    newer = asyncio.create_task(people.http.post(f"/bot{bot.token}/getUpdates", data={"timeout": "20"}, timeout=5))
    with pytest.raises(Conflict, match="terminated by other getUpdates request; make sure that only one bot instance"):
        await older
    await people.write(ANNA, ANNA, "/status")
    assert len((await newer).json()["result"]) == 1


async def test_the_filter_counts_when_the_update_is_made(bot: Bot, people: People, inbox: Inbox) -> None:
    await people.write(ANNA, ANNA, "before")
    await bot.get_updates(allowed_updates=["edited_message"])
    hers = await people.write(ANNA, ANNA, "unwanted")
    await people.do("edit", **{"as": ANNA}, chat=ANNA, message=hers, text="wanted")
    before, edited = await inbox.read()
    assert message_of(before).text == "before"
    assert edited.edited_message is not None
    assert edited.edited_message.text == "wanted"


async def test_after_a_day_nobody_tells_the_bot_any_more(people: People, inbox: Inbox, clock: Clock) -> None:
    await people.write(ANNA, ANNA, "/old", age=24 * 3600 + 1)
    await people.write(ANNA, ANNA, "/late", age=23 * 3600)
    late = message_of(await inbox.only())
    assert late.text == "/late"
    assert late.date.timestamp() == pytest.approx(clock() - 23 * 3600, abs=3)
    await people.write(ANNA, ANNA, "/today")
    clock.pass_by(24 * 3600 + 1)
    assert await inbox.read() == []


async def test_every_kind_of_change_in_a_group_can_be_parsed(bot: Bot, people: People, inbox: Inbox) -> None:
    await inbox.read(allowed=EVERYTHING)
    chat = (await people.do("chats", title="New", type="supergroup", creator=ANNA, members=[BORIS], forum=True))["id"]
    added, service = await inbox.read()
    assert added.my_chat_member is not None
    assert (added.my_chat_member.old_chat_member.status, added.my_chat_member.new_chat_member.status) == (
        "left",
        "member",
    )
    assert message_of(service).new_chat_members[0].id == bot.id
    await people.do("members", by=ANNA, chat=chat, user=bot.id, status="administrator")
    promoted = (await inbox.only()).my_chat_member
    assert promoted is not None
    assert isinstance(promoted.new_chat_member, ChatMemberAdministrator)
    await people.do("members", by=ANNA, chat=chat, user=SAM, status="member")
    joined, service = await inbox.read()
    assert joined.chat_member is not None
    assert joined.chat_member.new_chat_member.user.id == SAM
    for status in ("restricted", "kicked"):
        await people.do("members", by=ANNA, chat=chat, user=SAM, status=status)
    restricted, service, kicked = await inbox.read()
    assert restricted.chat_member is not None
    assert restricted.chat_member.new_chat_member.status == "restricted"
    assert message_of(service).left_chat_member is not None
    assert kicked.chat_member is not None
    topic = (await people.do("topics", chat=chat, name="Trunks"))["id"]
    await people.do("topics", chat=chat, id=topic, closed=True)
    await people.do("topics", chat=chat, id=topic, closed=False)
    opened, closed, reopened = [message_of(update) for update in await inbox.read()]
    assert opened.forum_topic_created is not None
    assert (opened.forum_topic_created.name, opened.id, opened.message_thread_id) == ("Trunks", topic, topic)
    assert closed.forum_topic_closed is not None
    assert reopened.forum_topic_reopened is not None
    await people.do("members", by=ANNA, chat=chat, user=bot.id, status="kicked")
    out = (await inbox.only()).my_chat_member
    assert out is not None
    assert out.new_chat_member.status == "kicked"


async def test_a_message_in_a_topic_looks_like_a_reply_to_its_opening(people: People, inbox: Inbox) -> None:
    telephony = (await people.chat(ANNA, OFFICE))["topics"][1]["id"]
    await people.write(ANNA, OFFICE, "/status", thread=telephony)
    await people.write(ANNA, OFFICE, "/status", thread=1)
    inside, general = [message_of(update) for update in await inbox.read()]
    assert (inside.message_thread_id, inside.is_topic_message) == (telephony, True)
    assert inside.reply_to_message is not None
    assert inside.reply_to_message.forum_topic_created is not None
    assert (general.message_thread_id, general.reply_to_message) == (None, None)


async def test_with_privacy_on_the_bot_hears_only_what_is_meant_for_it(bot: Bot, people: People, inbox: Inbox) -> None:
    own = await bot.send_message(ON_CALL, "hello")
    for text in ("chatter", "@mikopbx_demo_bot hi", "/other@another_bot", "see /status", "/status"):
        await people.write(BORIS, ON_CALL, text)
    await people.write(BORIS, ON_CALL, "/calls@MikoPBX_demo_bot")
    await people.write(BORIS, ON_CALL, "thanks", reply_to=own.id)
    assert [message_of(update).text for update in await inbox.read()] == [
        "/status",
        "/calls@MikoPBX_demo_bot",
        "thanks",
    ]
    await people.do("privacy", enabled=False)
    await people.write(BORIS, ON_CALL, "chatter")
    assert message_of(await inbox.only()).text == "chatter"


async def test_an_administrator_bot_hears_everything(bot: Bot, people: People, inbox: Inbox) -> None:
    await people.do("members", by=ANNA, chat=ON_CALL, user=bot.id, status="administrator")
    await people.write(BORIS, ON_CALL, "chatter")
    assert message_of((await inbox.read())[-1]).text == "chatter"


async def test_an_anonymous_administrator_writes_as_the_group(people: People, inbox: Inbox) -> None:
    await people.do("members", by=ANNA, chat=ON_CALL, user=BORIS, status="administrator", anonymous=True)
    await people.write(BORIS, ON_CALL, "/status")
    message = message_of(await inbox.only())
    assert message.from_user is not None
    assert (message.from_user.id, message.from_user.is_bot) == (1087968824, True)
    assert message.sender_chat is not None
    assert message.sender_chat.id == ON_CALL


async def test_forged_senders_are_shown_as_telegram_shows_them(people: People, inbox: Inbox) -> None:
    forgeries: list[dict[str, object]] = [
        {"via_bot": True},
        {"forwarded": True},
        {"sender_chat": -1005},
        {"automatic_forward": True},
        {"from_bot": True},
    ]
    for forge in forgeries:
        await people.write(VERA, ON_CALL, "/status", forge=forge)
    via, forwarded, channel, automatic, robot = [message_of(update) for update in await inbox.read()]
    assert via.via_bot is not None
    assert forwarded.forward_origin is not None
    assert channel.sender_chat is not None
    assert channel.from_user is not None
    assert (channel.sender_chat.id, channel.from_user.id) == (-1005, 136817688)
    assert (automatic.is_automatic_forward, automatic.from_user and automatic.from_user.id) == (True, 777000)
    assert robot.from_user is not None
    assert robot.from_user.is_bot


async def test_a_post_in_a_channel_has_no_person(bot: Bot, people: People, inbox: Inbox) -> None:
    channel = (await people.do("chats", title="News", type="channel", creator=ANNA, members=[]))["id"]
    await inbox.read()
    await people.write(ANNA, channel, "news")
    post = (await inbox.only()).channel_post
    assert post is not None
    assert (post.text, post.from_user) == ("news", None)
    assert (await bot.send_message(channel, "more news")).sender_chat is not None


async def test_the_bot_can_ask_who_is_in_a_chat(bot: Bot, people: People) -> None:
    await people.do("members", by=ANNA, chat=ON_CALL, user=BORIS, status="administrator")
    owner, admin = await bot.get_chat_administrators(ON_CALL)
    assert isinstance(owner, ChatMemberOwner)
    assert (owner.user.id, admin.user.id) == (ANNA, BORIS)
    statuses = [(await bot.get_chat_member(ON_CALL, user)).status for user in (VERA, SAM, bot.id)]
    assert statuses == ["member", "left", "member"]
    assert await bot.get_chat_member_count(ON_CALL) == 4
    assert ((await bot.get_chat(ON_CALL)).title, (await bot.get_chat(ANNA)).first_name) == ("PBX on call", "Anna")
    assert await bot.leave_chat(ON_CALL)
    assert (await people.messages(ANNA, ON_CALL))[-1]["service"] == "MikoPBX left"
