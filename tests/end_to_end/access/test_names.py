"""Names and numbers in both languages, in spite of the PBX's own spelling of names and of a leading 8."""

import re
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.end_to_end.commands.test_call_records import CALLER, MOBILE, Archive, total
from tests.end_to_end.harness import ANNA, Json, Program, Standins

# As the PBX stores them in its records: a Latin e for a ё, and no apostrophe.
PYOTR: Json = {"src_num": "204", "src_name": "Пeтр Иванов"}
ONEIL: Json = {"dst_num": "212", "dst_name": "Robert bONeilb  Sons"}
MOSCOW = "84951234500"


@pytest.mark.parametrize(
    ("language", "reached", "back", "refused", "until"),
    [
        ("en", "reached us at 12:00 (204)", "called back 11:00 by 204", "“for 30” is not a time I can use", "until"),
        ("ru", "дозвонились сами 12:00 (204)", "перезвонили 11:00, 204", "«for 30»", "до"),
    ],
)
def test_who_is_spelled_how_and_found_by_what(
    standins: Standins,
    start_bot: Callable[..., Program],
    language: str,
    reached: str,
    back: str,
    refused: str,
    until: str,
) -> None:
    standins.post("/control/traffic", running=False)
    archive = Archive(standins)
    start_bot(language=language, pbx_timezone="Europe/Moscow")
    # Yesterday in Moscow, possibly another day than in the stand-in's zone.
    archive.now = standins.now().astimezone(ZoneInfo("Europe/Moscow"))
    pyotr = [number for number, _ in archive.people].index("204")
    spelled = {"dst_name": PYOTR["src_name"]}
    archive.put(
        [archive.incoming(archive.at(1, "09:00:00"), None, to=pyotr, caller=MOSCOW, **spelled)],
        [archive.incoming(archive.at(1, "10:00:00"), None, to=pyotr, **spelled)],
        [archive.outgoing(archive.at(1, "11:00:00"), 30, by=pyotr, to=CALLER, **PYOTR)],
        [archive.incoming(archive.at(1, "11:30:00"), None, to=pyotr, caller=MOBILE, **spelled)],
        [archive.incoming(archive.at(1, "12:00:00"), 30, to=pyotr, caller=MOBILE, **spelled)],
        [archive.outgoing(archive.at(1, "13:00:00"), 30, **PYOTR, **ONEIL, from_account="204", to_account="212")],
        [archive.outgoing(archive.at(1, "14:00:00"), 30, by=0)],
    )

    for word in ("Пётр", "петр", "ПЕТР", "Пeтр"):
        found = standins.asks(ANNA, f"/cdr yesterday {word}")
        assert total(found) == 6, word
        assert "Пётр Иванов" in found.text
        assert "Пeтр Иванов" not in found.text
        # Moscow, not Vietnam.
        assert "+7 495 123-45-00" in found.text
    for word in ("O'Neil", "oneil"):
        found = standins.asks(ANNA, f"/cdr yesterday {word}")
        assert total(found) == 1, word
        assert "O'Neil" in found.text
    assert total(standins.asks(ANNA, "/cdr yesterday from петр")) == 2

    missed = standins.asks(ANNA, "/missed yesterday").text
    assert reached in missed
    assert back in missed

    for asked in ("/status петр", "/employees Петр", "/stats yesterday"):
        assert "Пeтр" not in standins.asks(ANNA, asked).text
    assert "204 Пётр Иванов" in standins.asks(ANNA, "/status петр").text
    assert "Пётр Иванов" in standins.asks(ANNA, "/employees Петр").text

    assert "204 Пётр Иванов" in standins.asks(ANNA, "/delete_employee петр").text
    assert "204 Пётр Иванов" in standins.asks(ANNA, "/edit_employee петр ring=20").text

    standins.wait_until_known()
    now = standins.now().astimezone(ZoneInfo("Europe/Moscow"))
    mute = standins.asks(ANNA, "/mute Zadarma for 10m testing").text
    assert any(f"{until} {now + timedelta(minutes=10, seconds=later):%H:%M}" in mute for later in (0, 60))
    assert "for 10m" not in mute
    assert refused in standins.asks(ANNA, "/mute Zadarma for 30").text
    status = standins.asks(ANNA, "/status").text
    assert re.search(rf"🔕 Zadarma · {until} ", status)
