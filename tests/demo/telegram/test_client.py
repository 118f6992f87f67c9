import asyncio

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    BotCommandScopeChatMember,
    Message,
)

from tests.demo.telegram.standin import ANNA, BORIS, OFFICE, ON_CALL, SAM, VERA, Inbox, People


async def test_each_person_sees_the_chats_that_person_is_in(people: People) -> None:
    state = await people.look("state", **{"as": ANNA})
    assert [chat["id"] for chat in state["chats"]] == [ANNA, ON_CALL, OFFICE]
    assert (state["me"]["first_name"], state["bot"]["username"]) == ("Anna", "mikopbx_demo_bot")
    assert [person["id"] for person in state["people"]] == [ANNA, BORIS, VERA, SAM]
    assert (await people.look("state", **{"as": SAM}))["chats"] == []
    office = await people.chat(BORIS, OFFICE)
    assert (office["is_forum"], [topic["name"] for topic in office["topics"]]) == (True, ["General", "Telephony"])
    assert {member["status"] for member in office["members"]} == {"creator", "member"}


async def test_waiting_ends_with_the_next_change(bot: Bot, people: People) -> None:
    seq = (await people.look("state", **{"as": ANNA}))["seq"]
    assert (await people.look("wait", after=seq, timeout=0))["seq"] == seq
    waiting = asyncio.create_task(people.look("wait", after=seq, timeout=20))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await bot.send_message(ANNA, "news")
    assert (await asyncio.wait_for(waiting, 30))["seq"] > seq
    assert (await people.look("wait", after=seq + 1000, timeout=20))["seq"] > seq


async def test_who_is_not_in_a_chat_cannot_write_there(people: People) -> None:
    assert await people.refused("send", **{"as": SAM}, chat=ON_CALL, text="x") == (
        403,
        "Sam Miller is not in this chat",
    )
    assert (await people.refused("send", **{"as": SAM}, chat=ANNA, text="x"))[0] == 404
    assert (await people.refused("send", **{"as": 5}, chat=ON_CALL, text="x"))[0] == 404
    assert (await people.refused("send", **{"as": ANNA}, chat=ON_CALL, text=" "))[0] == 400
    await people.do("members", by=ANNA, chat=ON_CALL, user=BORIS, status="kicked")
    assert (await people.refused("send", **{"as": BORIS}, chat=ON_CALL, text="x"))[0] == 403


async def test_people_edit_delete_and_forward(people: People, inbox: Inbox) -> None:
    hers = await people.write(ANNA, ON_CALL, "/status")
    assert (await people.refused("edit", **{"as": BORIS}, chat=ON_CALL, message=hers, text="x"))[0] == 403
    await people.do("edit", **{"as": ANNA}, chat=ON_CALL, message=hers, text="/calls")
    await people.do("forward", **{"as": BORIS}, from_chat=ON_CALL, message=hers, to_chat=ON_CALL)
    sent, edited, forwarded = await inbox.read()
    assert sent.message is not None
    assert edited.edited_message is not None
    assert edited.edited_message.edit_date is not None
    assert forwarded.message is not None
    assert forwarded.message.forward_origin is not None
    assert (await people.messages(VERA, ON_CALL))[-1]["forwarded_from"] == "Anna Ivanova"
    await people.do("delete", **{"as": ANNA}, chat=ON_CALL, message=hers)
    assert hers not in [message["id"] for message in await people.messages(ANNA, ON_CALL)]
    assert await inbox.read() == []


async def test_protected_messages_stay_where_they_are(bot: Bot, people: People) -> None:
    secret = await bot.send_message(ANNA, "secret", protect_content=True)
    assert (await people.refused("forward", **{"as": ANNA}, from_chat=ANNA, message=secret.id, to_chat=ON_CALL))[
        0
    ] == 403


async def test_a_deep_link_starts_the_chat_with_its_payload(people: People, inbox: Inbox) -> None:
    await people.do("start", **{"as": SAM}, payload="abc")
    message: Message | None = (await inbox.only()).message
    assert message is not None
    assert (message.text, message.chat.id) == ("/start abc", SAM)
    assert [chat["id"] for chat in (await people.look("state", **{"as": SAM}))["chats"]] == [SAM]


async def test_nobody_but_administrators_writes_in_a_closed_topic(people: People, inbox: Inbox) -> None:
    telephony = (await people.chat(ANNA, OFFICE))["topics"][1]["id"]
    await people.do("topics", chat=OFFICE, id=telephony, closed=True)
    assert (await people.refused("send", **{"as": BORIS}, chat=OFFICE, thread=telephony, text="/x"))[0] == 403
    await people.write(ANNA, OFFICE, "/x", thread=telephony)
    closed, hers = [update.message for update in await inbox.read()]
    assert closed is not None
    assert closed.forum_topic_closed is not None
    assert hers is not None
    assert hers.message_thread_id == telephony


async def test_the_most_specific_menu_is_offered(bot: Bot, people: People) -> None:
    async def offered(who: int, chat: int) -> list[str]:
        return [one["command"] for one in (await people.look("state", **{"as": who}, chat=chat))["commands"]]

    async def menu(name: str, scope: object = None, language: str | None = None) -> None:
        await bot.set_my_commands([BotCommand(name, name)], scope, language)  # type: ignore[arg-type]

    await menu("everywhere")
    assert (await offered(BORIS, ON_CALL), await offered(ANNA, ANNA)) == (["everywhere"], ["everywhere"])
    await menu("private", BotCommandScopeAllPrivateChats())
    await menu("groups", BotCommandScopeAllGroupChats())
    await menu("russian", BotCommandScopeAllGroupChats(), "ru")
    assert (await offered(ANNA, ON_CALL), await offered(BORIS, ON_CALL)) == (["groups"], ["russian"])
    assert await offered(ANNA, ANNA) == ["private"]
    await menu("here", BotCommandScopeChat(ON_CALL))
    await menu("admins", BotCommandScopeChatAdministrators(ON_CALL))
    await menu("boris", BotCommandScopeChatMember(ON_CALL, BORIS))
    who = [await offered(one, ON_CALL) for one in (ANNA, BORIS, VERA)]
    assert who == [["admins"], ["boris"], ["here"]]
    assert [one.command for one in await bot.get_my_commands(BotCommandScopeChat(ON_CALL))] == ["here"]
    await bot.delete_my_commands(BotCommandScopeChat(ON_CALL))
    assert await offered(VERA, ON_CALL) == ["russian"]


async def test_the_page_and_its_parts_are_served(people: People) -> None:
    page = await people.http.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (await people.http.get("/static/api.js")).status_code == 200
    config = (await people.http.get("/client/config")).json()
    assert (config["pbxs"], config["roles"], config["title"]) == ({}, {}, "Telegram stand-in")
    assert (await people.http.get("/client/nonsense")).status_code == 404


async def test_the_log_never_has_the_token(bot: Bot, people: People) -> None:
    await bot.set_my_description("A bot for MikoPBX")
    assert (await bot.get_my_description()).description == "A bot for MikoPBX"
    answer = await people.http.get("/client/log")
    calls = answer.json()["calls"]
    assert [call["method"] for call in calls] == ["getMe", "setMyDescription", "getMyDescription"]
    assert bot.token not in answer.text
    assert (await people.look("log", after=calls[1]["seq"]))["calls"] == calls[2:]
