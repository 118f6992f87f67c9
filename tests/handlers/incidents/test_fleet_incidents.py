"""Fleet-wide incidents in /incidents, an incident's view and /why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.incidents.model import INTERNET, PROVIDER, Kind
from bot.messages.sanitize import WORD_JOINER, plain
from bot.store.tables.incidents import Incident
from handlers.incidents.facts import incident_facts
from tests.messages.renderers import renderer

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
FACTS: dict[str, Any] = {"hit": 14, "of": 15, "trunks": 14, "stations": ["Bakery", "Clinic"]}


def facts(kind: Kind, subject: str, ended_at: datetime | None = None, **more: Any) -> dict[str, Any]:
    began = NOW - timedelta(minutes=1)
    incident = Incident(
        id=7, number=7, station="", subject=subject, kind=kind, began_at=began, opened_at=NOW, held_by=""
    )
    incident.facts, incident.ended_at, incident.end_reason = FACTS | more, ended_at, "recovered" if ended_at else None
    return incident_facts(incident, NOW)


def read(template: str, language: str = "en", **of: Any) -> list[str]:
    return plain(renderer(language).text(template, of, zone=UTC, now=NOW)).replace(WORD_JOINER, "").splitlines()


PROVIDERS = facts(Kind.PROVIDER_DOWN, PROVIDER + "sip.x.example", host="sip.x.example")
OWN = facts(Kind.OWN_INTERNET, INTERNET, host="")
OVER = facts(Kind.PROVIDER_DOWN, PROVIDER + "sip.x.example", NOW, host="sip.x.example")


def test_the_list() -> None:
    lines = read(
        "incidents", station="All", total=2, open=[PROVIDERS, OWN], recent=[OVER], page=1, pages=1, several=True
    )
    assert "#7 🔴 sip.x.example · down for many PBXs at once" in lines
    assert "#7 🔴 the bot's own internet is down" in lines
    assert any(line.startswith("#7 🟢 sip.x.example · works again") for line in lines)


def test_one_of_them() -> None:
    lines = read("incident", number=7, incident=PROVIDERS, station="All", noticed_after=0, chats=[], note="")
    assert lines[0] == "#7 🔴 sip.x.example · down for many PBXs at once · All"
    assert "14 of 15 PBXs: Bakery, Clinic and 12 more" in lines


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (
            {"what": "left_to_fleet", "to": "sip.x.example"},
            "The fleet is told once for all PBXs that sip.x.example is down",
        ),
        ({"what": "held", "rule": "internet"}, "Held back by an outage of the bot's own internet"),
        ({"what": "opened", "kind": "own_internet"}, "It began: the bot's own internet is down"),
    ],
)
def test_why(step: dict[str, Any], says: str) -> None:
    link = (
        dict.fromkeys(("kind", "cause", "trouble", "row", "by", "reason", "until"), "")
        | {"at": NOW, "late": 0.0, "everywhere": False}
        | step
    )
    lines = read("why", number=7, incident=OWN, station="All", steps=[link], page=1, pages=1)
    assert says in lines[-1]


@pytest.mark.parametrize("template", ["incidents", "incident"])
def test_in_russian_too(template: str) -> None:
    of = {"station": "Все", "total": 1, "open": [PROVIDERS], "recent": [], "page": 1, "pages": 1, "several": True}
    lines = read(template, "ru", **of, number=7, incident=PROVIDERS, noticed_after=0, chats=[], note="")
    assert "не работает сразу у многих АТС" in "\n".join(lines)
