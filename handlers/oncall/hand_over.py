"""/oncall take, give and cancel: overrides of the rotation."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.access.policy import Destination, Permission
from bot.messages.message import Button, Message, mark
from bot.oncall.roster import AHEAD, Roster
from bot.oncall.rotation import Duty
from bot.store.access.audit import Change
from bot.store.messages.notices import Notice
from bot.store.oncall.schedules import ASKED, ShiftChange
from handlers.dialog import confirm
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.oncall import oncall
from handlers.oncall.facts import check_eligible, level_of, people_facts, person_facts, take_level, take_until
from handlers.parsing import people

MAX_LENGTH = timedelta(days=60)


@command(
    "oncall take",
    topic=Topic.ONCALL,
    summary=mark("Be on call from now on, instead of whose turn it is"),
    usage=mark("[for 8h | until 18:00] [level 2]"),
    examples=(mark("/oncall take 8h"), mark("/oncall take until 18:00")),
    aliases=("взять", "беру", "принять"),
    resume=OnRestart.ATOMIC,
)
async def take(request: Request) -> Reply:
    level, words = take_level(request.arguments.split())
    until, remaining = take_until(request, words)
    if remaining:
        raise WrongArguments(mark("I know times and levels here."))
    return await _take(request, level, until)


@button("oncall.ask_take")
async def ask_take(request: Request) -> Reply:
    """Confirm, since a button can be pressed by mistake."""
    await check_eligible(request, [request.actor.id])
    level, hours = int(request.data["level"]), int(request.data["hours"])
    roster = await request.services.oncall.roster(request.station.name)
    duty = roster.duty(level, request.now)
    facts = {
        "station": request.station.name,
        "level": level,
        "levels": len(roster.levels),
        "now": (await people_facts(request, [duty.person]))[0] if duty else None,
        "until": request.now + timedelta(hours=hours),
    }
    confirm_button = Button(mark("🙋 Take over"), "oncall.take", {"level": level, "hours": hours})
    cancel_button = Button(mark("Cancel"), "oncall.leave")
    return confirm.preview(Message("oncall_ask_take", facts), confirm_button, cancel_button, outcome="asked")


@button("oncall.take", resume=OnRestart.ATOMIC)
async def take_now(request: Request) -> Reply:
    until = request.now + timedelta(hours=int(request.data["hours"]))
    return await _take(request, int(request.data["level"]), until)


async def _take(request: Request, requested: int | None, until: datetime | None) -> Reply:
    await check_eligible(request, [request.actor.id])
    roster = await request.services.oncall.roster(request.station.name)
    level = level_of(roster, requested)
    duty = roster.duty(level, request.now)
    ends = until or (duty.ends if duty else None)
    if ends is None:
        raise WrongArguments(mark("Nobody is on call now: write for how long you will be, for example 8h."))
    return await _hand_over(request, roster, ShiftChange(level, request.actor.id, request.now, ends))


@command(
    "oncall give",
    topic=Topic.ONCALL,
    summary=mark("Give your duty to somebody else"),
    usage=mark("@username [for 8h | until 18:00] [level 2]"),
    examples=(mark("/oncall give @boris until 18:00"), "/oncall give @boris"),
    aliases=("отдать", "передать"),
    resume=OnRestart.ATOMIC,
)
async def give(request: Request) -> Reply:
    level, words = take_level(request.arguments.split())
    until, remaining = take_until(request, words)
    person = await people.person(request, remaining)
    await check_eligible(request, [person])
    roster = await request.services.oncall.roster(request.station.name)
    begins, ends, level = _given(request, roster, level, until)
    if ends <= begins:
        raise WrongArguments(mark("That duty begins later than you wrote. /oncall shows when."))
    return await _hand_over(request, roster, ShiftChange(level, person, begins, ends))


def _given(
    request: Request, roster: Roster, requested: int | None, until: datetime | None
) -> tuple[datetime, datetime, int]:
    """Return start, end and level of the actor's current or next shift; an administrator without a current shift gives
    the one that runs. Raises WrongArguments."""
    now = request.now
    own = [duty for duty in roster.duties_of(request.actor.id, now, now + AHEAD) if requested in (None, duty.level)]
    if own and (own[0].contains(now) or not request.may(Permission.ONCALL_WRITE).allowed):
        first = own[0]
        return max(now, first.begins), min(until or first.ends, first.ends), first.level
    if not request.may(Permission.ONCALL_WRITE).allowed:
        raise WrongArguments(mark("You have no duty to give away within the next 60 days."))
    level = level_of(roster, requested)
    duty = roster.duty(level, now)
    ends = until or (duty.ends if duty else None)
    if ends is None:
        raise WrongArguments(mark("Nobody is on call now: write until when, for example until 18:00."))
    return now, ends, level


async def _hand_over(request: Request, roster: Roster, leg: ShiftChange) -> Reply:
    if leg.ends - leg.begins > MAX_LENGTH:
        raise WrongArguments(mark("Nobody is on call for longer than two months at a time."))
    replaced = roster.shifts(leg.level, leg.begins, leg.ends)
    if (
        replaced
        and all(duty.person == leg.person for duty in replaced)
        and not roster.gaps(leg.level, leg.begins, leg.ends)
    ):
        return Reply(Message("oncall_already", await _facts(request, leg)), outcome="nothing to change")
    facts = await _facts(request, leg)
    notices = [
        _notice(duty, "oncall_relieved", facts, duty.begins, duty.ends)
        for duty in replaced
        if duty.person != leg.person
    ]
    if leg.person != request.actor.id:
        notices.append(Notice(Destination(leg.person), "oncall_yours", facts))
    actor = (request.actor.id, request.actor.name)
    notices = [notice for notice in notices if notice.to.chat != request.actor.id]
    await request.services.oncall.override(request.station.name, leg, actor, notices)
    before = {"level": leg.level, "people": [duty.person for duty in replaced]}
    after = {"level": leg.level, "people": [leg.person], "begins": str(leg.begins), "ends": str(leg.ends)}
    outcome = f"{leg.person} is on call on level {leg.level}"
    return Reply(Message("oncall_handed_over", facts), outcome=outcome, change=Change(before, after))


async def _facts(request: Request, leg: ShiftChange) -> dict[str, Any]:
    names = await request.known([leg.person])
    return {
        "station": request.station.name,
        "level": leg.level,
        "person": person_facts(leg.person, names),
        "begins": leg.begins.isoformat(),
        "ends": leg.ends.isoformat(),
        "by": request.actor.name,
        "own": leg.person == request.actor.id,
    }


def _notice(duty: Duty, template: str, facts: dict[str, Any], begins: datetime, ends: datetime) -> Notice:
    return Notice(Destination(duty.person), template, facts | {"begins": begins.isoformat(), "ends": ends.isoformat()})


@command(
    "oncall cancel",
    topic=Topic.ONCALL,
    summary=mark("Take back what you took over, gave away or asked for"),
    examples=("/oncall cancel",),
    aliases=("отменить", "отмена"),
    resume=OnRestart.ATOMIC,
)
async def cancel(request: Request) -> Reply:
    made = await request.services.oncall.made_by(request.station.name, request.actor.id)
    asked = [change for change in made if change.state == ASKED]
    choices = [[change] for change in made if change.state != ASKED] + ([asked] if asked else [])
    if not choices:
        return Reply(Message("oncall_nothing_to_cancel"), outcome="nothing to cancel")
    if len(choices) == 1:
        return await _cancel(request, [change.id for change in choices[0]])
    names = await request.known({change.change.person for change in made})
    rows = [
        (Button(f"{number}", "oncall.cancel", {"ids": [change.id for change in choice]}),)
        for number, choice in enumerate(choices, 1)
    ]
    facts = {
        "choices": [
            [
                {
                    "person": person_facts(change.change.person, names),
                    "begins": change.change.begins,
                    "ends": change.change.ends,
                }
                for change in choice
            ]
            for choice in choices
        ],
        "asks": bool(asked),
    }
    buttons = (*rows, (Button(mark("Leave it"), "oncall.leave"),))
    return Reply(Message("oncall_cancel", facts, buttons), confirm=True, outcome="asked which")


@button("oncall.cancel", resume=OnRestart.ATOMIC)
async def cancel_one(request: Request) -> Reply:
    return await _cancel(request, [int(number) for number in request.data["ids"]])


async def _cancel(request: Request, ids: Sequence[int]) -> Reply:
    schedules, station = request.services.oncall, request.station.name
    own = [change for change in await schedules.made_by(station, request.actor.id) if change.id in ids]
    roster = await schedules.roster(station)
    without = replace(roster, overrides=tuple(change for change in roster.overrides if change.id not in ids))
    notices: list[Notice] = []
    for leg in (change.change for change in own if change.state != ASKED):
        notices.extend(await _change_notices(request, roster, without, leg))
    cancelled = await schedules.cancel(station, ids, request.actor.id, notices)
    result = mark("Taken back.") if cancelled else mark("There was nothing left to take back.")
    return Reply(await oncall.overview(request, result), outcome="cancelled" if cancelled else "nothing to cancel")


async def _change_notices(request: Request, before: Roster, after: Roster, leg: ShiftChange) -> list[Notice]:
    """Return notifications for people relieved and people on call again."""
    begins, ends = max(request.now, leg.begins), leg.ends
    old_shifts, new_shifts = before.shifts(leg.level, begins, ends), after.shifts(leg.level, begins, ends)
    facts = await _facts(request, leg)
    notices = [
        _notice(duty, "oncall_relieved", facts | {"person": None}, duty.begins, duty.ends)
        for duty in _others(old_shifts, new_shifts, request)
    ]
    return notices + [
        _notice(duty, "oncall_yours", facts, duty.begins, duty.ends)
        for duty in _others(new_shifts, old_shifts, request)
    ]


def _others(these: Iterable[Duty], those: Iterable[Duty], request: Request) -> list[Duty]:
    known = {duty.person for duty in those} | {request.actor.id}
    return [duty for duty in these if duty.person not in known]
