import pytest
from telegram import Bot, BotCommand
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken

from bot.demo.telegram import app, populated
from tests.demo.telegram.standin import ANNA, BORIS, ON_CALL, TOKEN, Inbox, People, ptb, serving


@pytest.mark.parametrize("chat", [424242, -100424242, "@nobody"])
async def test_an_unknown_chat_is_not_found(bot: Bot, chat: int | str) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(chat, "x")


async def test_the_bot_cannot_begin_a_private_chat(bot: Bot, people: People) -> None:
    with pytest.raises(Forbidden, match="Forbidden: bot can't initiate conversation with a user"):
        await bot.send_message(BORIS, "x")
    await people.do("start", **{"as": BORIS})
    assert (await bot.send_message(BORIS, "x")).chat.id == BORIS


async def test_who_blocks_the_bot_hears_no_more_of_it(bot: Bot, people: People, inbox: Inbox) -> None:
    await people.do("block", **{"as": ANNA}, blocked=True)
    with pytest.raises(Forbidden, match="Forbidden: bot was blocked by the user"):
        await bot.send_message(ANNA, "x")
    change = (await inbox.only()).my_chat_member
    assert change is not None
    assert (change.chat.type, change.old_chat_member.status, change.new_chat_member.status) == (
        "private",
        "member",
        "kicked",
    )
    assert (await people.refused("send", **{"as": ANNA}, chat=ANNA, text="x")) == (400, "you have blocked the bot")
    await people.do("start", **{"as": ANNA})
    back, started = await inbox.read()
    assert back.my_chat_member is not None
    assert back.my_chat_member.new_chat_member.status == "member"
    assert started.message is not None
    assert started.message.text == "/start"


@pytest.mark.parametrize(
    ("kind", "status", "complaint"),
    [
        ("supergroup", "kicked", "Forbidden: bot was kicked from the supergroup chat"),
        ("group", "kicked", "Forbidden: bot was kicked from the group chat"),
        ("group", "left", "Forbidden: bot is not a member of the group chat"),
    ],
)
async def test_a_bot_that_was_put_out_cannot_write(
    bot: Bot, people: People, kind: str, status: str, complaint: str
) -> None:
    chat = await people.do("chats", title="Old friends", type=kind, creator=ANNA, members=[BORIS])
    await people.do("members", by=ANNA, chat=chat["id"], user=bot.id, status=status)
    with pytest.raises(Forbidden, match=complaint):
        await bot.send_message(chat["id"], "x")


async def test_a_group_that_became_a_supergroup_names_its_new_id(bot: Bot, people: People, inbox: Inbox) -> None:
    old = (await people.do("chats", title="Team", type="group", creator=ANNA, members=[BORIS]))["id"]
    for number in range(3):
        await people.write(BORIS, old, f"/x{number}")
    await inbox.read()
    new = (await people.do("migrate", chat=old))["new_id"]
    with pytest.raises(ChatMigrated) as error:
        await bot.send_message(old, "x")
    assert error.value.new_chat_id == new
    to, origin = [update.message for update in await inbox.read()]
    assert to is not None
    assert origin is not None
    assert (to.chat.id, to.migrate_to_chat_id, origin.chat.id, origin.migrate_from_chat_id) == (old, new, new, old)
    assert (await bot.send_message(new, "hello again")).id == 2
    state = await people.look("state", **{"as": BORIS})
    assert [chat["id"] for chat in state["chats"] if chat["title"] == "Team"] == [new]


async def test_a_token_that_is_not_the_bots_is_unauthorized() -> None:
    async with serving(app(populated(TOKEN))) as address:
        async with ptb(address) as right:
            assert right.id == int(TOKEN.split(":")[0])
        stranger = ptb(address, "123:" + "B" * 35)
        with pytest.raises(InvalidToken, match="Unauthorized"):
            await stranger.get_me()
        malformed = ptb(address, "123:short")
        with pytest.raises(InvalidToken, match="Not Found"):
            await malformed.get_me()
        for one in (stranger, malformed):
            await one.request.shutdown()


async def test_an_unknown_method_is_not_found(people: People) -> None:
    answer = await people.http.get(f"/bot{TOKEN}/sendMoney")
    assert (answer.status_code, answer.json()) == (404, {"ok": False, "error_code": 404, "description": "Not Found"})


async def test_a_colon_in_the_token_may_come_escaped_and_parameters_as_json(people: People) -> None:
    path = f"/bot{TOKEN.replace(':', '%3A')}/sendMessage"
    answer = await people.http.post(path, json={"chat_id": ON_CALL, "text": "hello"})
    assert answer.json()["result"]["text"] == "hello"
    complaint = (await people.http.post(path, json={"text": "hello"})).json()
    assert complaint == {"ok": False, "error_code": 400, "description": "Bad Request: chat_id is empty"}


async def test_what_telegram_takes_of_one_text(bot: Bot) -> None:
    """The raw limit is 32,768 bytes; half a surrogate pair is refused; after a hundred entities the rest is plain."""
    with pytest.raises(BadRequest, match="Text is too long"):
        await bot.send_message(ANNA, "<b>" + "x" * 40 + "</b>" + "&amp;" * 6600, parse_mode="HTML")
    with pytest.raises(BadRequest, match="Strings must be encoded in utf-8"):
        await bot.send_message(ANNA, "a&#xD800;", parse_mode="HTML")
    sent = await bot.send_message(ANNA, "<b>x</b> " * 120, parse_mode="HTML")
    assert len(sent.entities) == 100


async def test_in_private_there_are_no_topics(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(ANNA, "x", message_thread_id=5)


async def test_whoever_never_started_the_bot_is_no_chat_and_whoever_blocked_it_still_is(
    bot: Bot, people: People
) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.get_chat(BORIS)
    await people.do("block", **{"as": ANNA}, blocked=True)
    assert (await bot.get_chat(ANNA)).first_name == "Anna"


async def test_a_menu_may_not_be_too_long_as_a_whole(bot: Bot) -> None:
    await bot.set_my_commands([BotCommand(f"c{number}", "x" * 250) for number in range(16)])
    with pytest.raises(BadRequest, match="Bot_commands_too_much"):
        await bot.set_my_commands([BotCommand(f"c{number}", "x" * 250) for number in range(20)])
