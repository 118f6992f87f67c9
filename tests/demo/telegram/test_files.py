import struct
import zlib
from datetime import timedelta

import pytest
from telegram import Bot, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.error import BadRequest, NetworkError

from bot.demo.telegram import Telegram
from tests.demo.telegram.standin import ANNA, BORIS, ON_CALL, Inbox, People


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return b"\x89PNG\r\n\x1a\n" + chunk


async def test_a_document_travels_both_ways_with_its_bytes(bot: Bot, people: People, inbox: Inbox) -> None:
    content = bytes(range(256)) * 10
    sent = await bot.send_document(ANNA, content, caption="<b>Calls</b>", filename="calls.xlsx", parse_mode="HTML")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size, sent.caption) == ("calls.xlsx", 2560, "Calls")
    assert [one.type for one in sent.caption_entities] == ["bold"]
    assert bytes(await (await sent.document.get_file()).download_as_bytearray()) == content
    (shown,) = await people.messages(ANNA, ANNA)
    assert (shown["document"]["name"], shown["caption"], shown["text"]) == ("calls.xlsx", "Calls", "")
    fetched = await people.http.get(shown["document"]["url"])
    assert (fetched.content, fetched.headers["content-disposition"]) == (content, "attachment")
    form = {"as": str(ANNA), "chat": str(ANNA), "caption": "mine"}
    await people.http.post("/client/upload", data=form, files={"file": ("list.csv", b"243,John", "text/csv")})
    message = (await inbox.only()).message
    assert message is not None
    assert message.document is not None
    assert (message.caption, message.document.mime_type) == ("mine", "text/csv")
    assert bytes(await (await message.document.get_file()).download_as_bytearray()) == b"243,John"


async def test_a_file_can_be_sent_again_by_its_id(bot: Bot) -> None:
    first = await bot.send_document(ANNA, b"x", filename="a.txt")
    assert first.document is not None
    second = await bot.send_document(ON_CALL, first.document.file_id)
    assert second.document == first.document
    with pytest.raises(BadRequest, match="Wrong remote file identifier specified"):
        await bot.send_document(ON_CALL, "nonsense")


async def test_a_photo_must_be_a_picture(bot: Bot, people: People) -> None:
    sent = await bot.send_photo(ANNA, png(640, 480), caption="chart")
    assert [(one.width, one.height) for one in sent.photo] == [(640, 480)]
    (shown,) = await people.messages(ANNA, ANNA)
    assert (await people.http.get(shown["photo"]["url"])).headers["content-type"] == "application/octet-stream"
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(ANNA, b"no picture")


async def test_sound_is_sent_as_audio_or_voice(bot: Bot) -> None:
    audio, voice = await bot.send_audio(ANNA, b"mp3", filename="call.mp3"), await bot.send_voice(ANNA, b"ogg")
    assert audio.audio is not None
    assert voice.voice is not None
    assert (audio.audio.file_name, voice.voice.file_size) == ("call.mp3", 3)


async def test_a_sound_has_its_length_and_name_and_is_played_by_the_page(bot: Bot, people: People) -> None:
    sent = await bot.send_audio(
        ANNA, b"mp3" * 99, filename="call.mp3", duration=75, title="Call of 10:00", performer="202", caption="<i>a</i>"
    )
    assert sent.audio is not None
    assert (sent.audio.duration, sent.audio.title, sent.audio.performer) == (
        timedelta(seconds=75),
        "Call of 10:00",
        "202",
    )
    assert bytes(await (await sent.audio.get_file()).download_as_bytearray()) == b"mp3" * 99
    (shown,) = await people.messages(ANNA, ANNA)
    assert (shown["document"], shown["photo"], shown["audio"]["duration"]) == (None, None, 75)
    played = await people.http.get(shown["audio"]["url"])
    assert (played.headers["content-type"], played.headers["content-disposition"]) == ("audio/mpeg", "inline")


async def test_a_page_that_calls_itself_a_sound_is_only_saved(bot: Bot, people: People) -> None:
    sent = await bot.send_audio(ANNA, b"<script>", filename="call.html")
    assert (sent.audio, sent.document is not None) == (None, True)
    (shown,) = await people.messages(ANNA, ANNA)
    saved = await people.http.get(shown["document"]["url"])
    assert (saved.headers["content-type"], saved.headers["content-disposition"]) == (
        "application/octet-stream",
        "attachment",
    )


async def test_a_document_with_buttons_gets_another_caption(bot: Bot) -> None:
    button = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go")]])
    sent = await bot.send_document(ANNA, b"x", caption="<b>3</b> rows", parse_mode="HTML", reply_markup=button)
    assert sent.reply_markup == button
    edited = await bot.edit_message_caption(ANNA, sent.id, caption="<i>done</i>", parse_mode="HTML")
    assert isinstance(edited, Message)
    assert (edited.caption, [one.type for one in edited.caption_entities]) == ("done", ["italic"])
    assert (edited.reply_markup, edited.document) == (None, sent.document)


async def test_the_caption_of_a_file_can_be_a_command(bot: Bot, people: People, inbox: Inbox) -> None:
    async def hand_in(caption: str, **more: str) -> None:
        form = {"as": str(BORIS), "chat": str(ON_CALL), "caption": caption} | more
        sent = await people.http.post("/client/upload", data=form, files={"file": ("a.csv", b"1", "text/csv")})
        assert sent.status_code == 200

    question = await bot.send_message(ON_CALL, "Which file?")
    await hand_in("/import 243")
    await hand_in("look at this")
    await hand_in("/import@another_bot")
    await hand_in("this one", reply_to=str(question.id))
    await people.write(BORIS, ON_CALL, "hello")
    await people.write(BORIS, ON_CALL, "to you", reply_to=question.id)
    command, answer, words = [update.effective_message for update in await inbox.read()]
    assert command is not None
    assert answer is not None
    assert words is not None
    assert (command.caption, command.text) == ("/import 243", None)
    assert command.parse_caption_entities(["bot_command"]) == {command.caption_entities[0]: "/import"}
    assert (answer.caption, words.text) == ("this one", "to you")
    assert answer.reply_to_message is not None
    assert answer.document is not None


async def test_a_reply_can_be_forced(bot: Bot, people: People) -> None:
    hers = await people.write(ANNA, ON_CALL, "/new")
    force = ForceReply(selective=True, input_field_placeholder="Name")
    sent = await bot.send_message(ON_CALL, "What name?", reply_to_message_id=hers, reply_markup=force)
    assert sent.reply_markup is None
    shown = (await people.messages(ANNA, ON_CALL))[-1]
    assert shown["force_reply"] == {"selective": True, "placeholder": "Name"}
    with pytest.raises(BadRequest, match="Inline keyboard expected"):
        await bot.edit_message_text("What?", ON_CALL, sent.id, reply_markup=force)  # type: ignore[arg-type]


async def test_captions_are_short_and_their_texts_cannot_be_edited_as_texts(bot: Bot, people: People) -> None:
    await people.do("limits", enforced=False)
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_document(ANNA, b"x", caption="x" * 1025)
    sent = await bot.send_document(ANNA, b"x", caption="x" * 1024)
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("text", ANNA, sent.id)
    edited = await bot.edit_message_caption(ANNA, sent.id, caption="short")
    assert isinstance(edited, Message)
    assert edited.caption == "short"


async def test_files_have_limits(bot: Bot, people: People, world: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.demo.telegram.files.UPLOAD_LIMIT", 100)
    monkeypatch.setattr("bot.demo.telegram.bot_api.bot_methods.DOWNLOAD_LIMIT", 50)
    with pytest.raises(NetworkError, match=r"Request Entity Too Large"):
        await bot.send_document(ANNA, b"x" * 101)
    with pytest.raises(BadRequest, match="File must be non-empty"):
        await bot.send_document(ANNA, b"")
    sent = await bot.send_document(ANNA, b"x" * 51)
    assert sent.document is not None
    with pytest.raises(BadRequest, match="File is too big"):
        await sent.document.get_file()


async def test_a_file_that_is_not_there_is_not_found(people: People, bot: Bot) -> None:
    for path in ("/client/file/nothing", f"/file/bot{bot.token.replace(':', '%3A')}/documents/nothing"):
        assert (await people.http.get(path)).status_code == 404
