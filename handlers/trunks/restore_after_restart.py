"""Switch on, at a start, the trunks that a killed run had switched off, whether or not Telegram can be reached.

The person that asked is notified once Telegram answers; until then the work stays in the database.
"""

import asyncio

import structlog

from bot.pbx import PbxError
from bot.runtime.clock import Clock
from bot.runtime.waiting import wait_for
from bot.store.stations.registrations import Anew
from handlers.dispatch.hooks import on_resume, on_startup
from handlers.dispatch.services import Desk, Fleet, Station
from handlers.dispatch.update_parser import Place
from handlers.recovery.resume import Resumption
from handlers.trunks import reregister_run
from handlers.trunks.unregister import let_go

log = structlog.get_logger(__name__)

# A write that a killed run had begun may be carried out so long after.
LATE = 60.0
PAUSE, LONGEST_PAUSE = 2.0, 60.0


@on_startup
async def switch_on(desk: Desk, clock: Clock, stop: asyncio.Event) -> None:
    """Switch on every trunk that was being registered anew, and return when all are on."""
    await asyncio.gather(*(_until_on(desk.fleet, one, clock, stop) for one in await desk.registrations.left_over()))


@on_resume
async def tell(resumption: Resumption) -> None:
    """Tell the person that asked for it how it ends. A trunk that is off is switched on whether or not that person
    still has the right."""
    for left in await resumption.desk.registrations.left_over():
        if resumption.desk.fleet.station(left.station) is None:
            continue
        resumed = await resumption.decide(
            "trunk.reregister_now",
            person=left.person,
            station=left.station,
            place=Place(left.chat, left.thread, left.private),
            shown=left.shown,
            subject=left.name,
        )
        await resumption.conclude(resumed, reregister_run.goes_on(resumed.request, left))


async def _until_on(fleet: Fleet, left: Anew, clock: Clock, stop: asyncio.Event) -> None:
    # A fleet takes a moment to start; a station that is described no more never does.
    began = clock().timestamp()
    while (station := fleet.station(left.station)) is None:
        if stop.is_set() or clock().timestamp() - began > LATE:
            return
        await wait_for(stop, PAUSE)
    station.watch.left_alone.add(left.trunk)
    try:
        await _keep_on(station, left, clock, stop)
        # Its registration takes a while; after that it is as down as any other.
        await wait_for(stop, LATE)
    finally:
        station.watch.left_alone.discard(left.trunk)


async def _keep_on(station: Station, left: Anew, clock: Clock, stop: asyncio.Event) -> None:
    pause = PAUSE
    while not stop.is_set():
        try:
            if await _is_on(station, left.trunk, stop) and clock().timestamp() - left.begun_at > LATE:
                return
        except PbxError as error:
            log.warning("a trunk is to be switched on", station=station.name, trunk=left.trunk, reason=str(error))
            pause = min(pause * 2, LONGEST_PAUSE)
        except Exception:
            log.exception("a trunk could not be switched on", station=station.name, trunk=left.trunk)
            return
        await wait_for(stop, pause)


async def _is_on(station: Station, trunk_id: str, stop: asyncio.Event) -> bool:
    """On, or gone, as the list shows it; else it is switched on, and the next look tells."""
    rows = (await station.pbx.trunks.list()).value
    if not any(row.id == trunk_id and row.disabled for row in rows):
        return True
    await let_go(station, trunk_id, stopping=stop.is_set, patient=True)
    await station.pbx.trunks.switch(trunk_id, on=True)
    return False
