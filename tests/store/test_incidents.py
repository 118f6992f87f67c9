"""Queries of past incidents."""

from datetime import UTC, datetime, timedelta

from bot.store.database import Database
from bot.store.stations.incidents import Incidents, name_of
from bot.store.tables.incidents import Incident
from tests.fixtures.incident_history import STATION, add_card, add_event, add_incident

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
GROUP = -100


async def test_open_and_ended_are_distinguished_and_each_station_has_its_own(database: Database) -> None:
    incidents = Incidents(database)
    over = await add_incident(database, NOON - 2 * HOUR, NOON - HOUR)
    still = await add_incident(database, NOON)
    await add_incident(database, NOON, station="Branch")
    assert [one.id for one in await incidents.open(STATION)] == [still]
    assert [one.id for one in await incidents.ended_since(STATION, NOON - 2 * HOUR, 5)] == [over]
    assert await incidents.ended_since(STATION, NOON, 5) == []
    assert (await incidents.newest(STATION)).id == still  # type: ignore[union-attr]
    assert await incidents.find("Branch", still) is None


async def test_a_period_has_what_lasted_for_a_part_of_it(database: Database) -> None:
    incidents = Incidents(database)
    before = await add_incident(database, NOON - 3 * HOUR, NOON - 2 * HOUR)
    reaching_in = await add_incident(database, NOON - 2 * HOUR, NOON + HOUR, subject="SIP-2")
    still = await add_incident(database, NOON + HOUR)
    found = await incidents.between(STATION, NOON, NOON + 2 * HOUR)
    assert [one.id for one in found] == [still, reaching_in]
    assert [one.id for one in await incidents.between(STATION, NOON, NOON + 2 * HOUR, "SIP-2")] == [reaching_in]
    assert before not in await incidents.changes(STATION, NOON, NOON + 2 * HOUR)


async def test_a_chain_is_in_the_order_it_was_noted_and_turns_are_only_what_turned(database: Database) -> None:
    incidents = Incidents(database)
    number = await add_incident(database, NOON)
    await add_event(database, number, "told", NOON + HOUR)
    await add_event(database, number, "eased", NOON - HOUR, NOON + 2 * HOUR, kind="trunk_flapping")
    assert [event.what for event in await incidents.timeline(number)] == ["opened", "told", "eased"]
    turns = await incidents.changes(STATION, NOON, NOON + HOUR)
    assert [event.what for event in turns[number]] == ["opened", "eased"]


async def test_what_was_sent_about_an_incident_is_found_with_its_answers(database: Database) -> None:
    incidents = Incidents(database)
    first, second = await add_incident(database, NOON, NOON + HOUR), await add_incident(database, NOON, subject="SIP-2")
    await add_card(database, first, GROUP, NOON, answered=NOON + HOUR)
    await add_card(database, second, GROUP, NOON)
    (delivered,) = await incidents.deliveries(first)
    message, answer = delivered.rows
    assert (message.id, answer.about) == (delivered.alert_message.message, delivered.alert_message.message)
    assert await incidents.deliveries(999) == []


async def test_everything_that_ever_had_an_incident_is_known_by_its_newest_name(database: Database) -> None:
    await add_incident(database, NOON - 2 * HOUR, NOON - HOUR, name="Old name")
    await add_incident(database, NOON, NOON + HOUR, name="New name")
    await add_incident(database, NOON, subject="", kind="station", trouble="unreachable")
    await add_incident(database, NOON, station="Branch", subject="SIP-7", name="Theirs")
    assert await Incidents(database).names(STATION) == {"SIP-1": "New name", "": STATION}


async def test_before_the_first_sign_of_a_watch_nothing_is_known(database: Database) -> None:
    incidents = Incidents(database)
    assert await incidents.monitored_since(STATION, NOON) is None
    await add_incident(database, NOON)
    assert await incidents.monitored_since(STATION, NOON + HOUR) == NOON + timedelta(seconds=30)
    assert await incidents.monitored_since("Branch", NOON + HOUR) is None


async def test_of_the_time_before_what_is_kept_nothing_is_said(database: Database) -> None:
    """Deleted outages must not improve the availability of the past."""
    incidents = Incidents(database, retention=timedelta(days=7))
    await add_incident(database, NOON)
    for days in (6, 8):
        now = NOON + timedelta(days=days)
        assert await incidents.monitored_since(STATION, now) == max(
            NOON + timedelta(seconds=30), now - timedelta(days=7)
        )


def test_an_incident_is_called_what_its_facts_call_it() -> None:
    def called(subject: str, **facts: str) -> str:
        return name_of(Incident(station=STATION, subject=subject, facts=facts))

    assert called("SIP-1", trunk="Zadarma") == "Zadarma"
    assert called("SIP-1") == "SIP-1"
    assert called("") == STATION
    assert called(":extension:202") == "202"
    assert called(":extension:202", name="Anna") == "Anna"
