"""Messages in private that are not read are answered all the same; in groups they are people's own."""

from typing import Any

import pytest

from bot.access.policy import Permission
from tests.handlers.dispatcher_harness import ANNA, GROUP, DispatcherHarness
from tests.handlers.update_factory import message

PHOTO: dict[str, Any] = {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]}
VOICE = {"voice": {"file_id": "f", "file_unique_id": "u", "duration": 2}}
STICKER = {
    "sticker": {
        "file_id": "f",
        "file_unique_id": "u",
        "width": 9,
        "height": 9,
        "type": "regular",
        "is_animated": False,
        "is_video": False,
    }
}
PERSON = {"id": ANNA, "is_bot": False, "first_name": "Anna"}
FORWARDED = {"forward_origin": {"type": "user", "date": 1, "sender_user": PERSON}}
STRANGER = 999


async def sends(harness: DispatcherHarness, text: str, chat: int, person: int = ANNA, **more: Any) -> list[str]:
    """Return the templates of the answers."""
    before = len(harness.chat.said)
    sent = message(text, person, chat, harness.now) | more
    if not text:
        del sent["text"], sent["entities"]
    await harness.takes({"edited_message" if "edit_date" in more else "message": sent})
    return [said[1] for said in harness.chat.said[before:]]


@pytest.fixture
def known(harness: DispatcherHarness) -> DispatcherHarness:
    harness.offers("status", Permission.STATUS_READ)
    return harness


@pytest.mark.parametrize(
    ("text", "more", "answer"),
    [
        ("", PHOTO, "media_not_read"),
        ("", VOICE, "media_not_read"),
        ("", STICKER, "media_not_read"),
        ("hello", FORWARDED, "forwarded_not_read"),
        ("/status", FORWARDED, "forwarded_not_read"),
        ("", PHOTO | FORWARDED, "forwarded_not_read"),
        ("hello", {"edit_date": 5}, "edited_not_read"),
    ],
)
async def test_what_is_not_read_in_private_is_answered(
    known: DispatcherHarness, text: str, more: dict[str, Any], answer: str
) -> None:
    assert await sends(known, text, ANNA, **more) == [answer]


async def test_an_album_is_answered_once(known: DispatcherHarness) -> None:
    assert await sends(known, "", ANNA, **PHOTO, media_group_id="1") == ["media_not_read"]
    assert await sends(known, "", ANNA, **PHOTO, media_group_id="1") == []
    assert await sends(known, "", ANNA, **PHOTO, media_group_id="2") == ["media_not_read"]


@pytest.mark.parametrize("more", [PHOTO, FORWARDED, {"edit_date": 5}])
async def test_in_a_group_and_to_a_stranger_there_is_silence(known: DispatcherHarness, more: dict[str, Any]) -> None:
    text = "" if "photo" in more else "hello"
    assert await sends(known, text, GROUP, **more) == []
    assert await sends(known, text, STRANGER, STRANGER, **more) == []


async def test_what_telegram_itself_tells_is_no_message(known: DispatcherHarness) -> None:
    assert await sends(known, "", ANNA, message_auto_delete_timer_changed={"message_auto_delete_time": 60}) == []
