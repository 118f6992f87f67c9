"""Switch on at a start the trunks that a killed run had switched off, also while Telegram cannot be reached.

The notifications follow in `recovery.resume`; until then the records stay in the database.
"""

import asyncio

import structlog

from bot.pbx import PbxError
from bot.runtime.clock import Clock
from bot.runtime.waiting import sleep_or_stop
from bot.store.stations.registrations import Reregistration
from handlers.dispatch.hooks import on_resume, on_startup
from handlers.dispatch.intents import Place
from handlers.dispatch.services import Services, Station, StationDirectory
from handlers.recovery.resume import Resumption
from handlers.trunks import reregister_run
from handlers.trunks.unregister import wait_unregistered

log = structlog.get_logger(__name__)

# Seconds in which a write of a killed run may still be carried out.
LATE = 60.0
PAUSE, MAX_PAUSE = 2.0, 60.0


@on_startup
async def switch_on(services: Services, clock: Clock, stop: asyncio.Event) -> None:
    """Retry for every trunk that was being re-registered, until it is on or `stop` is set."""
    await asyncio.gather(
        *(_until_on(services.fleet, record, clock, stop) for record in await services.registrations.interrupted())
    )


@on_resume
async def report_interrupted(resumption: Resumption) -> None:
    """Notify the requester of the result. A disabled trunk is enabled even if that person has lost the right."""
    for record in await resumption.services.registrations.interrupted():
        if resumption.services.fleet.station(record.station) is None:
            continue
        resumed = await resumption.decide(
            "trunk.reregister_now",
            person=record.person,
            station=record.station,
            place=Place(record.chat, record.thread, record.private),
            shown=record.shown,
            subject=record.name,
        )
        await resumption.conclude(resumed, reregister_run.resume(resumed.request, record))


async def _until_on(fleet: StationDirectory, record: Reregistration, clock: Clock, stop: asyncio.Event) -> None:
    # A fleet takes a moment to start; a station that is not in the settings any more never does.
    began = clock().timestamp()
    while (station := fleet.station(record.station)) is None:
        if stop.is_set() or clock().timestamp() - began > LATE:
            return
        await sleep_or_stop(stop, PAUSE)
    station.watch.paused_trunks.add(record.trunk)
    try:
        await _keep_on(station, record, clock, stop)
        # Time for its registration; later than that the monitor evaluates it as any other.
        await sleep_or_stop(stop, LATE)
    finally:
        station.watch.paused_trunks.discard(record.trunk)


async def _keep_on(station: Station, record: Reregistration, clock: Clock, stop: asyncio.Event) -> None:
    pause = PAUSE
    while not stop.is_set():
        try:
            if await _is_on(station, record.trunk, stop) and clock().timestamp() - record.begun_at > LATE:
                return
        except PbxError as error:
            log.warning(
                "PBX error, enabling a trunk retried", station=station.name, trunk=record.trunk, reason=str(error)
            )
            pause = min(pause * 2, MAX_PAUSE)
        except Exception:
            log.exception("trunk not enabled, retries stopped", station=station.name, trunk=record.trunk)
            return
        await sleep_or_stop(stop, pause)


async def _is_on(station: Station, trunk_id: str, stop: asyncio.Event) -> bool:
    """Return True when the list shows it on or gone; else it is switched on, and the next poll decides."""
    rows = (await station.pbx.trunks.list()).value
    if not any(row.id == trunk_id and row.disabled for row in rows):
        return True
    await wait_unregistered(station, trunk_id, stopping=stop.is_set, retry_errors=True)
    await station.pbx.trunks.switch(trunk_id, on=True)
    return False
