"""Silences and windows as a person sees them: commands, buttons and answers."""

from datetime import UTC, timedelta, timezone, tzinfo

import pytest
from sqlalchemy import delete

from bot.access.policy import Grant
from bot.incidents.model import Kind
from bot.incidents.silence import EVERYTHING, Silence, SilenceKind
from bot.messages.sanitize import WORD_JOINER, plain
from bot.store.database import Database
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import Keyboard
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import ANNA, GRANTS, GROUP, STATION, VERA, DispatcherHarness, FakeStation
from tests.messages.renderers import renderer

BORIS = 5
NAMES = {"T1": "Zadarma", "T2": "Branch IAX", "T3": "Zebra One", "T4": "Zebra Two"}


class Station(FakeStation):
    offset: tzinfo = UTC

    class watch:  # noqa: N801
        trunk_names = NAMES

    def zone(self) -> tzinfo:  # type: ignore[override]
        return self.offset


class Office(DispatcherHarness):
    """All silence commands, with a clock of its own: 14:00 on a Monday."""

    station_now = Station()

    def start(self) -> None:
        super().start()
        for name in ("mute", "mutes", "unmute", "maintenance"):
            self.catalogue.commands[name] = CATALOGUE.commands[name]
        self.catalogue.buttons.update(CATALOGUE.buttons)
        self.catalogue.answers.update(CATALOGUE.answers)

    def station(self) -> Station:
        return self.station_now

    def text(self, language: str = "en") -> str:
        """Return the text of the last message."""
        last = self.chat.shown[-1]
        return plain(renderer(language).text(last.template, last.facts, zone=UTC, now=self.now))

    @property
    def keyboard(self) -> Keyboard:
        return self.chat.keyboards[-1]

    def labels(self) -> list[list[str]]:
        return [[button["label"] for button in row] for row in self.keyboard.rows]

    async def asks(self, text: str, person: int = BORIS, chat: int = GROUP) -> str:
        await self.types(text, person, chat)
        return self.text()

    async def push(self, label: str, person: int = BORIS, chat: int = GROUP) -> str:
        """Press the button of that label under the last message with buttons."""
        place = next(
            f"{row}:{column}"
            for row, labels in enumerate(self.labels())
            for column, shown in enumerate(labels)
            if label in shown
        )
        await self.presses(self.keyboard, person, chat, place)
        return self.text()

    async def opens(self, subject: str, kind: Kind = Kind.TRUNK_DOWN) -> int:
        incident = Incident(
            station=STATION,
            subject=subject,
            open_key=f"{STATION}|{subject}",
            kind=kind,
            facts={"trunk": NAMES[subject]} if subject in NAMES else {},
            began_at=self.now - timedelta(minutes=2),
            opened_at=self.now,
        )
        with self.database.begin() as session:
            session.add(incident)
        return incident.id

    async def silences(self) -> list[Silence]:
        return await self.services.silences.current(STATION)

    async def only(self) -> Silence:
        (one,) = await self.silences()
        return one

    async def alert_button(self, incident: int, chat: int = GROUP, person: int = BORIS) -> str:
        rows = [[{"label": "🔕 Mute", "action": "incident.mute", "data": {"incident": incident}}]]
        keyboard = new_keyboard(chat, rows, now=self.now, station=STATION)
        with self.database.begin() as session:
            session.add(keyboard)
        await self.presses(keyboard, person, chat)
        return self.text() if self.chat.shown else ""


@pytest.fixture
def harness(database: Database) -> Office:
    harness = Office(database, grants=(*GRANTS, Grant(BORIS, "operator")))
    harness.members.there = {(GROUP, BORIS), (GROUP, VERA), (GROUP, ANNA)}
    return harness


async def test_a_mute_says_until_when_by_whom_and_why(harness: Office) -> None:
    said = await harness.asks('/mute "Zadarma" for 2h provider works on the line')
    assert said == "🔕 Zadarma · Head office\nMuted until 16:00 by A.\nWhy: provider works on the line"
    assert harness.labels() == [["🔔 Unmute"]]
    one = await harness.only()
    assert (one.subject, one.until) == ("T1", harness.now + timedelta(hours=2))


@pytest.mark.parametrize(
    ("text", "subject", "said"),
    [
        ("/mute Zadarma", "T1", "Muted until 15:00 by A."),
        ("/mute branch iax until 18:00", "T2", "Muted until 18:00 by A."),
        ("/mute all until morning", EVERYTHING, "Everything · Head office\nMuted until Nov 24 08:00 by A."),
        ("/mute всё до утра", EVERYTHING, "Muted until Nov 24 08:00 by A."),
        ("/mute for 2h Zadarma", "T1", "Muted until 16:00 by A."),
        ("/mute until 18:00 branch iax works", "T2", "Muted until 18:00 by A.\nWhy: works"),
        ("/mute на час всё", EVERYTHING, "Everything · Head office\nMuted until 15:00 by A."),
    ],
)
async def test_what_is_muted_and_until_when(harness: Office, text: str, subject: str, said: str) -> None:
    assert said in await harness.asks(text)
    assert (await harness.only()).subject == subject


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_the_examples_of_the_help_are_understood_in_each_language(harness: Office, language: str) -> None:
    for name in ("mute", "maintenance"):
        for example in CATALOGUE.commands[name].examples:
            await harness.opens("T1")
            await harness.asks(renderer(language).label(example))
            assert harness.chat.shown[-1].template in ("muted", "silences", "maintenance"), example
            with harness.database.begin() as session:
                session.execute(delete(Incident))


@pytest.mark.parametrize("typed", ["Nonesuch until 18:00", "all except Zadarma for 1h", "Zadarma and Branch IAX 2h"])
async def test_what_is_not_understood_mutes_nothing_else(harness: Office, typed: str) -> None:
    await harness.opens("T1")
    assert f"There is no trunk “{typed}”" in await harness.asks(f"/mute {typed}")
    assert await harness.silences() == []


async def test_a_trunk_behind_its_window_is_not_the_reason(harness: Office) -> None:
    said = await harness.asks("/maintenance tomorrow 2-4 Zadarma works")
    assert said.startswith("🛠 Zadarma · Head office\n")
    assert "Why: works\n" in said


async def test_without_words_the_one_open_incident_is_meant(harness: Office) -> None:
    await harness.opens("T1")
    said = await harness.asks("/mute")
    assert "🔴 Zadarma · since 13:58" in said
    assert "If it is still down then" in said
    assert (await harness.only()).subject == "T1"


async def test_with_several_open_incidents_the_person_chooses(harness: Office) -> None:
    await harness.opens("T1")
    await harness.opens("T2")
    assert "Several things are down" in await harness.asks("/mute for 3h fire")
    assert harness.labels() == [["Zadarma"], ["Branch IAX"], ["Everything"]]
    assert "Muted until 17:00" in await harness.push("Branch")
    one = await harness.only()
    assert (one.subject, one.reason) == ("T2", "fire")


async def test_a_choice_made_too_late_mutes_nothing(harness: Office) -> None:
    await harness.asks("/mute zebra for 1h")
    harness.now += timedelta(hours=2)
    await harness.push("Zebra One")
    assert harness.chat.toasts == ["That time has passed. Ask again with the command."]
    assert await harness.silences() == []


async def test_when_the_whole_station_is_down_everything_is_meant(harness: Office) -> None:
    await harness.opens("T1")
    await harness.opens("", Kind.STATION)
    assert "Everything" in await harness.asks("/mute until recovery")
    assert (await harness.only()).until is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/mute", "Nothing is down now."),
        ("/mute Nonesuch", "There is no trunk “Nonesuch”"),
        ("/mute all for 8d", "Everything is muted for 7 days at most"),
        ("/mute Zadarma until recovery", "It is not down, so it cannot recover."),
        ("/mute all until recovery", "It is not down, so it cannot recover."),
        ("/mute Zadarma until 2020-01-01", "“until 2020-01-01” is not a time I can use"),
        ("/unmute", "Nothing is muted on Head office."),
        ("/unmute Zadarma", "That is not muted."),
        ("/unmute 77", "That is not muted."),
        ("/maintenance Nonesuch sat 02:00-04:00", "There is no trunk “Nonesuch”"),
        ("/maintenance all", "I do not understand when"),
        ("/maintenance all today 02:00-04:00", "“2026-11-23 02:00” is no time of maintenance"),
        ("/maintenance all now for 8d", "Everything is muted for 7 days at most"),
        ("/maintenance all daily 00:00-24:00", "That would be always."),
    ],
)
async def test_what_cannot_be_is_refused_with_the_remedy(harness: Office, text: str, said: str) -> None:
    assert said in await harness.asks(text)
    assert await harness.silences() == []
    assert harness.silences_changed == 0


async def test_everything_for_seven_days_and_a_trunk_for_longer_are_allowed(harness: Office) -> None:
    await harness.asks("/mute all for 7d")
    await harness.asks("/mute Zadarma for 30d")
    assert len(await harness.silences()) == 2


async def test_a_trunk_that_is_not_known_offers_those_that_are(harness: Office) -> None:
    await harness.asks("/mute Nonesuch")
    assert harness.labels() == [["Branch IAX"], ["Zadarma"], ["Zebra One"], ["Zebra Two"]]


async def test_a_newer_mute_takes_the_place_of_the_older(harness: Office) -> None:
    await harness.asks("/mute Zadarma for 4h")
    await harness.asks("/mute Zadarma for 1h")
    assert (await harness.only()).until == harness.now + timedelta(hours=1)


async def test_the_list_says_what_until_when_by_whom_why_and_what_is_down(harness: Office) -> None:
    await harness.opens("T1")
    await harness.opens("T2", Kind.TRUNK_DEGRADED)
    await harness.asks("/mute Zadarma until recovery fibre cut")
    await harness.asks("/maintenance all weekly sat,sun 02:00-04:00 updates")
    await harness.push("✅ Plan")
    await harness.asks("/maintenance Branch IAX now for 1h")
    await harness.push("✅ Plan")
    assert await harness.asks("/mutes") == (
        "🔕 Mutes and maintenance · 3 · Head office\n\n"
        "1. 🔕 Zadarma · until it has recovered · A\n    fibre cut\n    🔴 Zadarma · since 13:58\n\n"
        "2. 🛠 Everything · every Sat, Sun 02:00–04:00 · next Nov 28 02:00 · A\n    updates\n\n"
        "3. 🛠 Branch IAX · until 15:00 · A\n    🟡 Branch IAX · since 13:58"
    )
    assert harness.labels() == [["🔔 Unmute 1", "🗑 2", "🗑 3"]]


async def test_who_only_looks_sees_the_list_without_buttons(harness: Office) -> None:
    await harness.asks("/mute Zadarma", ANNA, ANNA)
    before = len(harness.chat.keyboards)
    assert "1. 🔕 Zadarma · until 15:00 · A" in await harness.asks("/mutes", VERA, VERA)
    assert len(harness.chat.keyboards) == before
    assert "/maintenance" in await harness.asks("/maintenance all sat 02:00-04:00", VERA, VERA)
    assert harness.chat.shown[-1].template == "no_right"
    assert "Maintenance · 0" in await harness.asks("/maintenance", VERA, VERA)


async def test_an_empty_list_says_that_every_alert_comes(harness: Office) -> None:
    assert "Nothing is held back: every alert comes." in await harness.asks("/mutes")


async def test_a_button_of_the_list_takes_away_and_shows_the_rest(harness: Office) -> None:
    await harness.asks("/mute Zadarma")
    await harness.asks("/mute Branch IAX")
    await harness.asks("/mutes")
    shown = await harness.push("🔔 Unmute 1")
    assert "Zadarma" not in shown
    assert "2. 🔕 Branch IAX" in shown
    assert harness.chat.toasts[-1] == "It holds nothing back now."


async def test_a_long_list_has_pages(harness: Office) -> None:
    for number in range(10):
        await harness.asks(f"/maintenance Zadarma now for {number + 1}h")
        await harness.push("✅ Plan")
    await harness.asks("/mutes")
    assert harness.labels()[-1] == ["Next ›"]
    assert "9. 🛠" in await harness.push("Next")
    assert harness.labels() == [["🗑 9", "🗑 10"], ["‹ Previous"]]


@pytest.mark.parametrize("words", ["", "Zadarma", "zada", "1", "#1", "all", "всё"])
async def test_unmuting_says_what_is_reported_now(harness: Office, words: str) -> None:
    await harness.opens("T1")
    await harness.asks("/mute Zadarma")
    assert await harness.asks(f"/unmute {words}") == (
        "🔔 Zadarma · Head office\nUnmuted by A.\n🔴 Zadarma · since 13:58\nWhat is still down is told now."
    )
    assert await harness.silences() == []


async def test_unmuting_says_who_has_what_was_reported_before(harness: Office) -> None:
    incident = await harness.opens("T1")
    await harness.asks("/mute Zadarma")
    with harness.database.begin() as session:
        row = session.get_one(Incident, incident)
        row.step, row.acknowledged_at, row.acknowledged_by = 1, harness.now, "Anna Ivanova"
    assert await harness.asks("/unmute") == (
        "🔔 Zadarma · Head office\nUnmuted by A.\n🔴 Zadarma · since 13:58\nStill down; Anna Ivanova has it."
    )


async def test_what_something_else_still_holds_back_is_not_reported_now(harness: Office) -> None:
    await harness.opens("T1")
    await harness.asks("/mute Zadarma")
    await harness.asks("/mute all for 3h")
    said = await harness.asks("/unmute Zadarma")
    assert "Still held back by number 2 until 17:00: /mutes" in said
    assert "told now" not in said


async def test_with_several_mutes_unmute_shows_them_and_all_takes_them_away(harness: Office) -> None:
    await harness.asks("/mute Zadarma")
    await harness.asks("/mute Branch IAX")
    await harness.asks("/maintenance all now for 1h")
    await harness.push("✅ Plan")
    assert "Mutes and maintenance · 3" in await harness.asks("/unmute")
    assert "🔔 Zadarma, Branch IAX" in await harness.asks("/unmute all")
    assert [one.kind for one in await harness.silences()] == [SilenceKind.MAINTENANCE]


async def test_a_mute_of_a_trunk_that_is_gone_can_still_be_ended_by_its_name(harness: Office) -> None:
    await harness.asks("/mute Zadarma")
    harness.station_now.watch.trunk_names = {"T2": "Branch IAX"}
    try:
        assert "🔔 Zadarma" in await harness.asks("/unmute zadarma")
    finally:
        harness.station_now.watch.trunk_names = NAMES


async def test_an_alert_is_muted_from_its_button_and_stays_what_it_is(harness: Office) -> None:
    incident = await harness.opens("T1")
    asked = await harness.alert_button(incident)
    assert asked == "🔕 Mute Zadarma for how long? · Head office\nYou can write why after that."
    assert harness.chat.edited == []
    assert harness.labels() == [["1 h", "4 h"], ["until morning", "until recovery"]]
    said = await harness.push("until recovery")
    assert "Muted until it has recovered by A." in said
    assert "Why? Answer this message if you like." in said
    assert harness.chat.edited == ["muted"]
    assert (await harness.only()).until_recovery


@pytest.mark.parametrize(("label", "hours"), [("1 h", 1), ("4 h", 4), ("until morning", 18)])
async def test_each_length_of_the_button_is_what_it_says(harness: Office, label: str, hours: int) -> None:
    await harness.alert_button(await harness.opens("T1"))
    await harness.push(label)
    assert (await harness.only()).until == harness.now + timedelta(hours=hours)


async def test_the_reason_is_asked_and_may_be_left_out(harness: Office) -> None:
    incident = await harness.opens("T1")
    await harness.alert_button(incident, BORIS)
    assert "Write it here if you like" in await harness.push("1 h", chat=BORIS)
    await harness.says("the provider digs up the street", BORIS, BORIS)
    assert "Why: the provider digs up the street" in harness.text()
    assert (await harness.only()).reason == "the provider digs up the street"


async def test_no_password_is_kept_in_a_reason(harness: Office) -> None:
    await harness.opens("T1")
    await harness.opens("T2")
    await harness.asks("/mute for 3h the new password is hunterIs2", chat=BORIS)
    assert "hunter" not in str(harness.keyboard.rows)
    await harness.push("Branch", chat=BORIS)
    assert (await harness.only()).reason == "the new password=•••"
    await harness.alert_button(await harness.opens("T3"), BORIS)
    await harness.push("1 h", chat=BORIS)
    await harness.says("psw: hunterIs2", BORIS, BORIS)
    assert [one.reason for one in await harness.silences()][-1] == "psw=•••"


async def test_a_reason_for_a_mute_that_is_over_is_not_kept(harness: Office) -> None:
    await harness.alert_button(await harness.opens("T1"), BORIS)
    await harness.push("1 h", chat=BORIS)
    await harness.push("Unmute", chat=BORIS)
    await harness.says("the provider", BORIS, BORIS)
    assert "no reason was kept" in harness.text()


async def test_an_alert_of_the_whole_station_mutes_everything(harness: Office) -> None:
    assert "Mute Everything" in await harness.alert_button(await harness.opens("", Kind.STATION))
    await harness.push("until recovery")
    assert (await harness.only()).subject == EVERYTHING


@pytest.mark.parametrize(
    ("subject", "kind", "shown"),
    [
        (":clock", Kind.CLOCK_OFF, "The PBX's clock"),
        (":extension:202", Kind.EXTENSION_OFFLINE, "202"),
        (":calls", Kind.NO_CALLS, "No incoming calls"),
        (":pbx:disk", Kind.PBX_DISK, "The PBX's disk"),
        (":internet", Kind.OWN_INTERNET, "The bot's own internet"),
        (":provider:gateway", Kind.PROVIDER_DOWN, "gateway"),
    ],
)
async def test_an_alert_of_something_else_mutes_only_that(
    harness: Office, subject: str, kind: Kind, shown: str
) -> None:
    assert f"Mute {shown} for how long?" in await harness.alert_button(await harness.opens(subject, kind))
    await harness.push("1 h")
    assert (await harness.only()).subject == subject


async def test_an_alert_that_is_over_is_not_muted(harness: Office) -> None:
    await harness.alert_button(77)
    assert harness.chat.toasts == ["It is already over."]
    assert await harness.silences() == []


async def test_unmuting_twice_is_said_to_be_over(harness: Office) -> None:
    await harness.asks("/mute Zadarma")
    assert "Unmuted by A." in await harness.push("Unmute")
    await harness.push("Unmute")
    assert harness.chat.toasts == ["It holds nothing back now.", "It was over already."]


async def test_a_window_is_shown_before_it_is_planned(harness: Office) -> None:
    said = await harness.asks("/maintenance Zadarma tomorrow 02:00-04:00 works at the provider")
    assert said == (
        "🛠 Zadarma · Head office\nPlan this maintenance?\nNov 24 02:00 – Nov 24 04:00 (2 h)\n"
        "Why: works at the provider\nWhat goes down meanwhile is told at its end, if it is still down.\n\n"
        "Valid for 2 minutes."
    )
    assert await harness.silences() == []
    assert "Maintenance planned by A." in await harness.push("✅ Plan")
    assert (await harness.only()).reason == "works at the provider"


async def test_a_window_that_is_cancelled_is_not_planned(harness: Office) -> None:
    await harness.asks("/maintenance all sat 02:00 for 2h")
    assert "no maintenance was planned" in await harness.push("Cancel")
    assert await harness.silences() == []


async def test_without_a_subject_maintenance_is_of_everything(harness: Office) -> None:
    assert "🛠 Everything" in await harness.asks("/maintenance daily 03:00-03:15")
    assert "every day 03:00–03:15 · next Nov 24 03:00" in harness.text()
    await harness.push("✅ Plan")
    one = await harness.only()
    assert one.repeats is not None
    assert one.repeats.zone == "UTC"


async def test_a_name_of_two_trunks_is_asked_about_before_the_preview(harness: Office) -> None:
    await harness.asks("/maintenance zebra sat 02:00-04:00")
    assert harness.labels() == [["Zebra One"], ["Zebra Two"]]
    assert "Plan this maintenance?" in await harness.push("Zebra Two")
    await harness.push("✅ Plan")
    assert (await harness.only()).subject == "T4"


async def test_a_window_in_force_is_ended_this_time_and_comes_again(harness: Office) -> None:
    await harness.asks("/maintenance all daily 13:30-14:30")
    await harness.push("✅ Plan")
    assert "every day 13:30–14:30 · now, until 14:30" in await harness.asks("/maintenance")
    assert harness.labels() == [["⏹ 1", "🗑 1"]]
    assert "2. 🛠 Everything · every day 13:30–14:30 · next Nov 24 13:30" in await harness.push("⏹ 1")
    assert harness.labels() == [["🗑 2"]]
    assert "No maintenance is planned." in await harness.push("🗑 2")


async def test_a_zone_that_is_known_by_its_offset_only_is_warned_of(harness: Office) -> None:
    harness.station_now.offset = timezone(timedelta(hours=3))
    try:
        assert "Set PBX_TIMEZONE." in await harness.asks("/maintenance daily 03:00-03:15")
        assert "PBX_TIMEZONE" not in await harness.asks("/maintenance tomorrow 03:00-03:15")
    finally:
        harness.station_now.offset = UTC


async def test_a_hostile_name_and_reason_do_nothing(harness: Office) -> None:
    harness.station_now.watch.trunk_names = {"T1": "</b><a href='x'>evil</a>"}
    try:
        said = await harness.asks("/mute T1 for 1h <b>@everybody</b> /delete_trunk")
    finally:
        harness.station_now.watch.trunk_names = NAMES
    assert "🔕 </b><a href='x'>evil</a> · Head office" in said.replace(WORD_JOINER, "")
    assert "@everybody" not in said
    assert "/delete_trunk" not in said


@pytest.mark.parametrize("off", ["off", "выкл", "OFF"])
async def test_who_wants_alerts_back_mutes_no_trunk_that_is_named_alike(harness: Office, off: str) -> None:
    assert "unmute." in await harness.asks(f"/mute {off}")
    assert await harness.silences() == []
