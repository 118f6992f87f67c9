"""Commands as people type them: in Russian, in the other keyboard layout, in capitals, without the slash."""

import pytest

from bot.access.policy import Permission
from bot.messages.message import Message
from handlers.dispatch.request import Question, Reply
from handlers.dispatch.rules import RULES
from handlers.parsing.command_words import RUSSIAN
from tests.handlers.dispatcher_harness import ANNA, GROUP, DispatcherHarness
from tests.handlers.update_factory import message

ANSWER = Reply(Message("broken"))


@pytest.fixture
def asked(harness: DispatcherHarness) -> DispatcherHarness:
    for name, permission in (("status", Permission.STATUS_READ), ("cdr", Permission.CDR_READ)):
        harness.offers(name, permission, ANSWER)
    harness.offers("delete_employee", Permission.EMPLOYEES_WRITE, ANSWER)
    return harness


async def privately(harness: DispatcherHarness, text: str) -> None:
    """Send text as Telegram does: only commands in Latin letters are marked."""
    sent = message(text, ANNA, ANNA, harness.now)
    if not text.split()[0].isascii():
        sent["entities"] = []
    await harness.takes({"message": sent})


@pytest.mark.parametrize(
    ("text", "command", "arguments"),
    [
        ("/status", "/status", ""),
        ("/STATUS", "/status", ""),
        ("/статус", "/status", ""),
        ("/Статус Zadarma", "/status", "Zadarma"),
        ("/ыефегы", "/status", ""),
        ("/ыефегы яфвфкьф", "/status", "zadarma"),
        ("/журнал вчера", "/cdr", "вчера"),
        ("/свк нуыеуквфн", "/cdr", "yesterday"),
        ("/свк вчера Анна", "/cdr", "вчера Анна"),
        ("свк, понедельник", "/cdr", "понедельник"),
        ("status", "/status", ""),
        ("Status Zadarma", "/status", "Zadarma"),
        ("статус", "/status", ""),
        ("статус, Zadarma", "/status", "Zadarma"),
        ("ыефегы", "/status", ""),
        ("cdr today from \u202a+7 (916) 123\u201145\u201101\u202c", "/cdr", "today from +7 (916) 123-45-01"),
        ("/cdr today from \u202a+7\xa0916 123\u201145\u201101\u202c", "/cdr", "today from +7 916 123-45-01"),
    ],
)
async def test_it_is_carried_out(asked: DispatcherHarness, text: str, command: str, arguments: str) -> None:
    await privately(asked, text)
    (request,) = asked.done
    assert request.arguments == arguments
    assert [row.what for row in await asked.audit()] == [command]


@pytest.mark.parametrize("text", ["hello", "/пароль", "Gh7uR2pLq9"])
async def test_other_text_is_no_command(asked: DispatcherHarness, text: str) -> None:
    await privately(asked, text)
    assert not asked.done
    assert asked.chat.said[-1][1] == "not_a_command"


@pytest.mark.parametrize("text", ["стат", "delete_employee 201", "удалить_сотрудника 201", "statuses"])
async def test_what_is_not_sure_or_changes_something_is_offered_only(asked: DispatcherHarness, text: str) -> None:
    await privately(asked, text)
    assert not asked.done
    assert asked.chat.said[-1][1] == "unknown_command"


async def test_in_a_group_a_word_alone_is_said_to_others(asked: DispatcherHarness) -> None:
    await asked.says("status", chat=GROUP)
    assert not asked.done
    assert not asked.chat.said


async def test_the_answer_to_a_question_is_no_command(asked: DispatcherHarness) -> None:
    asked.offers("ask", Permission.EMPLOYEES_WRITE, Reply(Message("broken"), question=Question("thing.word")))
    asked.on_answer("thing.word", Permission.EMPLOYEES_WRITE, ANSWER)
    await asked.types("/ask", chat=ANNA)
    asked.done.clear()
    await asked.says("status", chat=ANNA)
    assert [request.arguments for request in asked.done] == ["status"]
    assert (await asked.audit())[-1].what == "thing.word"


def test_every_russian_name_is_of_a_command() -> None:
    assert {f"/{command}" for command in RUSSIAN.values()} <= RULES.keys()
