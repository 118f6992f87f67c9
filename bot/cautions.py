"""What the settings allow and somebody could come to regret: told at each start, a line each, with what to do. Pure."""

from collections.abc import Iterable

from bot import plain_http
from bot.station_settings import StationSettings


def cautions(stations: Iterable[StationSettings], telegram: str, *, as_root: bool) -> list[str]:
    """`telegram` is the address of the Bot API. Root may run a bot that speaks with nothing beyond this machine,
    as one is tried out."""
    stations, lines = list(stations), list[str]()
    if as_root and not all(map(plain_http.stays_here, (telegram, *(one.url for one in stations)))):
        lines.append(
            "the bot runs as root, and whoever took it over would have the machine: run it as a user of its own, as "
            "deploy/mikopbx-bot.service does"
        )
    if unchecked := [one.title for one in stations if one.tls_verify is False]:
        lines.append(
            f"PBX_TLS_VERIFY=false: whoever is between the bot and {', '.join(unchecked)} can read the API key and "
            "speak for the PBX: name the PBX's own certificate in PBX_TLS_VERIFY (of many: tls_verify) instead"
        )
    return lines
