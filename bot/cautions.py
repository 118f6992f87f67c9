"""What the settings allow and somebody could come to regret: told at each start, a line each, with what to do. Pure."""

from collections.abc import Iterable

from bot.station_settings import StationSettings


def cautions(stations: Iterable[StationSettings], *, as_root: bool) -> list[str]:
    lines = []
    if as_root:
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
