"""Pure parts of the check: the place of the database, releases, the report."""

import json
from pathlib import Path

import pytest

from bot.app.check.database import MEGABYTE, Contents, Place, content_findings, place_findings
from bot.app.check.findings import Finding, Level, fault, ok, warning, worst
from bot.app.check.report import as_json, lines
from bot.app.check.service import unit_findings
from bot.config.known_releases import shipped_releases
from bot.pbx import Dialect
from bot.pbx.releases import Behind, behind, faults_of
from bot.store.schema import NEWEST_REVISION

FILE = Path("/var/lib/mikopbx-bot/bot.sqlite3")


def wrong(findings: object) -> list[tuple[str, str]]:
    assert hasattr(findings, "__iter__")
    return [(one.check, one.level) for one in findings if one.level is not Level.OK]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place(FILE, exists=True, is_writable=True, free=5000 * MEGABYTE), []),
        (Place(FILE, exists=False, is_writable=True, free=5000 * MEGABYTE), []),
        (Place(FILE, exists=True, is_writable=False, free=5000 * MEGABYTE), [("database.place", "fault")]),
        (Place(FILE, exists=True, is_writable=True, free=50 * MEGABYTE), [("database.space", "fault")]),
        (Place(FILE, exists=True, is_writable=True, free=500 * MEGABYTE), [("database.space", "warning")]),
        (
            Place(FILE, exists=True, is_writable=True, free=5000 * MEGABYTE, loose="chmod"),
            [("database.mode", "warning")],
        ),
    ],
)
def test_the_place_of_the_database(place: Place, expected: list[tuple[str, str]]) -> None:
    assert wrong(place_findings(place)) == expected


def test_several_machines_on_one_server_are_named() -> None:
    one = Contents(NEWEST_REVISION, bots=1)
    assert wrong(content_findings(one, "PostgreSQL")) == []
    two = Contents(NEWEST_REVISION, bots=2)
    assert wrong(content_findings(two, "PostgreSQL")) == [("database.processes", "fault")]


def test_a_container_needs_no_unit() -> None:
    assert wrong(unit_findings(None, in_container=True)) == []
    assert wrong(unit_findings(None, in_container=False)) == [("service.unit", "warning")]


@pytest.mark.parametrize(
    ("release", "dialect", "known"),
    [
        ("2026.1.233-dev", None, 2),
        ("2026.6.98", None, 1),
        ("2026.6.99", None, 0),
        ("2026.10.1", None, 0),
        (None, Dialect.EARLIER, 2),
        (None, Dialect.FROM_2026_3_40, 0),
        (None, None, 0),
    ],
)
def test_known_faults_of_a_release(release: str | None, dialect: Dialect | None, known: int) -> None:
    assert len(faults_of(shipped_releases(), release, dialect)) == known


@pytest.mark.parametrize(
    ("release", "dialect", "known"),
    [
        ("2026.9.5", None, Behind(0, 0)),
        ("2026.12.1-dev", None, Behind(0, 0)),
        ("2026.8.2", None, Behind(1, 1)),
        ("2026.7.1", None, Behind(2, 1)),
        # Builds that are not for use are not counted.
        ("2026.3.40", None, Behind(6, 4)),
        ("2026.1.223", None, Behind(7, 4)),
        (None, Dialect.EARLIER, Behind(6, 4, at_least=True)),
        (None, Dialect.FROM_2026_3_40, None),
        (None, None, None),
    ],
)
def test_how_far_a_release_is_behind(release: str | None, dialect: Dialect | None, known: Behind | None) -> None:
    assert behind(shipped_releases(), release, dialect) == known


def test_a_report_is_one_line_for_each_finding_whatever_others_are_called() -> None:
    named = fault("pbx.trunks", "down now: Za\ndarma\x1b[2J", "look", subject="acme")
    shown = list(lines([ok("settings.value", "fine"), named]))
    assert shown == ["Settings", "  ✓ fine", "\nPBX", r"  ✗ down now: Za\ndarma\x1b[2J. Look", "\n1 fault, no warnings"]


def test_the_json_has_a_stable_form() -> None:
    found = [ok("settings.value", "fine"), warning("pbx.right", "no right", "add it", subject="acme/cdr")]
    assert json.loads(as_json(found)) == {
        "schema": 1,
        "result": "warning",
        "findings": [
            {"check": "settings.value", "subject": "", "level": "ok", "text": "fine", "remedy": ""},
            {"check": "pbx.right", "subject": "acme/cdr", "level": "warning", "text": "no right", "remedy": "add it"},
        ],
    }
    assert json.loads(as_json([], settings_wrong=True))["result"] == "settings"


def test_a_fault_without_a_remedy_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="has a remedy"):
        Finding("pbx.key", Level.FAULT, "refused")
    assert worst([]) is Level.OK
