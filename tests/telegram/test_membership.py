"""Chat membership: Telegram's answer cached for a minute, updates applied at once, None when unknown."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telegram import ChatMember, ChatMemberAdministrator, ChatMemberOwner, User
from telegram.error import BadRequest, Forbidden, TelegramError, TimedOut

from bot.telegram.membership import CACHE_TIMEOUT, Membership

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
GROUP, BORIS = -100, 2
USER = {"id": BORIS, "is_bot": False, "first_name": "Boris"}
STATUSES: dict[str, tuple[dict[str, Any], bool]] = {
    "creator": ({"is_anonymous": False}, True),
    "member": ({}, True),
    "restricted": ({"is_member": True}, True),
    "left": ({}, False),
    "kicked": ({"until_date": 0}, False),
}
RIGHTS = dict.fromkeys(
    (
        *("can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos"),
        *("can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages"),
        *("can_add_web_page_previews", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics"),
        *("can_react_to_messages", "can_edit_tag"),
    ),
    False,
)


def member(status: str, **more: Any) -> ChatMember:
    fields: dict[str, Any] = {"status": status, "user": USER} | more
    if status == "restricted":
        fields |= RIGHTS | {"until_date": 0}
    return ChatMember.de_json(fields, None)


class Asked:
    """Replacement of the bot: returns the answers in order, and counts the calls."""

    def __init__(self, *answers: ChatMember | TelegramError | Callable[[], Awaitable[ChatMember]]) -> None:
        self.answers = list(answers)
        self.times = 0

    async def get_chat_member(self, _chat: int, _person: int, **_: Any) -> ChatMember:
        self.times += 1
        answer = self.answers.pop(0)
        if isinstance(answer, TelegramError):
            raise answer
        return answer if isinstance(answer, ChatMember) else await answer()


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


def membership(asked: Asked, clock: Callable[[], datetime] | None = None) -> Membership:
    return Membership(asked, clock or Clock())  # type: ignore[arg-type]


def told(old: str, new: str, **more: Any) -> dict[str, Any]:
    change = {
        "chat": {"id": GROUP, "type": "supergroup"},
        "from": USER,
        "date": 0,
        "old_chat_member": {"status": old, "user": USER, "until_date": 0},
        "new_chat_member": {"status": new, "user": USER, "until_date": 0, **more},
    }
    return {"update_id": 1, "chat_member": change}


def service(**news: Any) -> dict[str, Any]:
    message = {"message_id": 1, "date": 0, "chat": {"id": GROUP, "type": "supergroup"}, **news}
    return {"update_id": 1, "message": message}


@pytest.mark.parametrize("status", STATUSES)
async def test_telegrams_word_counts(status: str) -> None:
    more, is_in = STATUSES[status]
    assert await membership(Asked(member(status, **more))).is_member(GROUP, BORIS) is is_in


async def test_who_may_not_write_and_left_is_not_in_it() -> None:
    assert await membership(Asked(member("restricted", is_member=False))).is_member(GROUP, BORIS) is False


async def test_after_the_clock_was_set_back_telegram_is_asked_again() -> None:
    asked, clock = Asked(member("member"), member("left")), Clock()
    members = membership(asked, clock)
    assert await members.is_member(GROUP, BORIS)
    clock.now = NOW - timedelta(hours=3)
    assert not await members.is_member(GROUP, BORIS)


async def test_it_is_remembered_for_a_minute() -> None:
    clock, asked = Clock(), Asked(member("member"), member("left"))
    known = membership(asked, clock)
    assert await known.is_member(GROUP, BORIS)
    clock.now += CACHE_TIMEOUT - timedelta(seconds=1)
    assert await known.is_member(GROUP, BORIS)
    assert asked.times == 1
    clock.now += timedelta(seconds=1)
    assert await known.is_member(GROUP, BORIS) is False


@pytest.mark.parametrize(
    ("news", "is_in"),
    [
        (told("member", "left"), False),
        (told("member", "kicked"), False),
        (told("left", "member"), True),
        (told("left", "administrator"), True),
        (told("member", "restricted", is_member=True), True),
        (told("member", "restricted", is_member=False), False),
        (told("member", "something new"), False),
        (service(left_chat_member=USER), False),
        (service(new_chat_members=[USER]), True),
    ],
)
async def test_what_telegram_tells_counts_at_once(news: dict[str, Any], is_in: bool) -> None:
    known = membership(Asked(member("left" if is_in else "member")))
    await known.is_member(GROUP, BORIS)
    known.observe(news)
    assert await known.is_member(GROUP, BORIS) is is_in


async def test_news_are_newer_than_an_answer_that_was_under_way() -> None:
    asking, go_on = asyncio.Event(), asyncio.Event()

    async def late() -> ChatMember:
        asking.set()
        await go_on.wait()
        return member("member")

    known = membership(Asked(late))
    question = asyncio.create_task(known.is_member(GROUP, BORIS))
    await asking.wait()
    known.observe(told("member", "left"))
    go_on.set()
    assert await question is False
    assert await known.is_member(GROUP, BORIS) is False


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"chat_member": None},
        {"chat_member": {"chat": {"id": GROUP}, "new_chat_member": {"user": USER}}},
        service(new_chat_members=None, left_chat_member=None),
        service(new_chat_members=[None, {"id": "2"}], left_chat_member={}),
        service(new_chat_members=USER, left_chat_member=[USER]),
    ],
)
async def test_what_is_listed_in_another_form_opens_nothing(odd: dict[str, Any]) -> None:
    known = membership(Asked(member("left")))
    await known.is_member(GROUP, BORIS)
    known.observe(odd)
    assert await known.is_member(GROUP, BORIS) is False


async def test_of_whom_nobody_asked_nothing_is_remembered() -> None:
    known = membership(Asked(member("member")))
    await known.is_member(GROUP, BORIS)
    for number in range(300):
        crowd = [{"id": 1000 + 100 * number + one, "is_bot": False, "first_name": "S"} for one in range(100)]
        known.observe(service(new_chat_members=crowd))
        known.observe(service(left_chat_member=crowd[0]))
        known.observe(told("member", "left") | {"chat_member": {"chat": {"id": GROUP}, "new_chat_member": crowd[1]}})
    assert set(known._cache) == {(GROUP, BORIS)}
    assert not known._pending


async def test_who_was_asked_about_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.telegram.membership.MAX_CACHED", 3)
    asked = Asked(*[member("member")] * 6)
    known = membership(asked)
    for person in (1, 2, 3):
        await known.is_member(GROUP, person)
    known.observe(service(new_chat_members=[{"id": 2}]))
    await known.is_member(GROUP, 4)
    assert [person for _, person in known._cache] == [3, 2, 4]
    assert asked.times == 4
    await known.is_member(GROUP, 1)
    assert asked.times == 5


@pytest.mark.parametrize("unknown", ["User not found", "Participant_id_invalid", "USER_NOT_PARTICIPANT"])
async def test_whom_telegram_does_not_know_there_is_not_in_it(unknown: str) -> None:
    assert await membership(Asked(BadRequest(unknown))).is_member(GROUP, BORIS) is False


@pytest.mark.parametrize(
    "error", [BadRequest("Chat_admin_required"), BadRequest("Member list is inaccessible"), Forbidden("x"), TimedOut()]
)
async def test_when_nobody_knows_nothing_is_remembered(error: TelegramError) -> None:
    known = membership(Asked(error, member("member")))
    assert await known.is_member(GROUP, BORIS) is None
    assert await known.is_member(GROUP, BORIS) is True


async def test_only_an_administrator_who_hides_writes_anonymously() -> None:
    boris = User(BORIS, "Boris", is_bot=False)
    hidden, open_ = ChatMemberOwner(boris, is_anonymous=True), ChatMemberOwner(boris, is_anonymous=False)
    rights: dict[str, Any] = dict.fromkeys(
        (
            *("can_be_edited", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
            *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users"),
            *("can_post_stories", "can_edit_stories", "can_delete_stories"),
        ),
        True,
    )
    admin = ChatMemberAdministrator(boris, is_anonymous=True, **rights)
    answers: list[ChatMember | TelegramError] = [hidden, open_, admin, member("member"), TimedOut()]
    known = membership(Asked(*answers))
    assert [await known.is_anonymous_admin(GROUP, BORIS) for _ in answers] == [True, False, True, False, False]
