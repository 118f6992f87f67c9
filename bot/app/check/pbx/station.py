"""Check of one PBX: address, certificate, key and its rights, release, clock, zone, trunks, calls."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from bot.app.check.findings import Finding, fault, ok, warning
from bot.app.check.pbx.address import Where, address_fault
from bot.app.check.pbx.calling import check_calling
from bot.app.check.pbx.certificate import check_certificate
from bot.config.known_releases import KnownReleases
from bot.config.station_settings import StationSettings
from bot.detection.trunk_health import Health, health_of
from bot.detection.unreported_trunks import UnreportedTrunks
from bot.engine.checks.clock_drift import MAX_DRIFT
from bot.pbx import Answer, Forbidden, Pbx, PbxError, TrunkRow, TrunkStatus, Unauthorised, Untrusted, dialect_of
from bot.pbx.releases import behind, faults_of
from bot.pbx.rights import Held, Importance, Right

Trunks = Mapping[str, TrunkStatus]


async def check_pbx(
    station: StationSettings, pbx: Pbx, where: Where, releases: KnownReleases, now: datetime
) -> list[Finding]:
    """Return the findings; `now` is this machine's time."""
    trunks: Answer[dict[str, TrunkStatus]] | None
    try:
        trunks = await pbx.trunks.statuses()
    except Forbidden:
        trunks = None
    except PbxError as error:
        return await _refused(station, error, where, now)
    found = [ok("pbx.address", f"{station.title} answers at {urlsplit(station.url).netloc}", subject=station.name)]
    found += await check_certificate(station, None, where.pin, now)
    try:
        held = await pbx.rights.probe()
        found += rights(station, held)
        may = {one.right.resource for one in held if one.reads}
        if trunks is not None:
            listed = (await pbx.trunks.list()).value if "providers" in may else ()
            found += _release(station, (await pbx.system()).release, trunks.value, releases)
            found += _clock(station, trunks.pbx_time, now)
            found += _trunks(station, trunks.value, listed)
        found += await _zone(station, pbx, where, may)
    except PbxError as error:
        found.append(address_fault(station, error, where))
    return found + await check_calling(station, pbx, where)


async def check_watched_pbx(station: StationSettings, pbx: Pbx, where: Where, now: datetime) -> list[Finding]:
    """Return the findings that the watch of a running bot does not tell: of the certificate and the rights, and for an
    address or a key the remedy."""
    try:
        held = await pbx.rights.probe()
    except PbxError as error:
        return await _refused(station, error, where, now)
    if not any(one.reads for one in held):
        return [address_fault(station, Unauthorised("the key is refused"), where)]
    certificate = await check_certificate(station, None, where.pin, now)
    return [*certificate, *rights(station, held), *await check_calling(station, pbx, where)]


async def _refused(station: StationSettings, error: PbxError, where: Where, now: datetime) -> list[Finding]:
    if isinstance(error, Untrusted):
        return await check_certificate(station, error, where.pin, now)
    return [address_fault(station, error, where)]


def rights(station: StationSettings, held: tuple[Held, ...]) -> list[Finding]:
    """Return a finding for each right that is missing, with what it costs; one if all are there."""
    lacking = [_lacking(station, one) for one in held if not one.is_complete and _matters(station, one.right)]
    text = f"{station.title}: the key has all rights that the bot uses"
    return lacking or [ok("pbx.right", text, subject=station.name)]


def _matters(station: StationSettings, right: Right) -> bool:
    return not (right.resource == "time-settings" and station.timezone is not None)


def _lacking(station: StationSettings, held: Held) -> Finding:
    right = held.right
    costs = right.read_only if held.reads else right.without
    text = f"{station.title}: the key has no {'Write' if held.reads else right.needs} right on {right.row}: {costs}"
    remedy = f"in MikoPBX, System → API keys, set the row {right.row} to {right.needs}"
    subject = f"{station.name}/{right.resource}"
    if right.importance is Importance.REQUIRED:
        return fault("pbx.right", text, remedy, subject=subject)
    return warning("pbx.right", text, remedy, subject=subject)


def _release(station: StationSettings, release: str | None, trunks: Trunks, table: KnownReleases) -> list[Finding]:
    dialect = dialect_of(trunks.values())
    known = f"MikoPBX {release}" if release else f"MikoPBX, dialect of {dialect}" if dialect else ""
    found = [
        warning(
            "pbx.release",
            f"{station.title}: {known} is known to have a fault: {one.costs}",
            one.remedy,
            subject=station.name,
        )
        for one in faults_of(table, release, dialect)
    ]
    text = f"{station.title}: {known or 'its release is told to no key without the row Sysinfo'}{_age(table, release)}"
    return found or [ok("pbx.release", text, subject=station.name)]


def _age(table: KnownReleases, release: str | None) -> str:
    """Return how far behind a known release is, as the end of a sentence."""
    found = behind(table, release, None)
    if found is None or not found.releases:
        return ""
    security = f", {found.security} of them security" if found.security else ""
    return f", {found.releases} release{'s' if found.releases > 1 else ''} behind{security}"


def _clock(station: StationSettings, pbx_time: datetime | None, now: datetime) -> list[Finding]:
    if pbx_time is None:
        return []
    seconds = round((pbx_time - now).total_seconds())
    if abs(seconds) > MAX_DRIFT:
        text = (
            f"{station.title}: its clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} this machine's"
        )
        remedy = "set it in MikoPBX, Time settings, by NTP; or this machine's, if that is the wrong one"
        return [fault("pbx.clock", text, remedy, subject=station.name)]
    return [ok("pbx.clock", f"{station.title}: its clock agrees with this machine's", subject=station.name)]


async def _zone(station: StationSettings, pbx: Pbx, where: Where, may: set[str]) -> list[Finding]:
    own = await pbx.time_zone() if "time-settings" in may else None
    set_here = station.timezone.key if station.timezone else None
    if own and set_here and own != set_here:
        text = f"{station.title}: its time zone is {own}, and {where.zone} says {set_here}"
        remedy = f"take {where.zone} out, or correct one of the two"
        return [warning("pbx.zone", text, remedy, subject=station.name)]
    if zone := set_here or own:
        return [ok("pbx.zone", f"{station.title}: its time zone is {zone}", subject=station.name)]
    return []


def _trunks(station: StationSettings, told: Trunks, listed: tuple[TrunkRow, ...]) -> list[Finding]:
    unreported = UnreportedTrunks({row.id: row for row in listed})
    trunks = unreported.all(told)
    health = {key: health_of(trunk, unreported.registration(trunk)) for key, trunk in trunks.items()}
    found = []
    if not trunks:
        text = f"{station.title} has no trunks, and none is watched"
        return [warning("pbx.trunks", text, "add one in MikoPBX, or with /add_trunk", subject=station.name)]
    if unwatched := _named(trunks, health, Health.UNWATCHED):
        text = f"{station.title} does not tell the state of {unwatched}: not watched"
        remedy = "let an IAX trunk register by SIP if its provider can, or watch it otherwise"
        found.append(warning("pbx.trunks", text, remedy, subject=station.name))
    if down := _named(trunks, health, Health.DOWN):
        text = f"{station.title}: down now: {down}"
        found.append(warning("pbx.trunks", text, "see /trunks for the cause", subject=station.name))
    off = sum(one is Health.OFF for one in health.values())
    text = f"{station.title}: none of {len(trunks) - off} trunks is down{f', {off} switched off' if off else ''}"
    return found or [ok("pbx.trunks", text, subject=station.name)]


def _named(trunks: Trunks, health: Mapping[str, Health], wanted: Health) -> str:
    return ", ".join(trunk.name for key, trunk in trunks.items() if health[key] is wanted)
