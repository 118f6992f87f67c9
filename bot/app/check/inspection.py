"""The whole check: asks Telegram, the PBXs, the database and the machine, and changes nothing."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.app.check import service
from bot.app.check.addressees import Addressees, named_in_settings, stored
from bot.app.check.bot_api import BotApi, NoAnswer
from bot.app.check.database import (
    Contents,
    content_findings,
    engine_of,
    look_into,
    place_findings,
    place_of,
)
from bot.app.check.findings import Finding, warning
from bot.app.check.groups import check_groups
from bot.app.check.pbx.address import IN_ENV, Where, in_stations_file
from bot.app.check.pbx.station import check_pbx, check_watched_pbx
from bot.app.check.people import check_people
from bot.app.check.settings import check_settings
from bot.app.check.telegram import check_telegram
from bot.app.wiring.pbx_clients import PbxClients
from bot.config.environment_file import ENV_FILE
from bot.config.known_releases import ReleaseTable
from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from bot.runtime.clock import Clock
from bot.store import sealing, sqlite
from bot.store.database import Database, DatabaseError
from bot.store.schema import NEWEST_REVISION

# PBXs asked at the same time; by the running bot one after the other, with a pause in seconds: its watch comes first.
AT_ONCE = 10
PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Installation:
    """Input of an inspection. `watches`, set by the running bot alone: True for a PBX that it still watches."""

    settings: Settings
    stations: Sequence[StationSettings]
    clock: Clock
    watches: Callable[[StationSettings], bool] | None = None

    @property
    def is_bot(self) -> bool:
        return self.watches is not None


async def inspect(checked: Installation) -> list[Finding]:
    """Return all findings, in the order in which an administrator sets the parts up."""
    settings = checked.settings
    files = [path for path in (ENV_FILE, settings.stations_file) if path is not None]
    found = check_settings(settings, checked.stations, files, as_root=os.geteuid() == 0)
    database, contents, people = await _database(checked)
    telegram, pbxs = await asyncio.gather(_telegram(checked, people), _pbxs(checked))
    running = contents.bots > 0
    services = [] if checked.is_bot else await _service(settings, is_running=running)
    return [*found, *telegram, *pbxs, *database, *services]


async def _database(checked: Installation) -> tuple[list[Finding], Contents, Addressees]:
    """Return the findings, the state of the database, and the recipients that could be read."""
    settings = checked.settings
    sealing.use_token(settings.telegram_token.get_secret_value())
    people = named_in_settings(settings, checked.stations)
    file = sqlite.file_of(settings.database_url)
    place = place_of(file) if file is not None else None
    found = list(place_findings(place)) if place is not None else []
    if place is not None and not place.exists:
        return found, Contents(), people
    database = Database(settings.database_url, read_only=True)
    try:
        contents = await look_into(database, file, is_bot=checked.is_bot)
        found += content_findings(contents, engine_of(settings.database_url))
        if contents.revision == NEWEST_REVISION:
            people = await stored(database, settings, checked.stations, checked.clock())
    except DatabaseError as error:
        contents = Contents(error=type(error).__name__)
        found += content_findings(contents, engine_of(settings.database_url))
    finally:
        await database.close()
    return found, contents, people


async def _telegram(checked: Installation, people: Addressees) -> list[Finding]:
    async with BotApi(checked.settings) as api:
        found, me = await check_telegram(api, checked.settings, checked.clock())
        if me is None:
            text = "whether people and groups can be reached is not known"
            return [*found, warning("people.unknown", text, "mend the way to Telegram, then check again")]
        try:
            found += await check_people(api, people)
            found += await check_groups(api, me.id, people)
        except NoAnswer as none:
            text = f"whether all people and groups can be reached is not known ({none.trouble})"
            found.append(warning("people.unknown", text, "check again in a minute"))
    return found


async def _pbxs(checked: Installation) -> list[Finding]:
    watches = checked.watches
    found = await (_ask_all(checked) if watches is None else _ask_in_turn(checked, watches))
    return [finding for findings in found for finding in findings]


async def _ask_all(checked: Installation) -> Sequence[list[Finding]]:
    clients, slots = PbxClients(), asyncio.Semaphore(AT_ONCE)
    releases = ReleaseTable(checked.settings.known_releases).current

    async def ask(station: StationSettings) -> list[Finding]:
        async with slots, clients.open(station) as pbx:
            return await check_pbx(station, pbx, _where(checked, station), releases, checked.clock())

    return await asyncio.gather(*map(ask, checked.stations))


async def _ask_in_turn(checked: Installation, watches: Callable[[StationSettings], bool]) -> Sequence[list[Finding]]:
    clients, found = PbxClients(), list[list[Finding]]()
    for station in checked.stations:
        if found:
            await asyncio.sleep(PAUSE)
        if watches(station):
            async with clients.open(station) as pbx:
                found.append(await check_watched_pbx(station, pbx, _where(checked, station), checked.clock()))
    return found


def _where(checked: Installation, station: StationSettings) -> Where:
    return IN_ENV if checked.settings.stations_file is None else in_stations_file(station.name)


async def _service(settings: Settings, *, is_running: bool) -> list[Finding]:
    """Return the findings of the service, which the bot itself need not look for."""
    return [
        *service.unit_findings(await service.read_unit(), in_container=service.is_container()),
        *await service.address_findings(settings, is_running=is_running),
        await service.heartbeat_finding(settings),
    ]
