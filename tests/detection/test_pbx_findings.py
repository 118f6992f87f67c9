"""Findings of one look at a PBX. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.detection.pbx_findings import KnownAddresses, Reading, findings, is_over
from bot.incidents.model import PBX_ADVICE, PBX_BAN, PBX_CERTIFICATE, PBX_DISK, PBX_RELEASE
from bot.pbx import Advice, AdviceLevel, Ban, Dialect, Disk
from bot.pbx.certificate import Certificate

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WELL = Reading(
    release="2026.9.5",
    disk=Disk(51_200, 20_000),
    certificate=Certificate(("pbx",), "CN=pbx", NOW, NOW + timedelta(days=15), "AB", is_self_signed=True),
    bans=(),
    advice=(),
)
DEFAULT_PASSWORD = Advice("YouUseDefaultWebPassword", AdviceLevel.ERROR, "/admin-cabinet/general-settings/modify/")


def found(reading: Reading, *told: str) -> dict[str, dict[str, object]]:
    return {subject: dict(one.facts) for subject, one in findings(reading, NOW, told).items()}


def test_nothing_is_found_at_a_pbx_that_is_well_and_nothing_at_one_that_tells_nothing() -> None:
    assert found(WELL) == {}
    assert found(Reading()) == {}


def test_a_release_with_a_known_fault_by_its_number_or_by_how_it_answers() -> None:
    told = found(replace(WELL, release="2026.6.50-dev"))[PBX_RELEASE]
    assert (told["release"], told["exact"]) == ("2026.6.50-dev", True)
    assert [one["name"] for one in told["faults"]] == ["open_recordings"]  # type: ignore[attr-defined]
    by_dialect = found(replace(WELL, release=None, dialect=Dialect.EARLIER))
    assert by_dialect[PBX_RELEASE]["exact"] is False
    # That mended last is first: its remedy is enough.
    assert [one["name"] for one in by_dialect[PBX_RELEASE]["faults"]] == ["open_recordings", "remote_code"]  # type: ignore[attr-defined]
    assert found(replace(WELL, release=None, dialect=Dialect.FROM_2026_3_40)) == {}


@pytest.mark.parametrize(
    ("total", "free", "told", "full"),
    [
        (51_200, 2_600, False, False),
        (51_200, 2_500, False, True),
        # Reported, it must have some more room before it is well.
        (51_200, 2_600, True, True),
        (51_200, 3_300, True, False),
        # A small disk, and one of which 5 % are plenty.
        (8_000, 1_100, False, False),
        (8_000, 900, False, True),
        (4_000_000, 11_000, False, False),
        (4_000_000, 10_000, False, True),
    ],
)
def test_a_disk_is_nearly_full(total: float, free: float, told: bool, full: bool) -> None:
    assert (PBX_DISK in found(replace(WELL, disk=Disk(total, free)), *([PBX_DISK] if told else []))) is full


def test_a_full_disk_is_known_from_the_pbxs_advice_where_its_size_is_not() -> None:
    advice = Advice("StorageDiskRunningOutOfFreeSpace", AdviceLevel.ERROR, free_mb=412.5)
    assert found(replace(WELL, disk=None, advice=(advice,))) == {PBX_DISK: {"free_mb": 400, "total_mb": 0}}


def test_a_certificate_that_ends_within_fourteen_days() -> None:
    assert WELL.certificate is not None
    ends = NOW + timedelta(days=14)
    soon = replace(WELL, certificate=replace(WELL.certificate, not_after=ends))
    assert found(soon) == {PBX_CERTIFICATE: {"until": ends.isoformat()}}


def test_only_bans_that_hurt_are_findings() -> None:
    until = NOW + timedelta(hours=3)
    bans = (Ban("10.0.0.7", until), Ban("203.0.113.7"), Ban("198.51.100.9", until))
    known = KnownAddresses(frozenset({"10.0.0.7"}), {"203.0.113.7": "Zadarma"})
    assert found(replace(WELL, bans=bans, known=known)) == {
        PBX_BAN + "10.0.0.7": {"address": "10.0.0.7", "provider": "", "until": until.isoformat()},
        PBX_BAN + "203.0.113.7": {"address": "203.0.113.7", "provider": "Zadarma", "until": None},
    }


def test_advice_is_a_finding_and_news_of_a_release_is_none() -> None:
    news = Advice("AvailableNewVersionPBX", AdviceLevel.INFO, version="2026.9.9")
    reading = replace(WELL, advice=(DEFAULT_PASSWORD, news))
    assert found(reading) == {
        PBX_ADVICE + "YouUseDefaultWebPassword": {"advice": "YouUseDefaultWebPassword", "count": 1}
    }
    assert reading.newer_release == "2026.9.9"


@pytest.mark.parametrize(
    ("subject", "unknown"),
    [
        (PBX_RELEASE, replace(WELL, release=None)),
        (PBX_DISK, replace(WELL, disk=None, advice=None)),
        (PBX_CERTIFICATE, replace(WELL, certificate=None)),
        (PBX_BAN + "10.0.0.7", replace(WELL, bans=None)),
        (PBX_ADVICE + "X", replace(WELL, advice=None)),
    ],
)
def test_what_is_not_known_ends_nothing(subject: str, unknown: Reading) -> None:
    assert is_over(subject, WELL, {}) is True
    assert is_over(subject, unknown, {}) is None


@pytest.mark.parametrize(
    ("subject", "facts", "less"),
    [
        (PBX_DISK, {"total_mb": 51_200}, Reading(advice=())),
        (PBX_RELEASE, {"exact": True}, Reading(dialect=Dialect.FROM_2026_3_40)),
    ],
)
def test_what_was_found_exactly_is_not_ended_by_what_tells_less(
    subject: str, facts: dict[str, object], less: Reading
) -> None:
    assert is_over(subject, less, facts) is None
    assert is_over(subject, less, {}) is True
    assert is_over(subject, WELL, facts) is True
