"""Isolation of stations: the audit, alert messages, imports and requests give no access to another PBX."""

from typing import Any

import pytest
from sqlalchemy import select

from bot.access.policy import EVERY_STATION, Grant
from bot.messages.message import stored
from bot.notifications import presenter
from bot.store.database import Database
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import AlertMessage, AlertMessageIncident, Keyboard, Outgoing
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import DispatcherHarness
from tests.handlers.update_factory import NOW

ACME, BAKER, CORP = STATIONS = ("acme", "baker", "corp")
ROOT, ALICE, BELLA = 1, 11, 12
NOC = -900
GRANTS = (
    Grant(ROOT, "admin"),
    Grant(ALICE, "admin", ACME),
    Grant(BELLA, "admin", ACME),
    Grant(BELLA, "operator", BAKER),
)


class Ledger:
    """Incident manager that acknowledges, and records the calls."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    async def acknowledge_all(self, card: int, *_: Any) -> int:
        self.taken.append(card)
        return 1


@pytest.fixture
async def fleet(database: Database) -> DispatcherHarness:
    harness = DispatcherHarness(database, stations=STATIONS, grants=GRANTS)
    harness.catalogue.commands.update(CATALOGUE.commands)
    harness.catalogue.buttons.update(CATALOGUE.buttons)
    for station in harness.running.values():
        station.incident_manager = Ledger()
    for name in STATIONS:
        await harness.services.bindings.bind(NOC, name, alerts=True, by_id=ROOT, by_name="Root")
    return harness


def facts(harness: DispatcherHarness) -> Any:
    return harness.chat.shown[-1].facts


async def keyboard(harness: DispatcherHarness, chat: int, rows: Any, about: str) -> Keyboard:
    made = new_keyboard(chat, rows, now=harness.now, station=about)
    with harness.database.begin() as session:
        session.add(made)
    return made


def one(action: str, **data: Any) -> Any:
    return [[{"label": "x", "action": action, "data": data}]]


# --- audit ----------------------------------------------------------------------------------------------------------


async def something_is_asked(harness: DispatcherHarness) -> None:
    for station in STATIONS:
        await harness.types(f"/incidents {station}", ROOT, ROOT)


async def test_the_audit_of_a_pbx_is_of_that_pbx(fleet: DispatcherHarness) -> None:
    await something_is_asked(fleet)
    await fleet.types("/audit", ALICE, ALICE)
    assert facts(fleet)["total"] == len(facts(fleet)["rows"]) == 2
    await fleet.types("/audit baker", ROOT, ROOT)
    assert [row["what"] for row in facts(fleet)["rows"]] == ["/audit", "/incidents"]


async def test_the_audit_of_the_fleet_is_everything_and_says_of_which(fleet: DispatcherHarness) -> None:
    await something_is_asked(fleet)
    await fleet.types("/audit fleet", ROOT, ROOT)
    assert [row["station"] for row in facts(fleet)["rows"]] == [EVERY_STATION, CORP, BAKER, ACME]


async def test_a_row_of_another_pbx_is_not_opened_nor_exported(fleet: DispatcherHarness) -> None:
    await something_is_asked(fleet)
    of_baker = next(row.id for row in await fleet.audit() if row.station == BAKER)
    back = {"since": None, "until": None, "actor_id": None, "what": "", "allowed": None}
    made = await keyboard(fleet, ALICE, one("audit.card", entry=of_baker, back={"wanted": back, "before": None}), ACME)
    said = len(fleet.chat.shown)
    await fleet.presses(made, ALICE, ALICE)
    assert fleet.chat.toasts[-1] == "I do not know this any more."
    assert len(fleet.chat.shown) == said
    page = await keyboard(fleet, ALICE, one("audit.page", wanted=back | {"station": BAKER}, before=None), ACME)
    await fleet.presses(page, ALICE, ALICE)
    assert "/incidents" in {row["what"] for row in facts(fleet)["rows"]}
    assert {row["station"] for row in facts(fleet)["rows"]} == {ACME}


# --- alert messages of several stations -----------------------------------------------------------------------------


async def a_card(harness: DispatcherHarness, *of: str) -> tuple[int, Keyboard]:
    """Send an alert message for all stations: an incident of each, and a resolved one of Acme."""
    with harness.database.begin() as session:
        row = Outgoing(
            action="send",
            chat_id=NOC,
            template="alert",
            facts={},
            silent=False,
            state="sent",
            created_at=NOW,
            not_before=NOW,
            attempts=0,
        )
        session.add(row)
        session.flush()
        card = AlertMessage(station=of[0], chat_id=NOC, loud=True, opened_at=NOW, joined_at=NOW, message=row.id)
        session.add(card)
        found = [_incident(station, open_=True) for station in of] + [_incident(ACME, open_=False)]
        session.add_all(found)
        session.flush()
        session.add_all(AlertMessageIncident(card_id=card.id, incident_id=incident.id) for incident in found)
        made = new_keyboard(NOC, stored(presenter.buttons_of(card.id, found)), now=NOW, station=card.station)
        session.add(made)
    return card.id, made


def _incident(station: str, *, open_: bool) -> Incident:
    return Incident(
        station=station,
        subject="SIP-1",
        open_key=f"{station}:SIP-1" if open_ else None,
        kind="trunk_down",
        facts={"trunk": "Zadarma"},
        began_at=NOW,
        opened_at=NOW,
        ended_at=None if open_ else NOW,
    )


def taken(harness: DispatcherHarness) -> list[str]:
    return [name for name, station in harness.running.items() if station.incident_manager.taken]


async def test_all_of_it_is_taken_where_the_person_may(fleet: DispatcherHarness) -> None:
    _, made = await a_card(fleet, CORP, ACME, BAKER)
    await fleet.presses(made, BELLA, NOC, "0:0")
    assert taken(fleet) == [ACME, BAKER]
    await fleet.presses(made, ROOT, NOC, "0:0")
    assert taken(fleet) == list(STATIONS)


async def test_the_details_of_a_card_are_its_open_ones_that_the_person_may_see(fleet: DispatcherHarness) -> None:
    _, made = await a_card(fleet, ACME, BAKER, CORP)
    await fleet.presses(made, ROOT, NOC, "0:1")
    assert sorted(line["station"] for line in facts(fleet)["open"]) == list(STATIONS)
    await fleet.presses(made, ALICE, NOC, "0:1")
    assert [line["station"] for line in facts(fleet)["open"]] == [ACME]


async def test_each_of_the_list_opens_as_what_it_is_of(fleet: DispatcherHarness) -> None:
    _, made = await a_card(fleet, ACME, BAKER)
    await fleet.presses(made, ROOT, NOC, "0:1")
    listed = fleet.chat.keyboards[-1]
    place = next(i for i, button in enumerate(listed.rows[0]) if button["data"]["station"] == BAKER)
    await fleet.presses(listed, ALICE, NOC, f"0:{place}")
    assert fleet.chat.shown[-1].template == "incidents"
    await fleet.presses(listed, ROOT, NOC, f"0:{place}")
    assert (fleet.chat.shown[-1].template, facts(fleet)["station"]) == ("incident", BAKER)


async def test_the_incidents_of_the_fleet_are_those_of_every_pbx(fleet: DispatcherHarness) -> None:
    await a_card(fleet, ACME, CORP)
    await fleet.types("/incidents fleet", ROOT, ROOT)
    assert [line["station"] for line in facts(fleet)["open"]] == [CORP, ACME]
    assert [line["station"] for line in facts(fleet)["recent"]] == [ACME]
    await fleet.types("/incidents", ALICE, ALICE)
    assert [line["station"] for line in facts(fleet)["open"]] == [ACME]


def test_a_message_about_one_pbx_says_so() -> None:
    assert presenter.station_of([_incident(BAKER, open_=True)]) == BAKER
    assert presenter.station_of([_incident(BAKER, open_=True), _incident(ACME, open_=True)]) == EVERY_STATION


# --- imports, requests ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["import.go_on", "import.stop", "import.report"])
async def test_an_import_of_another_pbx_is_not_there(fleet: DispatcherHarness, action: str) -> None:
    number = await fleet.services.imports.begin(BAKER, ROOT, [{"state": "waiting"}])
    made = await keyboard(fleet, ALICE, one(action, **{"import": number}), ACME)
    await fleet.presses(made, ALICE, ALICE)
    kept = await fleet.services.imports.find(BAKER, number)
    assert kept is not None
    assert kept.state == "running"
    assert len(fleet.chat.shown) == 0


async def test_a_request_for_access_is_answered_only_where_it_was_asked(fleet: DispatcherHarness) -> None:
    await fleet.services.requests.ask(BAKER, 99, {}, [ROOT], lambda _id: one("access.answer"), [])
    made = await keyboard(fleet, ALICE, one("access.answer", request=1, role="viewer"), ACME)
    await fleet.presses(made, ALICE, ALICE)
    assert fleet.chat.toasts[-1] == "I do not know this request any more."
    assert 99 not in {grant.subject for grant in (await fleet.book.current()).grants}


async def test_who_asks_for_access_without_a_pbx_is_not_given_all_of_them_with_one_press(
    fleet: DispatcherHarness,
) -> None:
    # Who gives access has written to the bot.
    await fleet.types("/id", ROOT, ROOT)
    await fleet.types("/start", 99, 99)
    await fleet.presses(fleet.chat.keyboards[-1], 99, 99)
    with fleet.database.begin() as session:
        asked = (session.execute(select(Keyboard).where(Keyboard.chat_id == ROOT))).scalars().one()
    assert [button["data"]["role"] for row in asked.rows for button in row] == [""]
    assert asked.station == EVERY_STATION
