"""The table of kinds has every kind, and every kind has its own template."""

import pytest

from bot.incidents.model import KINDS, PARTIAL_KINDS, PARTIAL_OUTAGES, SUBJECT_NAMES, Kind, kind_info
from bot.messages.renderer import TEMPLATES

# What each kind must say by itself: the defaults are of a kind that is not known.
OWN_BLOCKS = ("title", "state", "step", "cause", "resolved")


def source(name: str) -> str:
    """The template and those that it extends, but not the defaults."""
    (path,) = TEMPLATES.rglob(f"{name}.html")
    text = path.read_text()
    parent = text.partition('{% extends "')[2].partition('.html"')[0]
    return text if parent in ("", "_kind") else text + source(parent)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_an_entry_and_a_template(kind: Kind) -> None:
    assert kind in KINDS
    text = source(f"_kind_{kind}")
    assert not [block for block in OWN_BLOCKS if f"{{% block {block} %}}" not in text]


@pytest.mark.parametrize("kind", Kind)
def test_an_outage_makes_a_sound(kind: Kind) -> None:
    assert KINDS[kind].loud or not KINDS[kind].outage


def test_a_trunk_has_no_subject_of_a_condition() -> None:
    assert all(info.is_trunk == (info.subject is None) for info in KINDS.values())


def test_every_template_of_a_kind_belongs_to_one() -> None:
    known = {f"_kind_{kind}" for kind in Kind} | {"_kind_of_trunk", "_kind_of_pbx"}
    assert {path.stem for path in TEMPLATES.rglob("_kind_*.html")} == known


def test_what_is_derived_from_the_table() -> None:
    assert {Kind.TRUNK_OUTBOUND_DOWN, Kind.TRUNK_DETOURED} == PARTIAL_KINDS
    assert {*PARTIAL_KINDS, Kind.TRUNK_PARTIAL} == PARTIAL_OUTAGES
    assert set(SUBJECT_NAMES) >= {"", ":clock", ":copy", ":calls", ":rehearsal", ":internet"}


def test_a_kind_that_is_not_known_is_an_outage() -> None:
    unknown = kind_info("smoke_detected")
    assert unknown.real_outage
    assert unknown.loud
    assert kind_info("trunk_down") is KINDS[Kind.TRUNK_DOWN]
