"""Warnings about risky and forgotten settings, logged at each start with the remedy. Pure."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from bot.config.station_settings import StationSettings
from bot.http import urls

ROOT = "root"


class Risk(NamedTuple):
    """`name` is the setting, or ROOT."""

    name: str
    text: str
    remedy: str


def startup_warnings(
    stations: Iterable[StationSettings], telegram: str, health: str | None = None, *, as_root: bool
) -> list[str]:
    """Return one line for each risk: see `startup_risks`."""
    return [f"{risk.text}: {risk.remedy}" for risk in startup_risks(stations, telegram, health, as_root=as_root)]


def startup_risks(
    stations: Iterable[StationSettings], telegram: str, health: str | None = None, *, as_root: bool
) -> list[Risk]:
    """Return the risks.

    `telegram` is the address of the Bot API, `health` the host:port of /healthz. Root is accepted while all addresses
    are on this machine, as in a trial.
    """
    stations, risks = list(stations), list[Risk]()
    if nameless := [station.title for station in stations if station.title == urlsplit(station.url).hostname]:
        risks.append(
            Risk(
                "PBX_NAME",
                f"messages are headed {', '.join(nameless)}, an address",
                "write what people call that PBX into PBX_NAME (of many: title), like PBX_NAME=Head office",
            )
        )
    if as_root and not all(map(urls.is_local_url, (telegram, *(station.url for station in stations)))):
        risks.append(
            Risk(
                ROOT,
                "the bot runs as root, and whoever took it over would have the machine",
                "run it as a user of its own, as deploy/mikopbx-bot.service does",
            )
        )
    if pinned := [one.title for one in stations if one.tls_fingerprint and one.tls_verify is not True]:
        risks.append(
            Risk(
                "PBX_TLS_VERIFY",
                f"PBX_TLS_VERIFY is not used for {', '.join(pinned)}",
                "take it out: PBX_TLS_FINGERPRINT (of many: tls_fingerprint) alone decides there whom to trust",
            )
        )
    if unchecked := [one.title for one in stations if one.tls_verify is False and not one.tls_fingerprint]:
        risks.append(
            Risk(
                "PBX_TLS_VERIFY",
                f"PBX_TLS_VERIFY=false: whoever is between the bot and {', '.join(unchecked)} can read the API key and "
                "speak for the PBX",
                "write the certificate's fingerprint into PBX_TLS_FINGERPRINT (of many: tls_fingerprint) instead",
            )
        )
    if clear := [station.title for station in stations if _is_in_the_clear(station.url)]:
        risks.append(
            Risk(
                "PBX_ALLOW_HTTP",
                f"PBX_ALLOW_HTTP: the API key goes to {', '.join(clear)} unencrypted, and whoever is between can read "
                "it and speak for the PBX",
                "write https in PBX_URL (of many: url), and the PBX's own certificate's fingerprint into "
                "PBX_TLS_FINGERPRINT",
            )
        )
    if clear := [station.title for station in stations if _is_in_the_clear(station.ami_url or "")]:
        risks.append(
            Risk(
                "PBX_AMI_URL",
                f"PBX_AMI_URL: the secret of AMI goes to {', '.join(clear)} unencrypted, and whoever is between can "
                "read it and make calls",
                "write https and the port 8089 in PBX_AMI_URL (of many: ami_url)",
            )
        )
    if _is_in_the_clear(telegram):
        risks.append(
            Risk(
                "TELEGRAM_API_URL",
                "TELEGRAM_API_URL is plain http: whoever is between can read the bot's token and all messages",
                "use https, or run that server on this machine",
            )
        )
    if health and not urls.is_local_url(f"http://{health}"):
        risks.append(
            Risk(
                "HEALTH_ADDRESS",
                f"HEALTH_ADDRESS={health}: /healthz and /metrics name the PBXs and ask nobody for a password",
                f"write 127.0.0.1:{health.rpartition(':')[2]}, or let nobody but your monitoring reach this port",
            )
        )
    return risks


def _is_in_the_clear(url: str) -> bool:
    """Return True for plain http to another machine."""
    return url.startswith("http://") and not urls.is_local_url(url)
