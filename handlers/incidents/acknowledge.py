"""Acknowledge an incident or all incidents of one alert message, and reassign an incident."""

from bot.access.policy import Permission
from bot.engine.incident_manager import AckResult
from bot.messages.message import Button, Message, mark
from bot.notifications.presenter import AlertAction, applies
from bot.store.stations.incidents import name_of
from bot.store.tables.incidents import Incident
from handlers.dialog.refusals import NO_RIGHT
from handlers.dispatch.declare import StationScope, button
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart
from handlers.oncall.facts import person_facts

MAX_OFFERED = 8
TRUNK_ACTIONS = frozenset({AlertAction.CHECK, AlertAction.REREGISTER})
ACTIONS = {
    AlertAction.HAND_OVER: ("incident.hand_over", Permission.INCIDENTS_ACKNOWLEDGE),
    AlertAction.MUTE: ("incident.mute", Permission.INCIDENTS_MUTE),
    AlertAction.CHECK: ("trunk.check", Permission.TRUNKS_CHECK),
    AlertAction.REREGISTER: ("trunk.reregister", Permission.TRUNKS_WRITE),
}
TOASTS = {
    AckResult.ACKNOWLEDGED: mark("It is yours. Everybody can see it."),
    AckResult.ALREADY: mark("Somebody took it before you: see the message."),
    AckResult.RESOLVED: mark("It is already over."),
    AckResult.UNKNOWN: mark("I do not know this incident any more."),
}


@button("incident.take", resume=OnRestart.ATOMIC)
async def take(request: Request) -> Reply:
    """Acknowledge. The incident manager queues the edits of every alert message, so the reply is a toast only."""
    id_ = int(request.data["incident"])
    result = await request.station.incident_manager.acknowledge(id_, request.actor.id, request.actor.name, request.now)
    return Reply(toast=TOASTS[result], outcome=f"{await _audit_name(request, id_)}: {result}")


@button("incident.take_all", resume=OnRestart.ATOMIC, scope=StationScope.ALL)
async def take_all(request: Request) -> Reply:
    """Acknowledge at every PBX of the alert message where the person has the permission."""
    alert_message_id, actor, count = int(request.data["card"]), request.actor, 0
    stations = {incident.station for incident in await request.services.incidents.on_alert_message(alert_message_id)}
    for name in sorted(name for name in stations if request.may_at(name, Permission.INCIDENTS_ACKNOWLEDGE).allowed):
        if (station := request.services.fleet.station(name)) is not None:
            count += await station.incident_manager.acknowledge_all(alert_message_id, actor.id, actor.name, request.now)
    toast = mark("All of it is yours. Everybody can see it.") if count else TOASTS[AckResult.ALREADY]
    return Reply(toast=toast, outcome=f"{count} incidents: {AckResult.ACKNOWLEDGED}")


@button("incident.which", scope=StationScope.ALL)
async def which(request: Request) -> Reply:
    """Ask which incident of an alert message is meant; those of PBXs without the permission are left out."""
    requested_action = AlertAction(str(request.data["does"]))
    action, permission = ACTIONS[requested_action]
    found = [
        incident
        for incident in reversed(await request.services.incidents.on_alert_message(int(request.data["card"])))
        if incident.open_key is not None and applies(requested_action, incident)
    ]
    if not found:
        return Reply(toast=TOASTS[AckResult.RESOLVED], outcome="over")
    offered = [incident for incident in found if request.may_at(incident.station, permission).allowed]
    if not offered:
        return Reply(toast=NO_RIGHT, outcome="no right")
    several = len({incident.station for incident in offered}) > 1

    def choice(incident: Incident) -> Button:
        name = f"{name_of(incident)} · {incident.station}" if several else name_of(incident)
        data = (
            {"id": incident.subject, "beside": True} if requested_action in TRUNK_ACTIONS else {"incident": incident.id}
        )
        return Button(name, action, data | {"station": incident.station})

    rows = tuple((choice(incident),) for incident in offered[:MAX_OFFERED])
    facts = {"does": str(requested_action), "left": max(0, len(offered) - MAX_OFFERED)}
    return Reply(
        Message("incident_which", facts, rows), as_new_message=True, outcome=f"asked which to {requested_action}"
    )


@button("incident.hand_over")
async def hand_over(request: Request) -> Reply:
    """Offer everybody that may acknowledge it, the on-call roster first."""
    incident = await request.services.incidents.find(request.station.name, int(request.data["incident"]))
    if incident is None or incident.open_key is None:
        return Reply(toast=TOASTS[AckResult.RESOLVED if incident else AckResult.UNKNOWN], outcome="over")
    granted = await request.services.grants.current()
    eligible = granted.people_with(Permission.INCIDENTS_ACKNOWLEDGE, request.station.name, request.now)
    roster = await request.services.oncall.roster(request.station.name)
    people = [
        person
        for person in dict.fromkeys([*roster.everyone(), *eligible])
        if person in eligible and person != request.actor.id
    ]
    names = await request.known(people)
    buttons = tuple(
        (
            Button(
                f"🤝 {person_facts(person, names)['name'] or person}",
                "incident.give",
                {"incident": incident.id, "to": person},
            ),
        )
        for person in people[:MAX_OFFERED]
    )
    return Reply(Message("incident_hand_over", {"number": incident.number}, buttons), as_new_message=True, confirm=True)


@button("incident.give", resume=OnRestart.ATOMIC)
async def give(request: Request) -> Reply:
    id_, to = int(request.data["incident"]), int(request.data["to"])
    granted = await request.services.grants.current()
    if to not in granted.people_with(Permission.INCIDENTS_ACKNOWLEDGE, request.station.name, request.now):
        return Reply(toast=mark("This person may not take incidents any more."), outcome="beyond role")
    result = await request.station.incident_manager.reassign(id_, to, request.actor.name, request.now)
    audit_name = await _audit_name(request, id_)
    if result is not AckResult.ACKNOWLEDGED:
        return Reply(toast=TOASTS[result], outcome=f"{audit_name}: {result}")
    incident = await request.services.incidents.find(request.station.name, id_)
    names = await request.known([to])
    facts = {"number": incident.number if incident else 0, "to": person_facts(to, names)}
    return Reply(Message("incident_handed_over", facts), outcome=f"{audit_name}: handed over to {to}")


async def _audit_name(request: Request, id_: int) -> str:
    """Return the incident's audit name, with the number that is displayed."""
    incident = await request.services.incidents.find(request.station.name, id_)
    return f"incident {incident.number}" if incident else "an incident that is not known"
