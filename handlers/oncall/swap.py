"""/oncall swap: exchange shifts after both people agree."""

from datetime import datetime
from typing import Any

from bot.access.policy import Destination
from bot.messages.message import Button, Message, mark, stored
from bot.oncall.roster import AHEAD, Roster
from bot.oncall.rotation import Duty
from bot.store.access.audit import Change
from bot.store.messages.notices import Notice
from bot.store.oncall.schedules import ShiftChange, SwapResult
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.oncall.facts import check_eligible, duty_facts, person_facts, take_level
from handlers.parsing import people

MAX_OFFERED = 4


@command(
    "oncall swap",
    topic=Topic.ONCALL,
    summary=mark("Ask somebody to swap shifts with you"),
    usage=mark("@username [level 2]"),
    examples=("/oncall swap @boris",),
    aliases=("обмен", "поменяться", "обменяться"),
)
async def swap(request: Request) -> Reply:
    level, words = take_level(request.arguments.split())
    other = await people.person(request, words)
    if other == request.actor.id:
        raise WrongArguments(mark("Swap with somebody else."))
    await check_eligible(request, [request.actor.id, other])
    roster = await request.services.oncall.roster(request.station.name)
    duties = roster.duties_of(request.actor.id, request.now, request.now + AHEAD)
    own = [shift for shift in duties if level in (None, shift.level)][:MAX_OFFERED]
    if not own:
        raise WrongArguments(mark("You have no shift to swap within the next 60 days."))
    names = await request.known([request.actor.id, other])
    pairs = [(shift, _in_return(roster, other, shift, request.now)) for shift in own]
    facts = {
        "station": request.station.name,
        "other": person_facts(other, names),
        "pairs": [
            {"mine": duty_facts(mine, names), "theirs": duty_facts(theirs, names) if theirs else None}
            for mine, theirs in pairs
        ],
    }
    rows = tuple(
        (Button(f"🔁 {number}", "oncall.ask_swap", _data(other, mine, theirs)),)
        for number, (mine, theirs) in enumerate(pairs, 1)
    )
    buttons = (*rows, (Button(mark("Cancel"), "oncall.leave"),))
    return Reply(Message("oncall_swap", facts, buttons), confirm=True, outcome=f"asked for {other}")


def _in_return(roster: Roster, other: int, mine: Duty, now: datetime) -> Duty | None:
    """Return the other person's next whole shift on the level; None if they only take over `mine`."""
    theirs = roster.duties_of(other, now, now + AHEAD)
    return next((shift for shift in theirs if shift.level == mine.level and shift.begins > now), None)


def _data(other: int, mine: Duty, theirs: Duty | None) -> dict[str, Any]:
    def written(shift: Duty) -> list[str]:
        return [shift.begins.isoformat(), shift.ends.isoformat()]

    return {"other": other, "level": mine.level, "mine": written(mine), "theirs": theirs and written(theirs)}


@button("oncall.ask_swap", resume=OnRestart.ATOMIC)
async def ask(request: Request) -> Reply:
    """Send the request to the other person's private chat; the swap is pending until they agree."""
    data, station = request.data, request.station.name
    other, level = int(data["other"]), int(data["level"])
    await check_eligible(request, [request.actor.id, other])
    legs = [_leg(level, other, data["mine"], request.now)]
    if data["theirs"]:
        legs.append(_leg(level, request.actor.id, data["theirs"], request.now))
    names = await request.known([request.actor.id, other])
    leg_facts = [
        {"person": person_facts(leg.person, names), "begins": leg.begins.isoformat(), "ends": leg.ends.isoformat()}
        for leg in legs
    ]
    facts = {
        "station": station,
        "level": level,
        "asker": person_facts(request.actor.id, names),
        "other": person_facts(other, names),
        "legs": leg_facts,
    }

    def question(ids: list[int]) -> Notice:
        answer_data = {
            "ids": ids,
            "asker": request.actor.id,
            "chat": request.place.chat,
            "thread": request.place.thread,
            "facts": facts,
        }
        agree_button = Button(mark("✅ I agree"), "oncall.answer_swap", answer_data | {"agrees": True})
        refuse_button = Button(mark("✖ No"), "oncall.answer_swap", answer_data | {"agrees": False})
        return Notice(
            Destination(other),
            "oncall_swap_question",
            facts,
            stored(((agree_button, refuse_button),)),
            legs[0].ends - request.now,
        )

    await request.services.oncall.request_swap(station, legs, (request.actor.id, request.actor.name), question)
    return Reply(Message("oncall_swap_asked", facts), outcome=f"asked {other} to swap")


def _leg(level: int, person: int, written: list[str], now: datetime) -> ShiftChange:
    begins, ends = (datetime.fromisoformat(moment) for moment in written)
    if ends <= now:
        raise WrongArguments(mark("That shift is over."))
    return ShiftChange(level, person, max(now, begins), ends)


@button("oncall.answer_swap", resume=OnRestart.ATOMIC)
async def answer(request: Request) -> Reply:
    """Handle the answer; only the asked person has the buttons."""
    data = request.data
    agrees = bool(data["agrees"])
    if agrees:
        await check_eligible(request, [request.actor.id, int(data["asker"])])
    asker = Destination(int(data["chat"]), data["thread"])
    notices = {
        result: [Notice(asker, "oncall_swap_over", data["facts"] | {"result": str(result)})]
        for result in (SwapResult.AGREED, SwapResult.REFUSED, SwapResult.CHANGED)
    }
    result = await request.services.oncall.answer_swap(
        request.station.name, data["ids"], request.actor.id, agrees=agrees, notices=notices
    )
    if result is SwapResult.SETTLED:
        return Reply(Message("oncall_swap_settled"), outcome=str(result))
    change = Change({}, {"legs": data["facts"]["legs"]}) if result is SwapResult.AGREED else Change()
    message = Message("oncall_swap_over", data["facts"] | {"result": str(result)})
    return Reply(message, outcome=f"swap {result}", change=change)
