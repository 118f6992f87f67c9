"""Check of a PBX's certificate: name, date, issuer, and how to trust it."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bot.app.check.findings import Finding, fault, ok, warning
from bot.config.station_settings import StationSettings
from bot.pbx import Expired, NotYetValid, OtherFingerprint, PbxError, Untrusted, WrongName
from bot.pbx.certificate import Certificate, read_certificate

CHECK = "pbx.certificate"
# MikoPBX's Let's Encrypt module renews a month before the end.
EXPIRES_SOON = timedelta(days=14)


# By the first class that matches.
FLAWS: tuple[tuple[type[Untrusted], str], ...] = (
    (OtherFingerprint, "is another one than the fingerprint in the settings is of"),
    (WrongName, "is for another name than {host}"),
    (Expired, "has expired"),
    (NotYetValid, "is not valid yet"),
    (Untrusted, "is of an issuer that this machine does not know"),
)


def flaw(kind: type[Untrusted], host: str) -> str:
    """Return the predicate of a sentence about a certificate that fails this check: `has expired`."""
    return next(text for one, text in FLAWS if issubclass(kind, one)).format(host=host)


async def check_certificate(
    station: StationSettings, refused: Untrusted | None, pin: str, now: datetime
) -> list[Finding]:
    """Read the certificate that the PBX shows; `refused` is the error of a connection, `pin` the setting that trusts a
    fingerprint, with {} in its place."""
    if refused is not None:
        return [await refused_certificate(station, station.url, refused, pin)]
    address = urlsplit(station.url)
    if address.scheme != "https":
        return []
    try:
        return [_accepted(station, await read_certificate(address.hostname or "", address.port or 443), now)]
    except PbxError:
        return []


async def refused_certificate(
    station: StationSettings, url: str, refused: Untrusted, pin: str, check: str = CHECK
) -> Finding:
    """Return the finding of a connection to one of the PBX's addresses that was refused for its certificate, which is
    read for it. `pin` as above."""
    address = urlsplit(url)
    try:
        shown = await read_certificate(address.hostname or "", address.port or 443)
    except PbxError as error:
        fingerprint, described = "its fingerprint", f"and cannot be read: {error}"
    else:
        fingerprint, described = shown.fingerprint, _described(shown)
    at = "" if url == station.url else f"at {address.netloc} "
    text = f"{station.title}: the certificate {at}{flaw(type(refused), address.hostname or '')} ({described})"
    return fault(check, text, _remedy(refused, pin.format(fingerprint)), subject=station.name)


def _accepted(station: StationSettings, shown: Certificate, now: datetime) -> Finding:
    days = (shown.not_after - now).days
    text = f"{station.title}: the certificate {_described(shown)}"
    # Pinned or not verified, it is accepted beyond its date.
    counts = not station.tls_fingerprint and station.tls_verify is not False
    if counts and shown.not_after <= now + EXPIRES_SOON:
        remedy = "renew it in MikoPBX, or install one that renews itself (its Let's Encrypt module)"
        facts = {"title": station.title, "until": f"{shown.not_after:%Y-%m-%d}"}
        return warning(CHECK, f"{text}, and ends in {days} days", remedy, subject=station.name, **facts)
    return ok(CHECK, text, subject=station.name)


def _described(shown: Certificate) -> str:
    issuer = "signed by itself" if shown.is_self_signed else f"of {shown.issuer}"
    dated = f"until {shown.not_after:%Y-%m-%d}, SHA-256 {shown.fingerprint}"
    return f"is for {', '.join(shown.names) or 'no name'}, {issuer}, {dated}"


def _remedy(refused: Untrusted, pinned: str) -> str:
    match refused:
        case OtherFingerprint():
            return f"if the PBX was given a new certificate, write {pinned}; if not, somebody is between"
        case WrongName():
            return f"write its name in the address, or trust this very certificate: {pinned}"
        case Expired():
            return f"renew it in MikoPBX, or trust this very certificate: {pinned}"
        case NotYetValid():
            return "compare the clocks of this machine and of the PBX"
        case _:
            return f"trust this very certificate, once you have compared it: {pinned}"
