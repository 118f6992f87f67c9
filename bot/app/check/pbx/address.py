"""Faults of an address or a key of a PBX, by the error of a request. Pure."""

from __future__ import annotations

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
    from bot.app.check.pbx.station import Where
    from bot.config.station_settings import StationSettings

REACH = "check its power and network, and that its firewall lets this machine in"
# Text and remedy by the first class that matches; {} are those of `address_fault`.
WORDS: tuple[tuple[type[PbxError], str, str], ...] = (
    (NoSuchHost, "there is no host {host}", "correct {url}, or the name server of this machine"),
    (
        ConnectionRefused,
        "{host} is there, but nothing listens at port {port}",
        "correct the port in {url}, or start the web server of the PBX",
    ),
    (NoRoute, "there is no way to {host}", "correct {url}, or the network of this machine"),
    (
        PlainHttpPort,
        "{at} speaks plain http, and the address says https",
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
        "{at} refuses the key",
        "create a key in MikoPBX under System → API keys and copy it whole into {key}",
    ),
    (
        Busy,
        "{at} has shut out this address for too many requests",
        "wait five minutes; look for other programs that ask it from this address",
    ),
    (TimedOut, "{at} takes too long to answer", "restart the PBX if it goes on: its workers hang"),
    (ServerError, "{at} has an internal error", "see the log of the PBX, or restart it"),
    (WriteRefused, "{at} redirects to another address", "write the address that a browser ends at in {url}"),
    (NotJson, "the answer of {at} is not that of MikoPBX", "correct {url}, or restart the PBX"),
    (PbxError, "{at} does not answer", REACH),
)


def address_fault(station: StationSettings, error: PbxError, where: Where) -> Finding:
    """Return the finding of a request that failed; `where` names the settings to correct."""
    parts = urlsplit(station.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    named = {"host": parts.hostname or "", "at": parts.netloc, "port": port, "url": where.url, "key": where.key}
    text, remedy = next((text, remedy) for kind, text, remedy in WORDS if isinstance(error, kind))
    check = "pbx.key" if isinstance(error, Unauthorised) else "pbx.address"
    return fault(check, f"{station.title}: {text.format(**named)}", remedy.format(**named), subject=station.name)
