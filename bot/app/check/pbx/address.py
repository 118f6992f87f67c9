"""Faults of an address or a key of a PBX, by the error of a request, in the words of `check` and `setup`. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.app.check.findings import Finding, fault
from bot.pbx import (
    Busy,
    ConnectionRefused,
    HttpsPort,
    NoRoute,
    NoSuchHost,
    NotFound,
    NotJson,
    NotMikoPbx,
    PbxError,
    PlainHttpPort,
    ServerError,
    TimedOut,
    Unauthorised,
    WriteRefused,
)

if TYPE_CHECKING:
    from bot.config.station_settings import StationSettings


@dataclass(frozen=True, slots=True)
class Where:
    """Names of the settings of one PBX, as the administrator writes them: in .env, or in STATIONS_FILE. `pin` has {} in
    place of a fingerprint; `ami_url`, `user` and `secret` are of calls."""

    url: str = "PBX_URL"
    key: str = "PBX_API_KEY"
    zone: str = "PBX_TIMEZONE"
    pin: str = "PBX_TLS_FINGERPRINT={}"
    ami_url: str = "PBX_AMI_URL"
    user: str = "PBX_AMI_USER"
    secret: str = "PBX_AMI_SECRET"  # noqa: S105 (a name)

    @property
    def of_calls(self) -> Where:
        """Return the names where `url` is the address of AMI."""
        return replace(self, url=self.ami_url)


IN_ENV = Where()


def in_stations_file(name: str) -> Where:
    of = f"of {name} in STATIONS_FILE"
    return Where(
        f"url {of}",
        f"key {of}",
        f"timezone {of}",
        f'tls_fingerprint = "{{}}" {of}',
        f"ami_url {of}",
        f"ami_user {of}",
        f"ami_secret {of}",
    )


REACH = "check its power and network, and that its firewall lets this machine in"
# Text and remedy by the first class that matches; {} are those of `explained`.
Words = tuple[tuple[type[PbxError], str, str], ...]
WORDS: Words = (
    (NoSuchHost, "there is no host {host}", "correct {url}, or the name server of this machine"),
    (
        ConnectionRefused,
        "{host} is there, but nothing listens at port {port}",
        "correct the port in {url}, or start the web server of the PBX",
    ),
    (NoRoute, "there is no way to {host}", "correct {url}, or the network of this machine"),
    (
        PlainHttpPort,
        "{at} does not speak https, as the address says, but probably plain http",
        "write the port of https in {url}, 443 by default",
    ),
    (HttpsPort, "{at} speaks https, and the address says http", "write https in {url}"),
    (
        NotMikoPbx,
        "another program answers at {at}, or a MikoPBX without API v3",
        "correct {url}; MikoPBX has keys and API v3 from 2025.1.1 on",
    ),
    (
        NotFound,
        "{at} has no API v3",
        "correct {url}, or update MikoPBX: it has keys and API v3 from 2025.1.1 on",
    ),
    (
        Unauthorised,
        "{at} refuses the key: it is wrong, deleted, or has none of the rows",
        "copy one whole from System → API keys of MikoPBX as {key}; the PBX shuts out who tries many",
    ),
    (
        Busy,
        "{at} has shut out this address for too many requests or wrong keys",
        "wait five minutes; look for other programs that ask it from this address",
    ),
    (TimedOut, "{at} takes too long to answer", "restart the PBX if it goes on: its workers hang"),
    (ServerError, "{at} has an internal error", "see the log of the PBX, or restart it"),
    (WriteRefused, "{at} redirects to another address", "write {url} as a browser shows it after that"),
    (
        NotJson,
        "the answer of {at} is not that of MikoPBX",
        "correct {url}, update MikoPBX (it has API v3 from 2025.1.1 on), or restart it",
    ),
    (PbxError, "{at} does not answer", REACH),
)


def explained(url: str, error: PbxError, where: Where, words: Words = WORDS) -> tuple[str, str]:
    """Return text and remedy for a failed connection to the address; `where` names the setting to correct."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    named = {"host": parts.hostname or "", "at": parts.netloc, "port": port, "url": where.url, "key": where.key}
    named |= {"user": where.user, "secret": where.secret}
    text, remedy = next((text, remedy) for kind, text, remedy in words if isinstance(error, kind))
    return text.format(**named), remedy.format(**named)


def address_fault(station: StationSettings, error: PbxError, where: Where) -> Finding:
    """Return the finding of a request that failed; `where` names the settings to correct."""
    text, remedy = explained(station.url, error, where)
    check = "pbx.key" if isinstance(error, Unauthorised) else "pbx.address"
    return fault(check, f"{station.title}: {text}", remedy, subject=station.name)
