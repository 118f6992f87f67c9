"""At a start: what had been confirmed, and was under way when the last run ended, goes on by itself."""

from dataclasses import replace

from bot.access.policy import EVERY_STATION
from handlers.dispatch.access_request import NO_UPDATE, Verdict
from handlers.dispatch.authorizer import Decisions
from handlers.dispatch.declare import Request
from handlers.dispatch.executor import Execution, Job
from handlers.dispatch.replier import Conversation
from handlers.dispatch.request_factory import Reception
from handlers.dispatch.update_parser import Actor, Place, Pressed
from handlers.employee_import import recovery, run
from handlers.recovery.pending_replies import Address
from handlers.trunks import reregister_run


async def go_on(decisions: Decisions, reception: Reception, execution: Execution) -> None:
    await _switch_on_again(decisions, reception, execution)
    await _import_on(decisions, reception, execution)


async def _switch_on_again(decisions: Decisions, reception: Reception, execution: Execution) -> None:
    """Trunks that were being registered anew: what the bot has switched off it switches on, whoever has a right now."""
    for left in await reception.desk.registrations.left_over():
        if (station := reception.directory.station(left.station)) is None:
            continue
        actor = await _actor(reception, left.person)
        place = Place(left.chat, left.thread, left.private)
        verdict = await decisions.about_anew(actor, place, left.name, left.station)
        to = Address(actor, place, left.station, shown=left.shown)
        talk = reception.conversation(to, verdict.may, again=verdict.again)
        request = _request(reception, execution, to, talk, replace(verdict, station=station))
        await execution.conclude(Job(NO_UPDATE, verdict.entry, to), talk, reregister_run.goes_on(request, left))


async def _import_on(decisions: Decisions, reception: Reception, execution: Execution) -> None:
    """Imports. The right is asked for again."""
    store = reception.store
    for left in await recovery.left_over(store, reception.clock()):
        actor = await _actor(reception, left.person_id)
        verdict = await decisions.about_import(actor, left.id, left.station)
        if not verdict.decision.allowed:
            await recovery.stop(store, left, reception.clock())
            continue
        to = Address(actor, Place(actor.id, None, private=True), verdict.station.name)
        talk = reception.conversation(to, verdict.may, again=verdict.again)
        request = _request(reception, execution, to, talk, verdict)
        goes_on = run.goes_on(request, left.id, left.rows)
        await execution.conclude(Job(NO_UPDATE, verdict.entry, to), talk, goes_on)


async def _actor(reception: Reception, person: int) -> Actor:
    known = (await reception.desk.people.named([person], EVERY_STATION)).get(person)
    return Actor(person, known.name if known else "")


def _request(reception: Reception, execution: Execution, to: Address, talk: Conversation, verdict: Verdict) -> Request:
    press = Pressed("", 0, 0, to.actor, to.place, to.shown or 0, "")
    request = reception.request(press, talk, verdict, stopping=lambda: execution.stopping)
    return replace(request, resumed=True)
