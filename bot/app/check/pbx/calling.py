"""Check the AMI account for calls: log in, list its commands, log off; no call is made."""

from urllib.parse import urlsplit

from bot.app.check.findings import Finding, fault, ok, warning
from bot.app.check.pbx.address import WORDS, Where, Words, explained
from bot.app.check.pbx.certificate import refused_certificate
from bot.config.station_settings import StationSettings
from bot.pbx import (
    AmiClassMissing,
    AmiLoginRefused,
    AmiOff,
    ConnectionRefused,
    NotJson,
    Pbx,
    PbxError,
    PlainHttpPort,
    TimedOut,
    Untrusted,
)

CHECK = "pbx.calling"
SWITCH = "switch on AJAM in MikoPBX, System → General settings, or correct {url}; the port is 8089"
ACCOUNT = "in MikoPBX, System → AMI access, "
OF_CALLS: Words = (
    (AmiOff, "{at} has no AJAM", SWITCH),
    (ConnectionRefused, "{host} is there, but nothing listens at port {port}", SWITCH),
    (
        AmiLoginRefused,
        "{at} refuses the AMI account",
        f"{ACCOUNT}compare it with {{user}} and {{secret}}, and let its network filter allow this machine",
    ),
    (AmiClassMissing, "the AMI account may not call", f"{ACCOUNT}give it originate, write"),
    (
        PlainHttpPort,
        "{at} does not speak https, as the address says, but probably plain http",
        "write the port of https in {url}, 8089 by default",
    ),
    (NotJson, "the answer of {at} is not that of AMI", "correct {url}; the port is 8089"),
    (TimedOut, "{at} takes too long to answer", "restart Asterisk if it goes on"),
    *WORDS,
)


async def check_calling(station: StationSettings, pbx: Pbx, where: Where) -> list[Finding]:
    """Return the findings; none where calling is not set up."""
    if pbx.calling is None or station.ami_url is None:
        return []
    try:
        reads_configuration = await pbx.calling.check()
    except Untrusted as untrusted:
        return [await refused_certificate(station, station.ami_url, untrusted, where.pin, CHECK)]
    except PbxError as error:
        text, remedy = explained(station.ami_url, error, where.of_calls, OF_CALLS)
        return [fault(CHECK, f"{station.title}: calls cannot be made: {text}", remedy, subject=station.name)]
    if reads_configuration:
        text = f"{station.title}: the AMI account may read the PBX's configuration with all SIP passwords"
        remedy = f"{ACCOUNT}leave it originate, write, and nothing else: calls need no more"
        return [warning(CHECK, text, remedy, subject=station.name)]
    return [
        ok(CHECK, f"{station.title}: calls can be made at {urlsplit(station.ami_url).netloc}", subject=station.name)
    ]
