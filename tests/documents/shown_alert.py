"""An alert as people read it, for the README."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

from bot.incidents.model import Kind
from bot.messages.i18n import translations
from bot.messages.message import Button, Rows
from bot.messages.renderer import Renderer
from bot.notifications import presenter
from bot.store.tables.incidents import Incident

BEGAN = datetime(2026, 11, 24, 8, 32, 11, tzinfo=UTC)
NOTIFIED = BEGAN + timedelta(seconds=31)


def alert() -> str:
    return _shown("en", "Head office", "Anna Ivanova")


def russian_alert() -> str:
    return _shown("ru", "Главный офис", "Анна Иванова")


def _shown(language: str, station: str, person: str) -> str:
    facts = {
        "trunk": "Zadarma",
        "host": "sip.zadarma.com",
        "cause": "no_answer",
        "up_since": (BEGAN - timedelta(days=5, hours=5)).isoformat(),
        "bad_since": BEGAN.isoformat(),
        "gives_up_at": (BEGAN + timedelta(hours=3)).isoformat(),
        "remaining": 3,
        "of": 4,
        "asked": [person],
        "next_at": (NOTIFIED + timedelta(minutes=10)).isoformat(),
    }
    incident = Incident(
        id=1,
        station=station,
        subject="t1",
        kind=Kind.TRUNK_DOWN,
        began_at=BEGAN,
        opened_at=NOTIFIED,
        open_key="t1",
        facts=facts,
    )
    shown = {"incidents": [presenter.facts_of(incident)], "told_at": NOTIFIED.isoformat(), "superseded": False}
    text = Renderer(language).text("alert", shown, zone=UTC, now=NOTIFIED)
    buttons = _labels(presenter.buttons_of(1, [incident]), language)
    return f"```\n{unescape(re.sub(r'<[^>]+>', '', text)).strip()}\n{buttons}\n```\n"


def _labels(rows: Rows, language: str) -> str:
    translate = translations(language).gettext
    return "\n".join(" ".join(f"[{translate(one.label)}]" for one in row if isinstance(one, Button)) for row in rows)
