"""What people are told when something is wrong, and what to do about it, as tables of Markdown.

Texts come from the code and the templates that declare them. Most say the remedy themselves, behind the first sentence
or a semicolon; for the others it stands in `remedies`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.app import exit_codes as codes
from bot.config.errors import REMEDIES as MISSING
from bot.config.errors import WrongSettings
from bot.config.startup_warnings import startup_warnings
from bot.config.station_settings import StationSettings
from bot.health.monitor import HealthSignals, problems
from bot.incidents.model import Kind
from bot.messages.renderer import TEMPLATES
from bot.telegram.errors import SecondCopy, TokenRefused
from handlers.dialog.pbx_messages import TRANSLATIONS
from handlers.dialog.refusals import TOASTS
from tests.documents.markdown import prose, table
from tests.documents.remedies import REMEDIES
from tests.documents.texts import block, branches, parsed, python_files, raised, readable, texts
from tests.documents.validators import validated_by

SAYS, DO = "It says", "What to do"
ALERT = TEMPLATES / "alerts" / "_alert.html"
IN_THE_CHAT = (
    "dispatch/refusals/*",
    "dispatch/expired",
    "dispatch/only_in_private",
    "dispatch/password_in_group",
    "dispatch/second_person_missing",
    "dispatch/too_much_going_on",
    "calls/no_recording",
    "calls/not_read",
    "access/not_met",
    "alerts/chat_closed",
    "alerts/foreign_webhook",
    "alerts/private_chat_closed",
    "alerts/unreachable",
    "groups/topic_lost",
    "employees/problems/*",
    "oncall/problems/*",
    "trunks/problems/*",
)
# The remedy begins behind the first sentence, or behind the first semicolon of the only one.
SENTENCE = re.compile(r"(.+?[.!?…])\s+(.+)", re.DOTALL)
# The settings that the rest is about.
NAMED = r"(?:‹setting›|[A-Z_]+(?:, [A-Z_]+)*): "
CLAUSE = re.compile(r"(.+?);\s+(.+)", re.DOTALL)


class NoRemedy(Exception):
    """A text that neither says what to do nor has a remedy in `remedies`."""


def parted(text: str) -> tuple[str, str]:
    """Return a text and its remedy, which is empty for a part of a message."""
    _, _, unnamed = text.partition(": ") if re.match(NAMED, text) else ("", "", text)
    for known in (text, unnamed):
        if known in REMEDIES:
            return prose(text), REMEDIES[known]
    if found := SENTENCE.fullmatch(text) or CLAUSE.fullmatch(text):
        return prose(found[1]), _instruction(found[2])
    raise NoRemedy(f"{text!r} does not say what to do: say it there, or in tests/documents/remedies.py")


def _instruction(text: str) -> str:
    return prose(text if text.startswith("/") else text[0].upper() + text[1:])


def _table(found: Iterable[str]) -> str:
    return table((SAYS, DO), dict.fromkeys((says, do) for says, do in map(parted, found) if do))


def alerts() -> str:
    rows = [
        *_of_kinds(),
        *_paired("trunk_cause", "next_step", "A trunk is down: "),
        *_paired("station_cause", "station_step"),
    ]
    return table((SAYS, DO), rows)


def _paired(causes: str, steps: str, about: str = "") -> Iterator[tuple[str, str]]:
    do = branches(ALERT, steps)
    for value, said in branches(ALERT, causes).items():
        yield prose(about + said[-1]), _instruction(do.get(value, do[""])[-1])


def _of_kinds() -> Iterator[tuple[str, str]]:
    """Yield the kinds that have texts of their own, not by cause."""
    for kind in Kind:
        title, cause, step = (block(_template(kind), part) for part in ("title", "cause", "step"))
        if title and kind is not Kind.TRUNK_DOWN:
            remedy = prose(" ".join(step or cause))
            yield prose(title[0]), remedy or parted(title[0])[1]


def of_the_pbx() -> str:
    return _table(_of_the_pbx())


def _of_the_pbx() -> list[str]:
    found = branches(TEMPLATES / "stations" / "_problem.html", "reason").values()
    return list(dict.fromkeys(text for of_one in found for text in _joined(of_one)))


def _joined(of_one: Sequence[str]) -> Iterator[str]:
    """Yield the texts of one problem. One that does not say what to do is followed by the last one, which does."""
    lacking = [text for text in of_one[:-1] if not _has_remedy(text)]
    yield from (f"{text} {of_one[-1]}" if text in lacking else text for text in of_one[:-1])
    if not lacking:
        yield of_one[-1]


def refusals_of_the_pbx() -> str:
    return _table(_refusals_of_the_pbx())


def _refusals_of_the_pbx() -> list[str]:
    return [readable(text) for _, text in TRANSLATIONS]


def wrong_settings() -> str:
    return _table(_wrong_settings())


def _wrong_settings() -> Iterator[str]:
    yield from (f"{name.upper()}: {text}" for name, text in MISSING.items())
    for file in python_files("bot/config", "bot/http"):
        for text, function in raised(file, ("ValueError", "WrongSettings")):
            # Some only pass on what another one says.
            if re.search(r"[a-z]{2} [a-z]", text):
                yield text if re.match(r"[A-Z]|‹", text) else f"{validated_by().get(function, '‹setting›')}: {text}"


def warnings() -> str:
    risky = StationSettings(
        name="acme",
        title="‹PBX›",
        url="http://pbx.example.com",
        key="key",
        tls_verify=False,
        allow_http={"pbx.example.com"},
    )
    # Behind the last colon that is not in brackets.
    lines = startup_warnings([risky], "http://telegram.example.com", "203.0.113.1:8080", as_root=True)
    rows = [re.split(r": (?![^(]*\))", line) for line in lines]
    return table((SAYS, DO), [(prose(": ".join(says)), _instruction(do)) for *says, do in rows])


def exit_codes() -> str:
    ends = (
        WrongSettings(["one line for each wrong setting; correct those"]),
        TokenRefused("refused"),
        SecondCopy("seen"),
        OperationalError("", {}, Exception("database is locked")),
    )
    rows = []
    for error in ends:
        with capture_logs() as logged:
            code = codes.exit_code_for(error)
        rows.append((f"`{code}`", *parted(logged[0]["event"])))
    return table(("Exit code", SAYS, DO), rows)


def health() -> str:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    silent = timedelta(hours=1)
    found = []
    for polls in ({"‹PBX›": None}, {"‹one›": None, "‹another›": None}):
        signals = HealthSignals(updates=None, polls=polls, tick=None, store_read=None, oldest_due=now - silent)
        found += problems(signals, now=now, started=now - silent, poll_silence=timedelta(minutes=1))
    return _table(re.sub(r"since [\d-]+ [\d:]+ UTC", "since ‹when›", line) for line in found)


def in_the_chat() -> str:
    return _table(_in_the_chat())


def _in_the_chat() -> Iterator[str]:
    for pattern in IN_THE_CHAT:
        for file in sorted(TEMPLATES.glob(f"{pattern}.html")):
            yield from texts(parsed(file))
    yield from map(readable, TOASTS.values())


def every_text() -> Iterator[str]:
    """Yield all texts that are looked up in `remedies`."""
    yield from (title for kind in Kind for title in block(_template(kind), "title")[:1])
    yield from chain(_of_the_pbx(), _refusals_of_the_pbx(), _wrong_settings(), _in_the_chat())


def without_remedy() -> list[str]:
    said = chain(_of_the_pbx(), _refusals_of_the_pbx(), _wrong_settings(), _in_the_chat())
    return [text for text in said if not _has_remedy(text)]


def _has_remedy(text: str) -> bool:
    try:
        parted(text)
    except NoRemedy:
        return False
    return True


def _template(kind: Kind) -> Path:
    (file,) = TEMPLATES.rglob(f"_kind_{kind}.html")
    return file
