"""After a killed run: confirmed work that was under way goes on by itself; of the rest its person is told, and asked
anew."""

from dataclasses import replace

from bot.access.policy import EVERY_STATION
from bot.messages.message import Button, Message, mark
from bot.store.messages.temporary_payloads import Drawer
from handlers.dispatch import preconditions
from handlers.dispatch.access_request import NO_UPDATE, Verdict
from handlers.dispatch.authorizer import Decisions
from handlers.dispatch.declare import CONFIRM_WITHIN, Press, Reply, Request
from handlers.dispatch.executor import Execution, Job
from handlers.dispatch.replier import Conversation
from handlers.dispatch.request_factory import AGAIN, Reception
from handlers.dispatch.rules import Resume
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


async def given_up(verdict: Verdict, drawer: Drawer) -> Reply:
    """What a killed run had begun is not gone on with. Whoever still may is asked anew whether to do it now."""
    subject, before = verdict.subject, verdict.before
    rule = subject.rule
    facts = {
        "deed": rule.writes if rule else "",
        "at": before.at if before else None,
        "undone": subject.resume is Resume.WHOLE,
        "may": verdict.decision in (preconditions.INTERRUPTED, preconditions.OLD),
    }
    asks = facts["may"] and isinstance(subject.handler, Press) and subject.keyboard and subject.waiting is None
    if not asks or subject.resume is Resume.ASKS:
        return Reply(Message("interrupted", facts))
    data = dict(subject.data) | {AGAIN: True}
    if subject.kept is not None:
        data["kept"] = await drawer.put(dict(subject.kept), CONFIRM_WITHIN)
    now = Button(mark("🔁 Do it now"), subject.what, data)
    return Reply(Message("interrupted", facts, ((now,),)), confirm=True)
