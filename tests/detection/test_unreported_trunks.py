"""Provider's phone number in an alert: read from the trunk's note, and no other part of the note."""

import pytest

from bot.detection.unreported_trunks import contact_in
from bot.pbx import TrunkRow
from bot.store.database import Database
from tests.incident_harness.pbx import GROUP, IncidentHarness
from tests.incident_harness.station import DEAD, UP


@pytest.mark.parametrize(
    ("note", "contact"),
    [
        ("Support: +7 (495) 123-45-67, 24/7", "+7 (495) 123-45-67"),
        ("noc@provider.example or 8 800 555 35 35", "8 800 555 35 35, noc@provider.example"),
        ("login office, password Qw3rtyUi9pAs", ""),
        ("password 12345a678901", ""),
        ("contract 4711 of 2024", ""),
        ("card 4111 1111 1111 1111 1", ""),
        ("", ""),
    ],
)
def test_of_a_note_only_a_number_and_an_address_are_shown(note: str, contact: str) -> None:
    assert contact_in(note) == contact


async def test_the_alert_names_the_number(database: Database) -> None:
    harness = IncidentHarness(database)
    await harness.opens()
    row = {"id": "zadarma", "represent": "SIP: Zadarma", "note": "hotline +7 495 123-45-67, PIN Geheim1"}
    harness.pbx.rows["zadarma"] = TrunkRow.model_validate(row)
    harness.pbx.shows("zadarma", UP)
    await harness.pass_(60)
    harness.pbx.shows("zadarma", DEAD)
    await harness.pass_(60)
    alert = next(one for one in harness.heard if one.chat == GROUP)
    assert "☎️ Provider: +7 495 123-45-67" in alert.text
    assert "Geheim1" not in alert.text
