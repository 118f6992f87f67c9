"""/incidents, /ack, /why and /history from the database alone, without PBX requests."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any

import pytest
from sqlalchemy import update

from bot.engine.incident_manager import AckResult
from bot.messages import chart
from bot.messages.message import File
from bot.messages.sanitize import WORD_JOINER, plain
from bot.store.access.contacts import Contact, record
from bot.store.database import Database, Session
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import Keyboard
from handlers import CATALOGUE
from handlers.incidents.history import percent
from tests.fixtures.incident_history import add_card, add_event, add_incident
from tests.handlers.dispatcher_harness import ANNA, GROUP, SAM, STATION, VERA, DispatcherHarness, FakeStation
from tests.handlers.update_factory import NOW
from tests.messages.renderers import renderer

TOPICS = ("incident", "incidents", "why", "history")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Ledger:
    """Acknowledges as the real one does, without notifications."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acknowledge(self, number: int, person: int, name: str, now: datetime) -> AckResult:
        return await self._database.run(_acknowledge, number, person, name, now)


def _acknowledge(session: Session, number: int, person: int, name: str, now: datetime) -> AckResult:
    free = (Incident.id == number, Incident.open_key.is_not(None), Incident.acknowledged_at.is_(None))
    values = {"acknowledged_at": now, "acknowledged_by": name, "acknowledged_by_id": person}
    taken = session.execute(update(Incident).where(*free).values(**values).returning(Incident.id))
    if taken.scalar_one_or_none() is not None:
        return AckResult.ACKNOWLEDGED
    found = session.get(Incident, number)
    if found is None:
        return AckResult.UNKNOWN
    return AckResult.ALREADY if found.open_key else AckResult.RESOLVED


class Watch:
    trunk_names: Mapping[str, str] = {"SIP-1": "Zadarma", "SIP-2": "Мегафон"}
    disabled_trunks: frozenset[str] = frozenset()
    unwatched: frozenset[str] = frozenset()


class Office(DispatcherHarness):
    """All incident commands, with an unreachable PBX."""

    def __init__(self, database: Database) -> None:
        self.watch = Watch()
        super().__init__(database)
        self.files: list[File] = []
        for name in ("incidents", "ack", "why", "history"):
            self.catalogue.commands[name] = CATALOGUE.commands[name]
        for name, press in CATALOGUE.buttons.items():
            if name.partition(".")[0] in TOPICS:
                self.catalogue.buttons[name] = press
        self.chat.send_file = self._send_file  # type: ignore[attr-defined]
        self.chat.edit = self._edit  # type: ignore[method-assign, assignment]

    def station(self) -> Any:
        class Here(FakeStation):
            watch = self.watch  # type: ignore[assignment]
            incident_manager = Ledger(self.database)
            pbx = None  # type: ignore[assignment]

            @staticmethod
            def zone() -> tzinfo:
                return UTC

        return Here()

    async def _send_file(self, to: Any, file: File, **_: Any) -> int:
        self.files.append(file)
        return 99

    async def _edit(self, chat: int, _id: int, message: Any, *, keyboard: Keyboard | None = None, **_: Any) -> None:
        self.chat.edited.append(message.template)
        self.chat.said.append((chat, message.template, dict(message.facts)))
        if keyboard is not None:
            self.chat.keyboards.append(keyboard)

    @property
    def shown(self) -> str:
        """Return the last answer as a person reads it."""
        _, template, facts = self.chat.said[-1]
        return plain(renderer().text(template, facts, zone=UTC, now=self.now)).replace(WORD_JOINER, "")

    async def asks(self, text: str, person: int = ANNA, chat: int = GROUP) -> str:
        self.chat.keyboards.clear()
        await self.types(text, person, chat)
        return self.shown

    def labels(self) -> list[str]:
        return [button["label"] for row in self.chat.keyboards[-1].rows for button in row]

    async def presses_label(self, label: str, person: int = ANNA, chat: int = GROUP) -> str:
        keyboard = self.chat.keyboards[-1]
        place = next(
            f"{r}:{c}"
            for r, row in enumerate(keyboard.rows)
            for c, button in enumerate(row)
            if label in button["label"]
        )
        await self.presses(keyboard, person, chat, place)
        return self.shown


@pytest.fixture
async def harness(database: Database) -> Office:
    with database.begin() as session:
        record(session, Contact(GROUP, "Office"))
    found = Office(database)
    found.members.there = {(GROUP, person) for person in (ANNA, VERA)}
    return found


# --- /incidents -----------------------------------------------------------------------------------------------------


async def test_what_the_provider_is_called_by_can_be_copied_while_it_is_down(harness: Office) -> None:
    where: dict[str, Any] = {"host": "sip.zadarma.com", "contact": "+7 (495) 111-22-33, noc@zadarma.example"}
    await add_incident(harness.database, NOW - HOUR, **where)
    await add_incident(harness.database, NOW - DAY, NOW - HOUR, **where)
    await harness.asks("/incidents")
    assert "Provider: +7 (495) 111-22-33" in await harness.presses_label("#1")
    assert copied(harness) == ["sip.zadarma.com", "+74951112233"]
    await harness.asks("/incidents")
    assert "Provider" not in await harness.presses_label("#2")
    assert copied(harness) == []


async def test_a_press_that_no_telegram_sends_is_refused(harness: Office) -> None:
    """A button that copies has nothing to carry out, whatever a forged client sends."""
    await add_incident(harness.database, NOW - HOUR, host="sip.zadarma.com")
    await harness.asks("/incidents")
    shown = await harness.presses_label("#1")
    assert await harness.presses_label("sip.zadarma.com") == shown
    assert "button" in str(harness.chat.toasts[-1])


def copied(harness: Office) -> list[str]:
    return [button["copy"] for row in harness.chat.keyboards[-1].rows for button in row if "copy" in button]


async def test_when_nothing_is_open_that_is_said(harness: Office) -> None:
    assert "Nothing is open." in await harness.asks("/incidents")


async def test_what_is_open_is_shown_with_who_has_it_and_who_is_asked(harness: Office) -> None:
    first = await add_incident(harness.database, NOW - HOUR, cause="no_answer", due=NOW + 10 * MINUTE, asked=["Anna"])
    second = await add_incident(harness.database, NOW - MINUTE, subject="SIP-2", name="Мегафон", taken=(VERA, "Vera"))
    shown = await harness.asks("/incidents")
    assert "Open incidents · 2" in shown
    assert f"#{first} 🔴 Zadarma · down, the provider does not answer\nSince 13:00:00, 1 h." in shown
    assert "Nobody has it yet. Asked: Anna. Next step at 14:10:00." in shown
    assert "Vera is on it since 13:59:30." in shown
    assert harness.labels()[:2] == [f"#{second}", f"#{first}"]


async def test_a_kind_that_is_not_known_is_shown_as_an_outage(harness: Office) -> None:
    await add_incident(harness.database, NOW - HOUR, kind="smoke_detected")
    assert "Open incidents · 1" in await harness.asks("/incidents")
    assert "🔴 Zadarma · smoke detected: something is wrong" in harness.shown
    assert "🔴 It began: smoke detected: something is wrong" in await harness.asks("/why")
    assert "🔴 Zadarma · smoke detected: something is wrong" in harness.shown
    assert "smoke detected: something is wrong" in await harness.asks("/history")
    with harness.database.begin() as session:
        session.execute(update(Incident).values(open_key=None, ended_at=NOW, end_reason="recovered"))
    assert "🟢 Zadarma · works again (was: smoke detected: something is wrong)" in await harness.asks("/incidents")


async def test_what_is_held_back_says_by_which_rule(harness: Office) -> None:
    await add_incident(harness.database, NOW - HOUR, held="mute")
    assert "Held back by a mute." in await harness.asks("/incidents")


async def test_what_ended_within_a_day_stands_below_at_most_five(harness: Office) -> None:
    for hours in range(1, 8):
        await add_incident(harness.database, NOW - hours * HOUR, NOW - hours * HOUR + 8 * MINUTE)
    await add_incident(harness.database, NOW - 3 * DAY, NOW - 2 * DAY, subject="SIP-2", name="Long ago")
    shown = await harness.asks("/incidents")
    assert shown.count("It lasted 8 min") == 5
    assert "Long ago" not in shown


async def test_many_open_ones_are_paged(harness: Office) -> None:
    for place in range(7):
        await add_incident(harness.database, NOW - place * MINUTE, subject=f"SIP-{place}", name=f"Trunk {place}")
    assert "page 1 of 2" in await harness.asks("/incidents")
    assert "Trunk 6" in await harness.presses_label("Next")
    assert "Trunk 0" in await harness.presses_label("Previous")


async def test_one_in_full_is_opened_from_the_list_and_left_again(harness: Office) -> None:
    number = await add_incident(harness.database, NOW - HOUR, host="sip.zadarma.com")
    await add_card(harness.database, number, GROUP, NOW - HOUR)
    await add_card(harness.database, number, -1000, NOW - HOUR)
    await harness.asks("/incidents")
    shown = await harness.presses_label(f"#{number}")
    told = "Told in: Office, a chat not met yet (id -1000)"
    assert all(part in shown for part in ("Zadarma", "sip.zadarma.com", "30 s later", told))
    assert harness.chat.edited == ["incident"]
    assert "Open incidents" in await harness.presses_label("List")


async def test_under_an_alert_the_incident_is_shown_beside_it(harness: Office, database: Database) -> None:
    number = await add_incident(database, NOW - HOUR)
    alert = Keyboard(
        id="alert",
        chat_id=GROUP,
        rows=[[{"label": "Details", "action": "incident.details", "data": {"incident": number}}]],
        single_use=False,
        created_at=NOW,
    )
    with database.begin() as session:
        session.add(alert)
    await harness.presses(alert)
    assert harness.chat.edited == []
    assert "Zadarma" in harness.shown


async def test_who_may_only_look_is_offered_no_more(harness: Office) -> None:
    number = await add_incident(harness.database, NOW - HOUR)
    harness.members.there.clear()
    for person, expected in ((ANNA, True), (VERA, False)):
        await harness.asks("/incidents", person, person)
        await harness.presses_label(f"#{number}", person, person)
        labels = harness.labels()
        assert "❓ Why" in labels
        assert ("✅ I'm on it" in labels) is expected
        assert ("🔎 Check now" in labels) is expected


# --- /ack -----------------------------------------------------------------------------------------------------------


async def test_the_only_open_one_is_taken_without_its_number(harness: Office) -> None:
    await add_incident(harness.database, NOW - HOUR)
    shown = await harness.asks("/ack")
    assert "It is yours." in shown
    assert "A is on it since 14:00:00." in shown
    assert "✅ I'm on it" not in harness.labels()


async def test_of_several_the_one_that_is_meant_is_asked_for(harness: Office) -> None:
    await add_incident(harness.database, NOW - HOUR)
    second = await add_incident(harness.database, NOW - HOUR, subject="SIP-2", name="Мегафон")
    assert "2 incidents wait for somebody" in await harness.asks("/ack")
    shown = await harness.presses_label("Мегафон")
    assert f"#{second}" in shown
    assert "A is on it" in shown
    assert "Zadarma" in await harness.asks("/ack"), "the one that is left is the only one"


async def test_one_is_taken_by_its_number_and_only_once(harness: Office) -> None:
    number = await add_incident(harness.database, NOW - HOUR)
    await add_incident(harness.database, NOW - HOUR, subject="SIP-2", name="Мегафон")
    assert "It is yours." in await harness.asks(f"/ack #{number}")
    assert "Somebody took it before you." in await harness.asks(f"/ack {number}", VERA)


async def test_what_cannot_be_taken_says_why(harness: Office) -> None:
    over = await add_incident(harness.database, NOW - HOUR, NOW)
    assert "Nothing is open." in await harness.asks("/ack")
    assert "It is already over." in await harness.asks(f"/ack {over}")
    assert "has no incident 999" in await harness.asks("/ack 999")
    assert "Write the number" in await harness.asks("/ack Zadarma")


async def test_when_all_is_in_hands_it_says_in_whose(harness: Office) -> None:
    await add_incident(harness.database, NOW - HOUR, taken=(VERA, "Vera"))
    assert "Everything that is open is in hands: Zadarma (Vera)." in await harness.asks("/ack")


async def test_taking_is_for_those_who_may(harness: Office) -> None:
    await add_incident(harness.database, NOW - HOUR)
    harness.members.there.clear()
    await harness.types("/ack", VERA, VERA)
    await harness.types("/ack", SAM, SAM)
    assert {template for _, template, _ in harness.chat.said} == {"no_right", "stranger"}


# --- /why -----------------------------------------------------------------------------------------------------------


async def test_the_whole_chain_is_reported_with_its_times(harness: Office) -> None:
    database, begin = harness.database, NOW - HOUR
    number = await add_incident(database, begin, cause="no_answer")
    card = await add_card(database, number, GROUP, begin + MINUTE)
    failed = await add_card(database, number, ANNA, begin + MINUTE, state="dead", error="bot was blocked by the user")
    until = (NOW + HOUR).isoformat()
    links: list[tuple[str, dict[str, Any]]] = [
        ("cause", {"cause": "credentials_refused"}),
        ("held", {"rule": "mute", "until": until, "by": "Boris", "reason": "works on the line"}),
        ("released", {}),
        ("told", {"step": 1, "chat": GROUP, "loud": True, "message": card}),
        ("told", {"step": 1, "chat": ANNA, "person": "Anna", "loud": False, "message": failed}),
        ("escalated", {"step": 2, "people": ["Boris", "Olga"]}),
        ("worsened", {"kind": "trunk_down"}),
        ("eased", {"kind": "trunk_flapping"}),
        ("changed", {"cause": "no_answer"}),
        ("cliff", {"gives_up_at": until}),
        ("taken", {"by": "Boris", "by_id": 2}),
        ("handed_over", {"by": "Boris", "to": "Anna"}),
        ("reminded", {"step": 3}),
        ("unreachable", {"person": "Olga"}),
        ("undelivered", {"chat": GROUP}),
        ("changed", {"flaps": 5}),
        ("something_new", {}),
    ]
    for place, (what, facts) in enumerate(links):
        await add_event(database, number, what, begin + MINUTE + place * timedelta(seconds=1), **facts)
    await add_event(database, number, "ended", NOW, reason="recovered")
    await harness.asks(f"/why {number}")
    shown = harness.shown + "\n" + await harness.presses_label("Next")
    for line in (
        "13:00:00 🔴 It began: down, the provider does not answer (noted 30 s later)",
        "13:01:00 🧭 Cause: the provider refuses the login",
        "13:01:01 🔕 Held back by a mute (Boris) until 15:00: works on the line",
        "13:01:02 🔔 Not held back any more",
        "13:01:03 📣 Told: Office · delivered 13:01:02",
        "13:01:04 📣 Told: Anna in private, without a sound · not delivered: bot was blocked by the user",
        "13:01:05 ⏫ Nobody took it, so others were asked: Boris, Olga",
        "13:01:06 🔴 It got worse: down",
        "13:01:07 🟠 It eased: goes down and comes up again and again",
        "13:01:08 ✏️ Now: the provider does not answer",
        "13:01:09 🧗 The PBX gives up trying at 15:00:00",
        "13:01:10 ✅ Boris took it",
        "13:01:11 🤝 Boris handed it over to Anna",
        "13:01:12 🔁 Nobody took it, so it was said once more",
        "13:01:13 ⚠️ Olga is on call and cannot be written to",
        "13:01:14 ⚠️ Not delivered: Office",
        "13:01:15 ✏️ It was down 5 times by now",
        "13:01:16 • something new",
        "14:00:00 🏁 It ended: works again",
    ):
        assert line in shown.splitlines(), line


async def test_what_was_added_to_a_message_was_not_reported_with_a_sound_and_what_is_known_late_stands_in_its_place(
    harness: Office,
) -> None:
    number = await add_incident(harness.database, NOW - HOUR)
    card = await add_card(harness.database, number, GROUP, NOW - HOUR)
    worse = NOW - HOUR + 2 * MINUTE
    await add_event(harness.database, number, "taken", worse + MINUTE, by="Boris", by_id=2)
    await add_event(harness.database, number, "worsened", worse, kind="trunk_down")
    await add_event(
        harness.database, number, "told", worse + 2 * MINUTE, chat=GROUP, loud=True, message=card, added=True
    )
    said = (await harness.asks(f"/why {number}")).splitlines()
    assert said[-3:] == [
        "13:02:00 🔴 It got worse: down",
        "13:03:00 ✅ Boris took it",
        "13:04:00 ✏️ Added to the message of 13:00:02, without a sound: Office",
    ]


async def test_who_was_notified_of_the_end_is_a_part_of_the_chain(harness: Office) -> None:
    number = await add_incident(harness.database, NOW - HOUR, NOW)
    await add_card(harness.database, number, GROUP, NOW - HOUR, answered=NOW + timedelta(seconds=1))
    assert "14:00:01 📣 Told of the end: Office · delivered 14:00:03" in await harness.asks("/why")


async def test_the_newest_is_meant_when_no_number_is_given(harness: Office) -> None:
    await add_incident(harness.database, NOW - 2 * HOUR, NOW - HOUR)
    number = await add_incident(harness.database, NOW - HOUR, subject="SIP-2", name="Мегафон")
    assert f"#{number} 🔴 Мегафон" in await harness.asks("/why")


async def test_without_incidents_there_is_nothing_to_explain(harness: Office) -> None:
    assert "has had no incident yet" in await harness.asks("/why")
    assert "has no incident 5." in await harness.asks("/why 5")


async def test_a_long_chain_is_folded_and_a_short_one_is_not(harness: Office) -> None:
    number = await add_incident(harness.database, NOW - HOUR)

    async def folded() -> list[str]:
        await harness.asks("/why")
        _, template, facts = harness.chat.said[-1]
        html = renderer().text(template, facts, zone=UTC, now=NOW)
        return re.findall("<blockquote expandable>(.+)</blockquote>", html.replace(WORD_JOINER, ""), re.DOTALL)

    for _ in range(3):
        await add_event(harness.database, number, "released", NOW)
    assert await folded() == []
    await add_event(harness.database, number, "taken", NOW, by="</blockquote>Boris")
    (quoted,) = await folded()
    assert quoted.splitlines()[-1].endswith("✅ &lt;/blockquote&gt;Boris took it")
    assert len(quoted.splitlines()) == 5


async def test_a_garbled_link_of_a_chain_hides_no_other(harness: Office) -> None:
    number = await add_incident(harness.database, NOW - HOUR)
    await add_event(harness.database, number, "held", NOW, rule=None, until="soon", by=7)
    await add_event(harness.database, number, "told", NOW, chat="nowhere", card="x", people=3, message=0)
    await add_event(harness.database, number, "cliff", NOW, gives_up_at=5)
    await add_event(harness.database, number, "taken", NOW, by="<b>Boris</b>")
    assert "<b>Boris</b> took it" in await harness.asks("/why")


# --- /history -------------------------------------------------------------------------------------------------------


async def watched_since(harness: Office, moment: datetime) -> None:
    await add_incident(harness.database, moment - HOUR, moment - MINUTE, subject=":copy", kind="second_copy")


async def test_every_trunk_has_its_figures_the_worst_first(harness: Office) -> None:
    await watched_since(harness, NOW - 20 * DAY)
    await add_incident(harness.database, NOW - 2 * DAY, NOW - 2 * DAY + HOUR, cause="no_answer")
    await add_incident(harness.database, NOW - DAY, NOW - DAY + 30 * MINUTE)
    shown = await harness.asks("/history")
    figures = "2 outages, 1 h 30 min down, the longest 1 h, back after 45 min on average"
    # From midnight six days ago to 14:00 today are 158 hours.
    assert f"🔴 Zadarma: {percent(100 * (1 - 1.5 / 158))} % · {figures}\n🟢 Мегафон: 100 %" in shown
    assert "Nov 21 14:00 – Nov 21 15:00 (1 h) Zadarma: down, the provider does not answer" in shown


async def test_a_trunk_that_is_switched_off_is_not_said_to_have_worked(harness: Office) -> None:
    await watched_since(harness, NOW - 20 * DAY)
    harness.watch.disabled_trunks = frozenset({"SIP-1", "SIP-2"})
    await add_incident(harness.database, NOW - DAY, NOW - DAY + HOUR)
    shown = await harness.asks("/history")
    assert "⚪ Мегафон: switched off" in shown
    assert "🔴 Zadarma" in shown, "what it had is still told"
    alone = await harness.asks("/history мегафон")
    assert "⚪ Мегафон: switched off" in alone
    assert "%" not in alone
    assert not harness.chat.keyboards, "there is nothing to draw"


async def test_of_a_trunk_that_is_not_watched_nothing_is_said(harness: Office) -> None:
    await watched_since(harness, NOW - 20 * DAY)
    harness.watch.unwatched = frozenset({"SIP-2"})
    assert "Мегафон" not in await harness.asks("/history")


async def test_a_trunk_and_a_period_are_chosen_in_words_of_both_languages(harness: Office) -> None:
    await watched_since(harness, NOW - 40 * DAY)
    await add_incident(harness.database, NOW - 10 * DAY, NOW - 10 * DAY + HOUR, subject="SIP-2", name="Мегафон")
    for text in ("/history мегафон 30d", "/history 30 дней «Мегафон»", "/history месяц SIP-2"):
        shown = await harness.asks(text)
        assert "Мегафон" in shown, text
        assert "1 outage, 1 h down" in shown, text
        assert "Zadarma" not in shown, text
    assert "No outage in this period." in await harness.asks("/history мегафон today")


async def test_a_trunk_that_was_deleted_still_has_its_past(harness: Office) -> None:
    await add_incident(harness.database, NOW - HOUR, NOW, subject="SIP-9", name="Old line", reason="deleted")
    assert "Old line" in await harness.asks("/history old")


async def test_what_is_no_trunk_and_what_is_no_period_is_said(harness: Office) -> None:
    assert "no trunk “Nonesuch”" in await harness.asks("/history Nonesuch")
    assert "do not understand" in await harness.asks("/history 2026-13-45")


async def test_before_the_bot_was_there_nothing_is_known(harness: Office) -> None:
    await watched_since(harness, NOW - DAY)
    assert "Watched since Nov 22 13:00." in await harness.asks("/history")
    assert "Nobody watched the trunks in this period." in await harness.asks("/history 2026-11-01")


async def test_the_station_that_could_not_be_asked_stands_among_the_outages_and_is_not_counted(harness: Office) -> None:
    await watched_since(harness, NOW - 20 * DAY)
    await add_incident(harness.database, NOW - DAY, NOW - DAY + HOUR, kind="station", subject="", trouble="unreachable")
    shown = await harness.asks("/history")
    assert "⚪ Nov 22 14:00 – Nov 22 15:00 (1 h) Head office: the PBX cannot be reached" in shown
    assert "🟢 Zadarma: 100 %" in shown


async def test_many_outages_are_paged_and_each_can_be_opened(harness: Office) -> None:
    await watched_since(harness, NOW - 20 * DAY)
    numbers = [
        await add_incident(harness.database, NOW - hour * HOUR, NOW - hour * HOUR + MINUTE) for hour in range(1, 12)
    ]
    assert "page 1 of 2" in await harness.asks("/history")
    shown = await harness.presses_label("Next")
    assert f"#{numbers[-1]} " in shown
    assert "Мегафон" not in shown, "the figures stand on the first page"
    assert "Zadarma" in await harness.presses_label(f"#{numbers[-1]}")


async def test_the_chart_comes_as_a_photo(harness: Office) -> None:
    await watched_since(harness, NOW - 20 * DAY)
    await add_incident(harness.database, NOW - DAY, NOW - DAY + HOUR)
    await harness.asks("/history")
    await harness.presses_label("Chart")
    await harness.dispatcher.finish(20)
    (file,) = harness.files
    assert (file.kind, file.name) == ("photo", "history-2026-11-17-2026-11-23.png")
    assert file.content.startswith(b"\x89PNG")


async def test_without_the_extra_no_chart_is_offered_and_the_answer_says_so(
    harness: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chart, "is_possible", cache(chart.is_possible.__wrapped__))
    monkeypatch.setattr(chart, "find_spec", lambda _name: None)
    await watched_since(harness, NOW - 20 * DAY)
    for hour in range(1, 12):
        await add_incident(harness.database, NOW - hour * HOUR, NOW - hour * HOUR + MINUTE)
    assert "install the bot with the extra “charts”" in await harness.asks("/history")
    assert "📊 Chart" not in harness.labels()
    assert "extra" not in await harness.presses_label("Next")


async def test_looking_back_is_for_those_who_may(harness: Office) -> None:
    for text in ("/incidents", "/why", "/history"):
        await harness.types(text, VERA, VERA)
        assert harness.chat.said[-1][1] != "no_right"
        await harness.types(text, SAM, SAM)
        assert harness.chat.said[-1][1] == "stranger"


@pytest.mark.parametrize(
    ("share", "shown"), [(None, ""), (100.0, "100"), (99.9999, "99.999"), (75.0, "75"), (0.0, "0"), (99.05, "99.05")]
)
def test_a_percentage_never_rounds_up_to_perfect(share: float | None, shown: str) -> None:
    assert percent(share) == shown


def test_the_station_of_the_bench_is_the_one_of_the_past() -> None:
    assert STATION == "Head office"
