"""/notify: which calls are told where."""

from typing import Any

import pytest

from bot.access.policy import Grant, Permission, Role
from bot.pbx import Answer, Queue
from bot.store.database import Database
from bot.store.tables.audit import AuditOutcome
from bot.store.tables.calls import CallKind, CallSubscription
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import GRANTS, GROUP, STATION, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW

BORIS, MEMBER = 4, 5


class Queues:
    wait_seconds = 0.0

    def __init__(self) -> None:
        self.routing = self

    async def queues(self) -> Answer[tuple[Queue, ...]]:
        return Answer((Queue(id="1", extension="2200", name="Отдел продаж"),))


class Office(DispatcherHarness):
    def __init__(self, database: Database, *, role: str = "operator", **more: Any) -> None:
        super().__init__(database, grants=(*GRANTS, Grant(BORIS, role)), **more)
        self.members.there = {(GROUP, BORIS), (GROUP, MEMBER)}
        self.catalogue.commands["notify"] = CATALOGUE.commands["notify"]

    def station(self) -> Any:
        station = super().station()
        station.pbx = Queues()
        return station

    async def asks(self, text: str, person: int = BORIS, chat: int = GROUP) -> tuple[str, Any]:
        await self.types(text, person, chat)
        _, template, facts = self.chat.said[-1]
        return template, facts

    async def told(self, chat: int = GROUP, kind: CallKind = CallKind.MISSED) -> CallSubscription | None:
        return (await self.services.call_subscriptions.of_chat(STATION, chat)).get(kind)

    async def kinds(self, chat: int = GROUP) -> set[CallKind]:
        return {*await self.services.call_subscriptions.of_chat(STATION, chat)}


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


@pytest.mark.parametrize(
    ("words", "phones", "numbers"),
    [
        ("missed here", [], []),
        ("missed here all", [], []),
        ("пропущенные сюда", [], []),
        ("missed here of 202 203", ["202", "203"], []),
        ("Пропущенные здесь для 202, 203", ["202", "203"], []),
        ("missed here number +74951110001", [], ["74951110001"]),
        ("missed here number 8(495)111-00-01 of 202", ["202"], ["84951110001"]),
        ("missed here queue отдел продаж", ["2200"], []),
        ("missed here queue 2200", ["2200"], []),
    ],
)
async def test_a_chat_is_told_of_what_was_asked(
    office: Office, words: str, phones: list[str], numbers: list[str]
) -> None:
    template, facts = await office.asks(f"/notify {words}")
    told = await office.told()
    assert (template, [one["kind"] for one in facts["told"]]) == ("notify", ["missed"])
    assert told is not None
    assert (told.phones, told.numbers, told.by_id, told.at) == (phones, numbers, BORIS, NOW)


@pytest.mark.parametrize(
    "words",
    [
        "missed",
        "here",
        "missed there",
        "missed here of",
        "missed here of Sales",
        "missed here number 12",
        "missed here all 202",
        "missed here queue Nonesuch",
        "voicemail",
        "voicemail there",
        "calls here 202",
        "calls here queue",
        "off now",
        "calls off now",
        f"missed here of {' '.join(map(str, range(200, 241)))}",
    ],
)
async def test_what_is_not_understood_changes_nothing(office: Office, words: str) -> None:
    template, _ = await office.asks(f"/notify {words}")
    assert template != "notify"
    assert await office.kinds() == set()


async def test_off_ends_it_and_a_new_wish_replaces_the_old_one(office: Office) -> None:
    await office.asks("/notify missed here of 202")
    await office.asks("/notify missed here of 203")
    told = await office.told()
    assert told is not None
    assert told.phones == ["203"]
    _, facts = await office.asks("/notify")
    assert facts["told"] == [{"kind": "missed", "phones": ["203"], "numbers": []}]
    _, facts = await office.asks("/notify off")
    assert facts["told"] == []
    assert await office.told() is None


@pytest.mark.parametrize(
    ("words", "kind", "phones"),
    [
        ("calls here", CallKind.CALLS, []),
        ("calls here of 202", CallKind.CALLS, ["202"]),
        ("звонки сюда", CallKind.CALLS, []),
        ("Звонки сюда очередь отдел продаж", CallKind.CALLS, ["2200"]),
        ("voicemail here", CallKind.VOICEMAIL, []),
        ("голосовая почта сюда", CallKind.VOICEMAIL, []),
        ("Голосовую почту сюда для 202", CallKind.VOICEMAIL, ["202"]),
    ],
)
async def test_calls_and_voicemail_are_kinds_of_their_own(
    office: Office, words: str, kind: CallKind, phones: list[str]
) -> None:
    await office.asks("/notify missed here")
    _, facts = await office.asks(f"/notify {words}")
    told = await office.told(kind=kind)
    assert told is not None
    assert told.phones == phones
    assert [one["kind"] for one in facts["told"]] == ["missed", str(kind)]


ALL_KINDS = frozenset(CallKind)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("off", set()),
        ("выкл", set()),
        ("off all", set()),
        ("calls off", ALL_KINDS - {CallKind.CALLS}),
        ("off calls", ALL_KINDS - {CallKind.CALLS}),
        ("звонки выкл", ALL_KINDS - {CallKind.CALLS}),
        ("missed off", ALL_KINDS - {CallKind.MISSED}),
        ("выкл голосовая почта", ALL_KINDS - {CallKind.VOICEMAIL}),
        ("голосовая почта выкл", ALL_KINDS - {CallKind.VOICEMAIL}),
    ],
)
async def test_off_ends_all_or_one(office: Office, words: str, left: set[CallKind]) -> None:
    for kind in ("missed", "calls", "voicemail"):
        await office.asks(f"/notify {kind} here")
    await office.asks(f"/notify {words}")
    assert await office.kinds() == left
    change = (await office.database.run(lambda session: session.query(AuditOutcome).all()))[-1]
    assert change.before == dict.fromkeys(map(str, ALL_KINDS), "all")
    assert change.after is not None
    assert {kind for kind, wish in change.after.items() if wish} == set(map(str, left))


@pytest.mark.parametrize(
    ("words", "forms"),
    [
        ("cals here", ["calls here"]),
        ("звонк сюда", ["звонки сюда"]),
        ("голосвая почта сюда", ["голосовая почта сюда"]),
        ("calls", ["calls here", "calls me"]),
        ("звонки", ["звонки сюда", "звонки мне"]),
        ("here", ["missed here", "calls here", "voicemail here"]),
        ("calls there of 202", ["calls here of 202"]),
        ("calls here 202 203", ["calls here of 202 203"]),
        ("calls here +74951110001", ["calls here number 74951110001"]),
        ("calls here Sales", ["calls here queue Sales"]),
        ("calls here of Sales team", ["calls here queue Sales team"]),
        ("звонки сюда Продажи", ["звонки сюда очередь Продажи"]),
        ("calls here nubmer 74951110001", ["calls here number 74951110001"]),
        ("calls here number 12", ["calls here of 12"]),
        ("calls here of", ["calls here"]),
        ("off now", ["off", "missed off", "calls off", "voicemail off"]),
        ("nonsense", ["missed here", "calls here", "voicemail here"]),
    ],
)
async def test_a_mistake_is_answered_with_the_nearest_right_form_as_a_button(
    office: Office, words: str, forms: list[str]
) -> None:
    template, facts = await office.asks(f"/notify {words}")
    assert (template, facts["forms"]) == ("notify_not_understood", forms)
    assert await office.kinds() == set()
    for form in forms:
        if "queue" not in form and "очередь" not in form:
            template, _ = await office.asks(f"/notify {form}")
            assert template == "notify"


async def test_a_password_is_in_no_button(office: Office) -> None:
    template, facts = await office.asks("/notify calls here password Zaq12wsx", BORIS, BORIS)
    assert (template, facts["forms"]) == ("notify_not_understood", [])


async def test_who_may_not_read_call_records_is_not_told_of_them(database: Database) -> None:
    follower = Role("follower", frozenset({Permission.MISSED_FOLLOW}))
    office = Office(database, role="follower", roles={"follower": follower})
    for kind in ("calls", "voicemail"):
        for where in ("here", "me"):
            template, _ = await office.asks(f"/notify {kind} {where}", BORIS, BORIS)
            assert template != "notify"
    # The role of the group is enough there, but not in private.
    template, _ = await office.asks("/notify calls me")
    assert template != "notify"
    await office.asks("/notify missed here", BORIS, BORIS)
    assert await office.kinds(BORIS) == {CallKind.MISSED}


async def test_me_is_told_in_private_where_their_own_role_allows_it(office: Office) -> None:
    _, facts = await office.asks("/notify missed me")
    assert facts["in_private"]
    assert await office.told(BORIS) is not None
    assert await office.told() is None


async def test_who_has_a_role_in_the_group_only_is_not_told_in_private(office: Office) -> None:
    template, _ = await office.asks("/notify missed me", MEMBER)
    assert template != "notify"
    assert await office.told(MEMBER) is None
    await office.asks("/notify missed here", MEMBER)
    assert await office.told() is not None


async def test_a_viewer_sets_nothing(office: Office) -> None:
    await office.types("/notify missed here", VERA, VERA)
    assert await office.told(VERA) is None
