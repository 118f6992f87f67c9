"""Examples of times are read by the parsers that they are examples of, in each language."""

from datetime import datetime
from typing import get_args

import pytest

from handlers.parsing.deadlines import take_deadline
from handlers.parsing.periods import read_period
from handlers.parsing.times import examples as time_examples
from handlers.parsing.times.atoms import Atoms
from handlers.parsing.times.examples import AHEAD, PAST, PERIOD_IN_SHORT, SEPARATOR, WINDOWS, Form
from handlers.parsing.times.model import Atom
from handlers.parsing.times.scanner import scan
from handlers.parsing.windows import take_window
from tests.messages.renderers import renderer

# A Wednesday; dates without a year are in the past and to come.
NOW = datetime(2026, 11, 18, 14, 0)  # noqa: DTZ001 (the PBX's wall clock)
LANGUAGES = ("en", "ru")


def shown(language: str, *forms: Form) -> list[str]:
    label = renderer(language).label
    return [one for form in forms for one in label(form.examples).split(SEPARATOR)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_is_read_whole(language: str) -> None:
    for example in [*shown(language, *PAST), *renderer(language).label(PERIOD_IN_SHORT).split(SEPARATOR)]:
        if example in ("28 Nov", "28 ноября"):
            assert read_period(example, NOW).first.year == NOW.year - 1
            continue
        assert read_period(example, NOW).first.year == NOW.year, example
    for example in shown(language, *AHEAD):
        until, remaining = take_deadline(example.split(), NOW)
        assert until is not None, example
        assert not remaining, example
    for example in shown(language, *WINDOWS):
        _, remaining = take_window(example.split(), NOW)
        assert not remaining, example


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_time_of_the_grammar_has_an_example(language: str) -> None:
    """Days, calendar weeks, clock times, parts of the day, lengths, and the last hours."""
    kinds = set[type]()
    for forms, is_ahead in ((PAST, False), (AHEAD, True)):
        for example in shown(language, *forms):
            kinds |= {type(one.atom) for one in scan(example.split(), Atoms(NOW, is_ahead=is_ahead)).times}
    # A moment is a day with its time, written as computers do.
    assert {kind.__name__ for kind in get_args(Atom)} - {kind.__name__ for kind in kinds} <= {"Moment"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_shows_words_of_its_own(language: str) -> None:
    first = shown(language, time_examples.PAST[0])[0]
    assert first == {"en": "today", "ru": "сегодня"}[language]
