"""/notify: which calls are told where."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, time
from typing import Any

import pytest

from bot.access.policy import Grant, Permission, Role
from bot.notifications.calls.missed_card_message import CardOutcome
from bot.pbx import Answer, CallRecord, Forbidden, PbxError, Queue, TimedOut
from bot.store.database import Database
from bot.store.messages.keyboards import new_keyboard
from bot.store.stations import missed_cards
from bot.store.tables.audit import AuditOutcome
from bot.store.tables.calls import CallKind, CallSubscription, MissedCard
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import GRANTS, GROUP, STATION, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW
from tests.messages.renderers import renderer

BORIS, MEMBER = 4, 5


QUEUES = (Queue(id="1", extension="2200", name="Отдел продаж"), Queue(id="2", extension="2201", name="Support"))


class Queues:
    """PBX that answers the question for its call records with the `error`, if there is one."""

    wait_seconds = 0.0

    def __init__(
        self,
        error: Callable[[], PbxError | None],
        queues_error: Callable[[], PbxError | None] = lambda: None,
        queues: Callable[[], Sequence[Queue]] = lambda: QUEUES,
    ) -> None:
        self.routing = self.records = self.calls = self.phone_book = self
        self.error, self.queues_error, self.known = error, queues_error, queues

    async def between(self, *_: Any, **__: Any) -> AsyncIterator[CallRecord]:
        if (error := self.error()) is not None:
            raise error
        yield CallRecord()

    async def channels(self, **_: Any) -> Answer[tuple[()]]:
        return Answer(())

    async def names(self) -> dict[str, str]:
        return {"202": "Anna Ivanova"}

    async def queues(self) -> Answer[tuple[Queue, ...]]:
        if (error := self.queues_error()) is not None:
            raise error
        return Answer(tuple(self.known()))


class Office(DispatcherHarness):
    pbx_error: PbxError | None = None
    queues_error: PbxError | None = None
    queues: Sequence[Queue] = QUEUES

    def __init__(self, database: Database, *, role: str = "operator", **more: Any) -> None:
        super().__init__(database, grants=(*GRANTS, Grant(BORIS, role)), **more)
        self.members.there = {(GROUP, BORIS), (GROUP, MEMBER)}
        self.catalogue.commands["notify"] = CATALOGUE.commands["notify"]

    def station(self) -> Any:
        station = super().station()
        station.pbx = Queues(lambda: self.pbx_error, lambda: self.queues_error, lambda: self.queues)
        return station

    async def asks(self, text: str, person: int = BORIS, chat: int = GROUP) -> tuple[str, Any]:
        await self.types(text, person, chat)
        _, template, facts = self.chat.said[-1]
        return template, facts

    async def told(self, chat: int = GROUP, kind: CallKind = CallKind.MISSED) -> CallSubscription | None:
        return (await self.services.call_subscriptions.of_chat(STATION, chat)).get(kind)

    async def kinds(self, chat: int = GROUP) -> set[CallKind]:
        return {*await self.services.call_subscriptions.of_chat(STATION, chat)}

    async def card_outcomes(self) -> list[str | None]:
        found = await self.database.run(missed_cards.recent, STATION, GROUP, NOW)
        return [card.outcome for card in found]


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
        ("missed here of 202,203;204 and 205", ["202", "203", "204", "205"], []),
        ("пропущенные сюда для 202, 203 и 204", ["202", "203", "204"], []),
        ("missed here number +7 (495) 111-00-01", [], ["74951110001"]),
        ("missed here number 8 495 111 00 01, +7 495 111-00-02 of 202", ["202"], ["84951110001", "74951110002"]),
        ("missed here number 110001 110002 and 110003", [], ["110001", "110002", "110003"]),
        ("missed here number 74951110001,74951110002", [], ["74951110001", "74951110002"]),
        ("пропущенные сюда на номер 74951110001", [], ["74951110001"]),
        ("пропущенные сюда на очередь отдел продаж", ["2200"], []),
        ("missed here queue отдел продаж", ["2200"], []),
        ("missed here queue 2200", ["2200"], []),
        ("missed calls here", [], []),
        ("all missed calls to this chat", [], []),
        ("here missed", [], []),
        ("missed of 202 here", ["202"], []),
        ("missed here for extensions 202/203", ["202", "203"], []),
        ("missed here of 202 & 203&204", ["202", "203", "204"], []),
        ("missed here number 74951110001 & 74951110002", [], ["74951110001", "74951110002"]),
        ("missed here queue Support & отдел продаж", ["2201", "2200"], []),
        ("missed here for the queue Support", ["2201"], []),
        ("missed here queues Support and Отдел продаж", ["2201", "2200"], []),
        ("missed here to number 74951110001", [], ["74951110001"]),
        ("пропущенные звонки сюда", [], []),
        ("о пропущенных вызовах в этот чат", [], []),
        ("все пропущенные в этот чат", [], []),
        ("пропущенные сюда внутренние 202 203", ["202", "203"], []),
        ("пропущенные сюда доб. 202", ["202"], []),
        ("пропущенные из очереди «Отдел продаж» сюда", ["2200"], []),
        ("пропущенные сюда для очередей Support, Отдел продаж", ["2201", "2200"], []),
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
        "missed here of 202-205",
        "missed here number 12",
        "missed here number +7 495",
        "missed here number 8 495 111 00 01 02",
        "missed here number +7 495 x",
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


@pytest.mark.parametrize(
    ("error", "is_told"), [(Forbidden("no right", "cdr"), False), (TimedOut("timed out", "cdr"), True)]
)
async def test_a_key_without_the_right_to_the_records_is_said_at_once(
    office: Office, *, error: PbxError, is_told: bool
) -> None:
    office.pbx_error = error
    template, _ = await office.asks("/notify missed here")
    assert (template == "notify", await office.kinds() != set()) == (is_told, is_told)


async def test_off_ends_it_and_a_new_wish_replaces_the_old_one(office: Office) -> None:
    await office.asks("/notify missed here of 202")
    await office.asks("/notify missed here of 203")
    told = await office.told()
    assert told is not None
    assert told.phones == ["203"]
    _, facts = await office.asks("/notify")
    assert facts["told"] == [{"kind": "missed", "phones": [{"number": "203", "name": ""}], "numbers": []}]
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
        ("stop", set()),
        ("all off", set()),
        ("отключи всё", set()),
        ("calls off", ALL_KINDS - {CallKind.CALLS}),
        ("missed calls off", ALL_KINDS - {CallKind.MISSED}),
        ("отключить пропущенные звонки", ALL_KINDS - {CallKind.MISSED}),
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
        ("calls here Sales", ["calls here queue Отдел продаж", "calls here queue Support"]),
        ("calls here Suport", ["calls here queue Support"]),
        ("calls here of Sales team", ["calls here queue Отдел продаж", "calls here queue Support"]),
        ("звонки сюда Продаж", ["звонки сюда очередь Отдел продаж"]),
        (
            "queue Sales here",
            [
                f"{kind} here queue {name}"
                for kind in ("missed", "calls", "voicemail")
                for name in ("Отдел продаж", "Support")
            ],
        ),
        ("calls here nubmer 74951110001", ["calls here number 74951110001"]),
        ("calls here number 12", ["calls here of 12"]),
        ("calls here of", ["calls here"]),
        ("missed me off", ["missed off"]),
        ("звонки сюда выкл", ["звонки выкл"]),
        ("off now", ["off", "missed off", "calls off", "voicemail off"]),
        ("nonsense", ["missed here", "calls here", "voicemail here"]),
        ("missed 202", ["missed here of 202", "missed me of 202"]),
        ("пропущенные для 202", ["пропущенные сюда для 202", "пропущенные мне для 202"]),
        ("missed here of 202 number", ["missed here of 202"]),
        ("missed here of 202-204", ["missed here of 202 203 204"]),
        ("missed here from 74951110001", ["missed here number 74951110001"]),
        ("пропущенные сюда с номера 74951110001", ["пропущенные сюда номер 74951110001"]),
        ("missed here queue Suport", ["missed here queue Support"]),
        ("missed here queue отдел", ["missed here queue Отдел продаж"]),
        ("queue Support here", [f"{kind} queue Support here" for kind in ("missed", "calls", "voicemail")]),
        ("of 202 here", [f"{kind} of 202 here" for kind in ("missed", "calls", "voicemail")]),
        ("calls me of 202 queue call", ["calls me of 202 queue Отдел продаж", "calls me of 202 queue Support"]),
        ("missed here queues Support, отдел", ["missed here queue Support, Отдел продаж"]),
        ("missed queue отдел here", ["missed here queue Отдел продаж"]),
        ("missed here queue ,", ["missed here queue Отдел продаж", "missed here queue Support"]),
        ("missed here queue Nonesuch", ["missed here queue Отдел продаж", "missed here queue Support"]),
    ],
)
async def test_a_mistake_is_answered_with_the_nearest_right_form_as_a_button(
    office: Office, words: str, forms: list[str]
) -> None:
    template, facts = await office.asks(f"/notify {words}")
    assert (template, facts["forms"]) == ("notify_not_understood", forms)
    assert await office.kinds() == set()
    for form in forms:
        template, _ = await office.asks(f"/notify {form}")
        assert template == "notify"


async def test_no_queue_is_suggested_that_is_not_known_to_be_there(office: Office) -> None:
    office.queues_error = TimedOut("timed out", "call-queues")
    _, facts = await office.asks("/notify calls here Suport")
    assert facts["forms"] == []


@pytest.mark.parametrize(
    ("words", "data", "numbers"),
    [
        ("missed here queue", "missed here queue", ["2201", "2200"]),
        ("missed here of 202 for the queue", "missed here of 202 queue", ["2201", "2200"]),
        ("пропущенные мне очередь", "пропущенные мне очередь", ["2201", "2200"]),
    ],
)
async def test_which_queue_is_asked_with_the_queues_of_the_pbx_as_buttons(
    office: Office, words: str, data: str, numbers: list[str]
) -> None:
    template, facts = await office.asks(f"/notify {words}", BORIS, BORIS)
    assert template == "notify_which_queue"
    assert renderer("ru").text(template, facts, zone=UTC, now=NOW).strip() == "Какая очередь?"
    buttons = [button for row in office.chat.keyboards[-1].rows for button in row]
    assert [button["label"] for button in buttons] == ["Support · 2201", "Отдел продаж · 2200"]
    assert [button["data"]["arguments"] for button in buttons] == [f"{data} {number}" for number in numbers]
    await office.asks(f"/notify {buttons[0]['data']['arguments']}", BORIS, BORIS)
    told = await office.told(BORIS)
    assert told is not None
    assert told.phones[-1] == "2201"


async def test_of_many_queues_some_are_buttons_and_the_others_are_written(office: Office) -> None:
    office.queues = [
        Queue(id=str(number), extension=str(number), name=f"Queue {number}") for number in range(2200, 2230)
    ]
    template, facts = await office.asks("/notify missed here queue")
    assert sum(map(len, office.chat.keyboards[-1].rows)) == 12
    text = renderer("en").text(template, facts, zone=UTC, now=NOW)
    assert "18 are not shown here: write the name or the number. <code>/notify missed here queue …</code>" in text
    office.queues = []
    template, facts = await office.asks("/notify missed here queue")
    assert "This PBX has no queue." in renderer("en").text(template, facts, zone=UTC, now=NOW)
    _, facts = await office.asks("/notify calls here Sales")
    assert facts["forms"] == []


async def test_who_may_not_ask_is_not_told_the_queues(database: Database) -> None:
    follower = Role("follower", frozenset({Permission.MISSED_FOLLOW}))
    office = Office(database, role="follower", roles={"follower": follower})
    template, _ = await office.asks("/notify calls here queue", BORIS, BORIS)
    assert template == "notify_refused"


async def test_a_password_is_in_no_button(office: Office) -> None:
    template, facts = await office.asks("/notify calls here password Zaq12wsx", BORIS, BORIS)
    assert (template, facts["forms"]) == ("notify_not_understood", [])


async def test_who_may_not_read_call_records_is_not_told_of_them(database: Database) -> None:
    follower = Role("follower", frozenset({Permission.MISSED_FOLLOW}))
    office = Office(database, role="follower", roles={"follower": follower})
    for kind in ("calls", "voicemail"):
        for where in ("here", "me"):
            template, _ = await office.asks(f"/notify {kind} {where}", BORIS, BORIS)
            assert template == "notify_refused"
    # The role of the group is enough there, but not in private.
    template, _ = await office.asks("/notify calls me")
    assert template == "notify_refused"
    await office.asks("/notify missed here", BORIS, BORIS)
    assert await office.kinds(BORIS) == {CallKind.MISSED}


async def test_the_phones_are_named_so_that_a_typing_error_is_seen(office: Office) -> None:
    await office.asks("/notify missed here of 202 209 queue Support")
    template, facts = await office.asks("/notify")
    text = renderer("en").text(template, facts, zone=UTC, now=NOW)
    assert "that rang at: 202 Anna Ivanova, 209, 2201 Support" in text
    assert "⚠️ I find no phone or queue 209 on this PBX." in text


async def test_numbers_are_not_called_unknown_by_a_pbx_that_does_not_tell_its_queues(office: Office) -> None:
    await office.asks("/notify missed here of 202 209 queue Support")
    office.queues_error = Forbidden("Call Queues", "read")
    _, facts = await office.asks("/notify")
    assert facts["unknown"] == []


@pytest.mark.parametrize("words", ["missed calls to me", "мне пропущенные", "пропущенные в личку", "missed in private"])
async def test_me_is_said_in_several_ways(office: Office, words: str) -> None:
    await office.asks(f"/notify {words}")
    assert await office.told(BORIS) is not None
    assert await office.told() is None


async def test_me_is_told_in_private_where_their_own_role_allows_it(office: Office) -> None:
    _, facts = await office.asks("/notify missed me")
    assert facts["in_private"]
    assert await office.told(BORIS) is not None
    assert await office.told() is None


async def test_who_has_a_role_in_the_group_only_is_not_told_in_private(office: Office) -> None:
    template, facts = await office.asks("/notify missed me", MEMBER)
    # It was written as it should be: the refusal says nothing but why.
    text = renderer("en").text(template, facts, zone=UTC, now=NOW)
    assert text.strip() == "⚠️ Your role is of this chat only: write here instead of me."
    assert await office.told(MEMBER) is None
    await office.asks("/notify missed here", MEMBER)
    assert await office.told() is not None


async def test_a_viewer_sets_nothing(office: Office) -> None:
    await office.types("/notify missed here", VERA, VERA)
    assert await office.told(VERA) is None


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("hours mon-fri 09:00-18:00", "mon-fri 09:00-18:00"),
        ("часы пн-пт 9-18, сб 10:00-14:00", "mon-fri 09:00-18:00, sat 10:00-14:00"),
        ("hours mon-fri 9:00-13:00 14:00-18:00 sat", "mon-fri 09:00-13:00 14:00-18:00, sat 00:00-24:00"),
        ("hours weekdays from 9 to 18", "mon-fri 09:00-18:00"),
        ("hours по будням с 9 до 18, сб с 10 до 14", "mon-fri 09:00-18:00, sat 10:00-14:00"),
        ("hours пн-пт 9-18 сб,вс 10-15", "mon-fri 09:00-18:00, sat-sun 10:00-15:00"),
        ("hours с понедельника по пятницу с 9 утра до 6 вечера", "mon-fri 09:00-18:00"),
        ("hours monday to friday 9am-6pm and saturday 10am to 2pm", "mon-fri 09:00-18:00, sat 10:00-14:00"),
        ("hours 9-18 mon-fri, 10-14 sat", "mon-fri 09:00-18:00, sat 10:00-14:00"),
        ("hours 8-20", "mon-sun 08:00-20:00"),
        ("hours каждый день с 8 до 20", "mon-sun 08:00-20:00"),
        ("hours fri-mon 9-18", "mon,fri-sun 09:00-18:00"),
        ("hours fri 22:00-06:00", "fri 22:00-24:00, sat 00:00-06:00"),
        ("hours выходные", "sat-sun 00:00-24:00"),
        ("hours always", "mon-sun 00:00-24:00"),
        ("hours around the clock", "mon-sun 00:00-24:00"),
        ("hours в рабочие дни с 9 до 18", "mon-fri 09:00-18:00"),
        ("hours круглосуточно", "mon-sun 00:00-24:00"),
        ("hours off", "mon-sun 08:00-22:00"),
        ("hours", "mon-sun 08:00-22:00"),
    ],
)
async def test_hours_are_read_as_people_write_them_and_said_back(office: Office, words: str, hours: str) -> None:
    await office.asks("/notify missed here")
    template, facts = await office.asks(f"/notify {words}")
    assert template == "notify"
    assert str((await office.services.call_hours.of(STATION, GROUP)).hours) == hours
    change = (await office.outcomes())[-1]
    assert (change.before, change.after) == (
        ({"hours": "mon-sun 08:00-22:00"}, {"hours": hours}) if " " in words else (None, None)
    )
    assert facts["always"] == (hours == "mon-sun 00:00-24:00")
    assert [time for one in facts["hours"] for time in one["times"]]
    _, again = await office.asks("/notify")
    assert again == facts


@pytest.mark.parametrize(
    ("words", "minutes"),
    [("remind 15m", 15), ("напомнить 20 минут", 20), ("remind 2h", 120), ("remind полчаса", 30), ("remind off", None)],
)
async def test_a_reminder_is_set_and_ended(office: Office, words: str, minutes: int | None) -> None:
    await office.asks("/notify missed here")
    await office.asks("/notify remind 45m")
    _, facts = await office.asks(f"/notify {words}")
    assert facts["remind"] == (minutes and minutes * 60)
    changes = [(outcome.before, outcome.after) for outcome in await office.outcomes()][-2:]
    assert changes[0] == ({"remind": "off"}, {"remind": "45 min"})
    assert changes[1] == ({"remind": "45 min"}, {"remind": f"{minutes} min" if minutes else "off"})


@pytest.mark.parametrize(
    "words",
    [
        "hours bananas",
        "hours 25:00-26:00",
        "hours 18:00",
        "hours tomorrow 9-18",
        "hours mon-fri 9-18 please",
        "hours off now",
        "remind",
        "remind never",
        "remind 30s",
        "remind 0m",
        "remind 2d",
        "remind at 18:00",
    ],
)
async def test_hours_and_reminders_that_are_not_understood_change_nothing(office: Office, words: str) -> None:
    await office.asks("/notify missed here")
    await office.asks("/notify hours mon-fri 10:00-12:00")
    template, facts = await office.asks(f"/notify {words}")
    hours = await office.services.call_hours.of(STATION, GROUP)
    assert (str(hours.hours), hours.remind_after) == ("mon-fri 10:00-12:00", None)
    assert (template == "notify") == (words == "remind")
    # A command in it would be copied with an invisible sign, and be none. The examples below are copied as they are.
    assert "/" not in facts.get("problem", "")


async def test_a_chat_that_is_told_of_nothing_has_no_hours(office: Office) -> None:
    template, _ = await office.asks("/notify hours always")
    assert template != "notify"
    await office.asks("/notify missed here")
    _, facts = await office.asks("/notify")
    assert facts["hours_from"] == "default"


async def test_quiet_hours_of_a_person_are_those_of_their_chat(office: Office) -> None:
    await office.services.oncall.set_quiet_hours(BORIS, (time(20), time(7)))
    _, facts = await office.asks("/notify missed me")
    assert (facts["hours_from"], facts["hours"][0]["times"]) == ("person", ["07:00–20:00"])
    _, facts = await office.asks("/notify hours 9-18", chat=BORIS)
    assert facts["hours_from"] == "chat"


async def test_off_closes_the_open_cards_of_the_chat(office: Office) -> None:
    await office.asks("/notify missed here")
    call = {"linkedid": "mikopbx-1", "start": "2026-11-23T11:55:00", "end": "2026-11-23T11:55:20"}
    card = MissedCard(station=STATION, chat_id=GROUP, caller="9161234501", calls=[call], opened_at=NOW)
    with office.database.begin() as session:
        session.add(card)
    await office.asks("/notify calls off")
    assert await office.card_outcomes() == [None]
    await office.asks("/notify missed off")
    assert await office.card_outcomes() == [CardOutcome.NOT_TOLD]


async def test_whom_somebody_called_back_is_off_their_own_list_too(office: Office) -> None:
    office.catalogue.buttons["missed_card.called_back"] = CATALOGUE.buttons["missed_card.called_back"]
    call = {"linkedid": "mikopbx-1", "start": "2026-11-23T11:55:00", "end": "2026-11-23T11:55:20"}
    with office.database.begin() as session:
        for card, chat in enumerate((GROUP, BORIS), 1):
            session.add(
                MissedCard(id=card, station=STATION, chat_id=chat, caller="9161234501", calls=[call], opened_at=NOW)
            )
        row = ({"label": "✅", "action": "missed_card.called_back", "data": {"card": 1}},)
        keyboard = new_keyboard(GROUP, [[*row]], now=NOW, station=STATION)
        session.add(keyboard)
    await office.presses(keyboard, BORIS, GROUP)
    own = await office.database.run(missed_cards.recent, STATION, BORIS, NOW)
    assert [card.outcome for card in own] == await office.card_outcomes() == [CardOutcome.CALLED_BACK_BY_HAND]


async def test_no_card_is_opened_after_the_open_ones_are_closed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.asks("/notify missed here")
    left = []

    async def note(*_: Any) -> None:
        left.append(await office.kinds())

    monkeypatch.setattr(office.services.missed_cards, "end", note)
    await office.asks("/notify missed off")
    assert left == [set()]


async def test_the_command_to_write_first_can_be_pressed(office: Office) -> None:
    template, facts = await office.asks("/notify hours always")
    assert "write /notify missed here first" in renderer("en").text(template, facts, zone=UTC, now=NOW)
