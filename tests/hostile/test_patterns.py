"""No pattern and no function that reads user text takes quadratic time.

A text of Telegram's maximum length must take milliseconds, since it blocks the event loop. The limits here are higher,
for a busy machine; beyond them, twice the length must not take much more than twice the time.
"""

import inspect
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import Any

import pytest
from telegram import Update

from bot.messages import masking
from bot.messages.audit_words import COMPILED
from bot.messages.sanitize import sanitize_facts
from bot.store.typed_secrets import contains_secret, cut, is_name, names_secret, without_secrets
from handlers.dialog.pbx_messages import TRANSLATIONS
from handlers.dispatch.update_parser import read_intent
from handlers.employees import fields
from handlers.parsing.arguments import of_known_fields, read_words
from handlers.parsing.fields import Fields
from handlers.safety import password_in_chat
from handlers.trunks import fields as trunk_fields
from tests.fixtures.examples import PROFILE
from tests.hostile.fixtures import hostile_texts, programs_code
from tests.hostile.fixtures.hostile_texts import MOST, repeated

SOON, NEVER = 0.05, 0.5
# For a part of the maximum length. A quadratic pattern that takes SOON for all of it takes 12 ms for a half and 3 ms
# for a quarter; a cubic one 6 ms for a half, which CI tests too.
PART, SUSPECT = (2, 0.004) if PROFILE == "ci" else (4, 0.003)
# Ratio of times for twice the length: 2 is linear, 4 quadratic.
LINEAR = 3.0
# Patterns built at run time, from the program's own words or tested below.
MADE_LATER = {
    "bot.demo.pbx.web.endpoints:resource.ids",
    "bot.demo.pbx.web.endpoints:self.ids",
    "bot.demo.pbx.web.passwords:kind",
    "handlers.dispatch.declare:pattern",
    "bot.messages.audit_words:pattern",
    "handlers.dialog.pbx_messages:pattern",
}
# Functions that open, write or declare something; and calendars, which are parsed in a process that can be killed.
LEFT_OUT = {
    "bot.runtime.logs.configure_logging",
    "bot.oncall.calendar.read",
    "bot.store.database.async_url",
    "bot.store.database._one_connection",
    "bot.http.server.listen",
    "handlers.dispatch.declare.answer",
    "handlers.dispatch.declare.button",
    "handlers.dispatch.declare.command",
}

Reads = Callable[[str], Any]
Texts = Callable[[int], Iterable[str]]


def once(read: Reads, text: str) -> float:
    """Return the CPU time of one run."""
    began = time.process_time()
    with suppress(Exception):
        read(text)
    return time.process_time() - began


def seconds(read: Reads, text: str, tries: int) -> float:
    """Return the least CPU time of several runs."""
    best = float("inf")
    for _ in range(tries):
        best = min(best, once(read, text))
        if best < SOON or best > 2 * NEVER:
            break
    return best


def is_linear(read: Reads, text: str, twice: str, took: float) -> bool:
    """Return True if twice the length takes about twice the time at least once. By turns, since a busy machine slows
    both; that the shorter takes much longer than the `took` of before excuses nothing."""
    return any(once(read, twice) <= LINEAR * min(once(read, text), 1.2 * took) for _ in range(8))


def too_slow(read: Reads, texts: Texts) -> Iterator[str]:
    for place, part in enumerate(texts(MOST // PART)):
        if seconds(read, part, 1) < SUSPECT:
            continue
        text = _text(texts, MOST, place)
        took = seconds(read, text, 4)
        if took < SOON:
            continue
        if took > NEVER or not is_linear(read, text, _text(texts, 2 * MOST, place), took):
            yield f"{took:.3f} s for {text[:40]!r}"


@cache
def ordinary_texts(length: int) -> tuple[str, ...]:
    return tuple(hostile_texts.texts(length))


def _text(texts: Texts, length: int, place: int) -> str:
    return next(islice(texts(length), place, None))


def all_matches(pattern: re.Pattern[Any]) -> Reads:
    """Return the matches: searching, replacing and splitting do the same work."""
    if isinstance(pattern.pattern, bytes):
        return lambda text: [*pattern.finditer(text.encode("utf-8", "replace"))]
    return lambda text: [*pattern.finditer(text)]


def whole_match(pattern: re.Pattern[Any]) -> Reads:
    if isinstance(pattern.pattern, bytes):
        return lambda text: pattern.fullmatch(text.encode("utf-8", "replace"))
    return pattern.fullmatch


def ways(place: str, pattern: re.Pattern[Any]) -> tuple[Reads, ...]:
    """Return the ways to apply a pattern. The demo matches the bot's own texts at one position, without a search; the
    audit's words are matched whole."""
    return (
        (whole_match(pattern),)
        if place.startswith(("bot.demo", "bot.messages.audit_words"))
        else (all_matches(pattern), whole_match(pattern))
    )


def test_no_pattern_takes_the_square_of_what_it_reads() -> None:
    found, made_later = programs_code.patterns()
    assert made_later == MADE_LATER
    assert len(found) > 150
    found |= {f"bot.messages.audit_words:{text}": pattern for pattern, text in COMPILED}
    found |= {
        f"handlers.dialog.pbx_messages:{one}": re.compile(one, re.IGNORECASE | re.DOTALL) for one, _ in TRANSLATIONS
    }
    slow = {
        place: how
        for place, pattern in found.items()
        for read in ways(place, pattern)
        if (how := next(too_slow(read, lambda length, p=pattern: hostile_texts.against(p, length)), ""))  # type: ignore[misc]
    }
    assert not slow


@pytest.mark.parametrize("part", range(4))
def test_no_function_takes_the_square_of_what_was_typed(part: int) -> None:
    """Covers every function of the program whose first argument is a text or words."""
    found = programs_code.text_functions(LEFT_OUT)
    assert len(found) > 150
    assert {
        "bot.messages.sanitize.sanitize",
        "handlers.parsing.arguments.split",
        "handlers.parsing.silences.take_subject",
    } <= found.keys()
    assert {
        "handlers.parsing.periods.read_period",
        "handlers.calls.filter_words.read_filter",
        "bot.text.person_names.folded",
    } <= found.keys()
    mine = [*found.items()][part::4]
    slow = {place: how for place, read in mine if (how := next(too_slow(read, ordinary_texts), ""))}
    assert not slow


def fields_of(module: Any) -> Fields:
    found: Fields = module.FIELDS
    return found


@pytest.mark.parametrize(
    "read",
    [
        masking.masked,
        lambda text: masking.masked(text, "RU"),
        sanitize_facts,
        lambda text: without_secrets(cut(text, 1024)),
        names_secret,
        is_name,
        lambda text: of_known_fields(text, trunk_fields.FIELDS.names),
        lambda text: password_in_chat.is_named(read_words(text)),
        lambda text: password_in_chat.is_unassigned(read_words(text)),
        lambda text: fields_of(fields).read(read_words(text).fields),
        lambda text: fields_of(trunk_fields).read(read_words(text).fields),
    ],
    ids=lambda read: inspect.getsource(read).strip()[:60] if read.__name__ == "<lambda>" else read.__name__,
)
def test_nothing_else_that_reads_what_was_typed_takes_long(read: Reads) -> None:
    assert [*too_slow(read, ordinary_texts)] == []


@pytest.mark.parametrize("unit", ["😀", "/a ", "a", "@anna "])
def test_an_update_that_is_as_large_as_they_come_is_read_at_once(unit: str) -> None:
    def of(length: int) -> dict[str, Any]:
        words = repeated(unit, length)
        entities = [{"type": "bot_command", "offset": 0, "length": 2}]
        user = {"id": 7, "is_bot": False, "first_name": "x" * 64}
        entities += [{"type": "text_mention", "offset": at, "length": 1, "user": user} for at in range(3, 102)]
        message = {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "from": user, "text": f"/a{words}"}
        return {"update_id": 1, "message": message | {"entities": entities, "reply_to_message": message}}

    def texts(length: int) -> Iterator[str]:
        yield "x" * length

    def read(text: str) -> None:
        assert read_intent(Update.de_json(of(len(text)), None), "bot") is not None

    assert [*too_slow(read, texts)] == []


@pytest.mark.parametrize(
    "text",
    [
        "passw" * 819,
        "-passw" * 682,
        "-pass" * 819,
        "pass" + " " * 4000,
        'password="' * 400,
        "pw  " * 1024,
        "pin" + " " * 4000,
        "pw" + "=" * 4000,
        "pw=" + " " * 4000,
        "ｐａｓｓ\u00ad" * 800,
        "é\u0301\u0316" * 1300 + "pw",
        "passowrd " * 455,
        "p@ssw0rd " * 455,
        "пороль " * 585,
        "p@" * 2048,
        "a_" * 2048,
        "p" * 4096,
        "pasw" + "o" * 4088,
    ],
)
def test_a_word_that_looks_like_a_password_again_and_again_is_read_at_once(text: str) -> None:
    assert seconds(contains_secret, text, 5) < SOON
    assert seconds(without_secrets, text, 5) < SOON


def test_what_is_cut_shows_no_half_of_a_token() -> None:
    token = "1234567890:AAtestTestTestTestTestTestTestTestTest0"
    for before in range(900, 1024):
        shown = without_secrets(cut("word " * (before // 5) + " " * (before % 5) + token, 1024))
        assert "AAtest" not in shown


def test_the_square_is_seen_where_it_is() -> None:
    """Checks the test itself, with a quadratic pattern that the audit once used."""
    before = re.compile(r"(?i)(?<![\w-])([\w-]*(?:pas+w|pwd|secret)[\w-]*)(?:\s*[=:]\s*|\s+)\S+")
    assert next(too_slow(all_matches(before), lambda length: hostile_texts.against(before, length)), "")
