"""What is wrong with a PBX beside its trunks: findings of one look, each with its incident. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.config.known_releases import KnownReleases, shipped_releases
from bot.detection.refused_sign_ins import Told, guessing, wrong_phones
from bot.incidents.model import (
    PBX_ADVICE,
    PBX_BAN,
    PBX_CERTIFICATE,
    PBX_DISK,
    PBX_GUESSING,
    PBX_RELEASE,
    PBX_SIGN_IN,
    Kind,
)
from bot.pbx import Advice, AdviceLevel, Ban, Dialect, Disk
from bot.pbx.certificate import Certificate
from bot.pbx.releases import Behind, behind, faults_of

# MikoPBX's Let's Encrypt module renews a month before the end.
EXPIRES_SOON = timedelta(days=14)
# MikoPBX deletes the oldest recordings below 500 MB. A disk is nearly full below this part of it, within these limits.
LOW_PART = 0.05
LOW_MB = (1024.0, 10_240.0)
# Hysteresis: a reported disk is full enough again only above this part more.
FREED = 1.25
# Advice of what is told here better, or is no fault.
DISK_ADVICE = "StorageDiskRunningOutOfFreeSpace"
NEW_RELEASE_ADVICE = "AvailableNewVersionPBX"
# Of what is guessed.
SHOWN = 5
EXTENSIONS_PAGE = "extensions/index/"


@dataclass(frozen=True, slots=True)
class KnownAddresses:
    """Addresses that a ban would hurt: the bot's own, and those of providers with the name of a trunk."""

    own: frozenset[str] = frozenset()
    providers: Mapping[str, str] = field(default_factory=dict)

    def is_known(self, address: str) -> bool:
        return address in self.own or address in self.providers


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at a PBX; None for what is not known. `certificate` is None also where its date does not matter."""

    release: str | None = None
    releases: KnownReleases = field(default_factory=shipped_releases)
    dialect: Dialect | None = None
    disk: Disk | None = None
    certificate: Certificate | None = None
    bans: tuple[Ban, ...] | None = None
    known: KnownAddresses = field(default_factory=KnownAddresses)
    advice: tuple[Advice, ...] | None = None
    off_by: timedelta | None = None
    sign_ins: Mapping[str, Told] = field(default_factory=dict)

    @property
    def behind(self) -> Behind | None:
        return behind(self.releases, self.release, self.dialect)

    @property
    def newer_release(self) -> str:
        """Release that the PBX says is out; "" if it tells of none."""
        news = (one for one in self.advice or () if one.level is AdviceLevel.INFO)
        return next((one.version for one in news if one.key == NEW_RELEASE_ADVICE), "")


@dataclass(frozen=True, slots=True)
class Finding:
    """`facts` are plain JSON, and change only when it is worth showing again; `page` is a path of the web page."""

    subject: str
    kind: Kind
    page: str
    facts: Mapping[str, Any]


def findings(reading: Reading, now: datetime, told: Collection[str] = ()) -> dict[str, Finding]:
    """Return the findings by subject; `told` are the subjects of open incidents."""
    found = [
        *_release(reading),
        *_disk(reading, told),
        *_certificate(reading, now),
        *_bans(reading),
        *_sign_ins(reading),
        *_advice(reading),
    ]
    return {one.subject: one for one in found}


def is_over(subject: str, reading: Reading, facts: Mapping[str, Any]) -> bool | None:
    """Return True if an open finding that `reading` does not confirm has ended; None if the reading lacks its subject.

    `facts` are those of the open finding: one with exact figures ends only by exact figures.
    """
    if subject == PBX_RELEASE:
        known = reading.release is not None or (reading.dialect is not None and not facts.get("exact"))
    elif subject == PBX_DISK:
        known = reading.disk is not None or (reading.advice is not None and not facts.get("total_mb"))
    elif subject == PBX_CERTIFICATE:
        known = reading.certificate is not None
    elif subject.startswith(PBX_BAN):
        known = reading.bans is not None
    elif subject == PBX_GUESSING:
        known = bool(reading.sign_ins)
    elif subject.startswith(PBX_SIGN_IN):
        known = subject.removeprefix(PBX_SIGN_IN) in reading.sign_ins
    else:
        known = reading.advice is not None
    return True if known else None


def _release(reading: Reading) -> list[Finding]:
    faults = [one.facts() for one in faults_of(reading.releases, reading.release, reading.dialect)]
    shown = reading.release or (f"{reading.dialect}" if reading.dialect else "")
    facts = {"release": shown, "exact": reading.release is not None, "faults": faults}
    return [Finding(PBX_RELEASE, Kind.PBX_RELEASE, "update/index/", facts)] if faults else []


def _disk(reading: Reading, told: Collection[str]) -> list[Finding]:
    free, total = _free(reading)
    if free is None:
        return []
    limit = min(max(total * LOW_PART, LOW_MB[0]), LOW_MB[1]) * (FREED if PBX_DISK in told else 1)
    facts = {"free_mb": _rounded(free), "total_mb": round(total)}
    return [Finding(PBX_DISK, Kind.PBX_DISK, "storage/index/", facts)] if free < limit else []


def _free(reading: Reading) -> tuple[float | None, float]:
    """Return free and total MB, total 0 if unknown: the PBX's advice tells of a full disk without its size."""
    if reading.disk is not None:
        return reading.disk.free, reading.disk.total
    told = next((one for one in reading.advice or () if one.key == DISK_ADVICE), None)
    return (told.free_mb or 0.0, 0.0) if told else (None, 0.0)


def _rounded(megabytes: float) -> int:
    """Round to 100 MB, below that to 10: an alert is not edited for every call."""
    return int(megabytes // 100 * 100 if megabytes >= 100 else megabytes // 10 * 10)


def _certificate(reading: Reading, now: datetime) -> list[Finding]:
    shown = reading.certificate
    if shown is None or shown.not_after > now + EXPIRES_SOON:
        return []
    facts = {"until": shown.not_after.isoformat()}
    return [Finding(PBX_CERTIFICATE, Kind.PBX_CERTIFICATE, "general-settings/modify/", facts)]


def _bans(reading: Reading) -> list[Finding]:
    return [
        Finding(
            PBX_BAN + ban.address,
            Kind.PBX_BAN,
            "fail2-ban/index/",
            {
                "address": ban.address,
                "provider": "" if ban.address in reading.known.own else reading.known.providers[ban.address],
                "until": ban.until.isoformat() if ban.until else None,
            },
        )
        for ban in reading.bans or ()
        if reading.known.is_known(ban.address)
    ]


def _sign_ins(reading: Reading) -> list[Finding]:
    found = [
        Finding(
            PBX_SIGN_IN + one.number,
            Kind.PBX_SIGN_IN,
            EXTENSIONS_PAGE,
            {"extension": one.number, "address": one.address, "tries": _one_digit(one.tries)},
        )
        for one in wrong_phones(reading.sign_ins)
    ]
    if (attack := guessing(reading.sign_ins)) is not None:
        facts = {
            "numbers": list(attack.numbers[:SHOWN]),
            "count": len(attack.numbers),
            "address": attack.addresses[0],
            "addresses": _one_digit(len(attack.addresses)),
            "tries": _one_digit(attack.tries),
        }
        found.append(Finding(PBX_GUESSING, Kind.PBX_GUESSING, "firewall/index/", facts))
    return found


def _one_digit(count: int) -> int:
    """Round down to one digit: an alert is not edited for every try."""
    step: int = 10 ** (len(str(count)) - 1)
    return count // step * step


def _advice(reading: Reading) -> list[Finding]:
    return [
        Finding(
            PBX_ADVICE + one.key,
            Kind.PBX_ADVICE,
            one.page.removeprefix("/admin-cabinet/"),
            {"advice": one.key, "count": one.count},
        )
        for one in reading.advice or ()
        if one.level in (AdviceLevel.ERROR, AdviceLevel.WARNING) and one.key not in (DISK_ADVICE, NEW_RELEASE_ADVICE)
    ]
