"""Warnings about risky settings, logged at each start with the remedy. Pure."""

from collections.abc import Iterable

from bot.config.station_settings import StationSettings
from bot.http import urls


def startup_warnings(
    stations: Iterable[StationSettings], telegram: str, health: str | None = None, *, as_root: bool
) -> list[str]:
    """Return one line for each risk.

    `telegram` is the address of the Bot API, `health` the host:port of /healthz. Root is accepted while all addresses
    are on this machine, as in a trial.
    """
    stations, lines = list(stations), list[str]()
    if as_root and not all(map(urls.is_local_url, (telegram, *(station.url for station in stations)))):
        lines.append(
            "the bot runs as root, and whoever took it over would have the machine: run it as a user of its own, as "
            "deploy/mikopbx-bot.service does"
        )
    if pinned := [one.title for one in stations if one.tls_fingerprint and one.tls_verify is not True]:
        lines.append(
            f"PBX_TLS_VERIFY is not used for {', '.join(pinned)}: PBX_TLS_FINGERPRINT (of many: tls_fingerprint) alone "
            "decides there whom to trust"
        )
    if unchecked := [one.title for one in stations if one.tls_verify is False and not one.tls_fingerprint]:
        lines.append(
            f"PBX_TLS_VERIFY=false: whoever is between the bot and {', '.join(unchecked)} can read the API key and "
            "speak for the PBX: write the certificate's fingerprint into PBX_TLS_FINGERPRINT (of many: "
            "tls_fingerprint) instead"
        )
    if clear := [station.title for station in stations if _is_in_the_clear(station.url)]:
        lines.append(
            f"PBX_ALLOW_HTTP: the API key goes to {', '.join(clear)} unencrypted, and whoever is between can read it "
            "and speak for the PBX: write https in PBX_URL (of many: url), and the PBX's own certificate's "
            "fingerprint into PBX_TLS_FINGERPRINT"
        )
    if _is_in_the_clear(telegram):
        lines.append(
            "TELEGRAM_API_URL is plain http: whoever is between can read the bot's token and all messages: use https, "
            "or run that server on this machine"
        )
    if health and not urls.is_local_url(f"http://{health}"):
        lines.append(
            f"HEALTH_ADDRESS={health}: /healthz and /metrics name the PBXs and ask nobody for a password: write "
            f"127.0.0.1:{health.rpartition(':')[2]}, or let nobody but your monitoring reach this port"
        )
    return lines


def _is_in_the_clear(url: str) -> bool:
    """Return True for plain http to another machine."""
    return url.startswith("http://") and not urls.is_local_url(url)
