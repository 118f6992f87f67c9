"""Changes of chat access derived from updates."""

from typing import Any

import pytest

from bot.telegram.chat_access import BlockReason, ChatAccess, block_reason, chat_access


def member(kind: str, status: str, **more: Any) -> dict[str, Any]:
    return {"my_chat_member": {"chat": {"id": 5, "type": kind}, "new_chat_member": {"status": status, **more}}}


@pytest.mark.parametrize(
    ("update", "why"),
    [
        (member("private", "kicked"), BlockReason.BLOCKED),
        (member("group", "left"), BlockReason.REMOVED),
        (member("supergroup", "kicked"), BlockReason.REMOVED),
        (member("channel", "kicked"), BlockReason.REMOVED),
        (member("supergroup", "restricted", can_send_messages=False), BlockReason.MUTED),
    ],
)
def test_who_shuts_the_bot_out(update: dict[str, Any], why: BlockReason) -> None:
    seen = chat_access(update)
    assert seen is not None
    assert seen.blocked is not None
    assert block_reason(seen.blocked) is why


@pytest.mark.parametrize(
    "update",
    [
        member("private", "member"),
        member("supergroup", "member"),
        member("supergroup", "administrator"),
        member("supergroup", "restricted", can_send_messages=True),
        {"message": {"chat": {"id": 5, "type": "private"}, "text": "/start"}},
        {"message": {"chat": {"id": 5, "type": "supergroup"}, "forum_topic_reopened": {}}},
    ],
)
def test_who_lets_the_bot_in(update: dict[str, Any]) -> None:
    assert chat_access(update) == ChatAccess(5, None)


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"chat": {"id": -5, "type": "supergroup"}, "text": "hello"}},
        {"message": {"chat": {"id": -5, "type": "supergroup"}, "message_thread_id": 7, "forum_topic_reopened": {}}},
        {"callback_query": {"id": "1"}},
        {"my_chat_member": "garbage"},
        {"message": {"chat": {"id": "x", "type": "private"}}},
    ],
)
def test_what_says_nothing_of_it(update: dict[str, Any]) -> None:
    assert chat_access(update) is None


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("Forbidden: bot was blocked by the user", BlockReason.BLOCKED),
        ("Forbidden: bot can't initiate conversation with a user", BlockReason.NEVER_STARTED),
        ("Chat not found", BlockReason.UNKNOWN),
        ("Forbidden: the group chat was deleted", BlockReason.DELETED),
    ],
)
def test_what_never_was_is_not_said_to_be_gone(reason: str, why: BlockReason) -> None:
    assert block_reason(reason) is why
