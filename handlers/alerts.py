"""Taking an incident, all incidents of one message, and giving one to somebody else."""

from bot.access import Permission
from bot.alerts.ledger import Taken
from bot.chat.message import Button, Message, mark
from handlers.command import Reply, Request, Whose, button
from handlers.oncall_facts import person_facts
from handlers.rules import Resume

MOST_OFFERED = 8
TOASTS = {
    Taken.TAKEN: mark("It is yours. Everybody can see it."),
    Taken.ALREADY: mark("Somebody took it before you: see the message."),
    Taken.ENDED: mark("It is already over."),
    Taken.UNKNOWN: mark("I do not know this incident any more."),
}


@button("incident.take", resume=Resume.WHOLE)
async def take(request: Request) -> Reply:
    """The ledger edits the alert in every chat, so there is nothing to show here but the note."""
    number = int(request.data["incident"])
    result = await request.station.ledger.acknowledge(number, request.actor.id, request.actor.name, request.now)
    return Reply(toast=TOASTS[result], outcome=f"incident {number}: {result}")


@button("incident.take_all", resume=Resume.WHOLE, whose=Whose.ALL)
async def take_all(request: Request) -> Reply:
    """At every PBX on the card at which the person may."""
    card, actor, count = int(request.data["card"]), request.actor, 0
    stations = {incident.station for incident in await request.desk.incidents.on_card(card)}
    for name in sorted(name for name in stations if request.may_at(name, Permission.ACKNOWLEDGE).allowed):
        if (station := request.desk.fleet.station(name)) is not None:
            count += await station.ledger.take_all(card, actor.id, actor.name, request.now)
    toast = mark("All of it is yours. Everybody can see it.") if count else TOASTS[Taken.ALREADY]
    return Reply(toast=toast, outcome=f"{count} incidents: {Taken.TAKEN}")


@button("incident.hand_over")
async def hand_over(request: Request) -> Reply:
    """Whoever is on call or may take it, the list first."""
    number = int(request.data["incident"])
    incident = await request.desk.incidents.one(request.station.name, number)
    if incident is None or incident.open_key is None:
        return Reply(toast=TOASTS[Taken.ENDED if incident else Taken.UNKNOWN], outcome="over")
    granted = await request.desk.grants.current()
    able = granted.people_with(Permission.ACKNOWLEDGE, request.station.name, request.now)
    roster = await request.desk.oncall.roster(request.station.name)
    people = [one for one in dict.fromkeys([*roster.everyone(), *able]) if one in able and one != request.actor.id]
    names = await request.desk.people.named(people)
    buttons = tuple(
        (Button(f"🤝 {person_facts(one, names)['name'] or one}", "incident.give", {"incident": number, "to": one}),)
        for one in people[:MOST_OFFERED]
    )
    return Reply(Message("incident_hand_over", {"number": number}, buttons), beside=True, confirm=True)


@button("incident.give", resume=Resume.WHOLE)
async def give(request: Request) -> Reply:
    number, to = int(request.data["incident"]), int(request.data["to"])
    granted = await request.desk.grants.current()
    if to not in granted.people_with(Permission.ACKNOWLEDGE, request.station.name, request.now):
        return Reply(toast=mark("This person may not take incidents any more."), outcome="beyond role")
    result = await request.station.ledger.hand_over(number, to, request.actor.name, request.now)
    if result is not Taken.TAKEN:
        return Reply(toast=TOASTS[result], outcome=f"incident {number}: {result}")
    names = await request.desk.people.named([to])
    facts = {"number": number, "to": person_facts(to, names)}
    return Reply(Message("incident_handed_over", facts), outcome=f"incident {number}: handed over to {to}")
