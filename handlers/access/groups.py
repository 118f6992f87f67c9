"""Introduce the bot in a group, if the person that added it can grant access; leave otherwise."""

from collections.abc import Mapping, Sequence

from bot.access.grant_checks import GrantRefused
from bot.access.policy import OPERATOR, Permission, Role
from bot.messages.message import Button, Message, Rows, grid, mark
from bot.store.access.audit import Change
from handlers.access.grant import granting, not_granted
from handlers.dispatch.declare import button
from handlers.dispatch.hooks import ChatJoined, on_added_to_chat
from handlers.dispatch.intents import Actor, Place
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart

ROLES_IN_A_ROW = 3
ALERT_TOO = Button(mark("🚨 And alert this group"), "chat.bind", {"alerts": True})


@on_added_to_chat
async def greet(joined: ChatJoined) -> Reply:
    """Introduce the bot to a person that may give it access; of several PBXs only those at which they may."""
    added, authorization, fleet = joined.added, joined.authorization, joined.services.fleet
    if not authorization.decision.allowed:
        # A channel's subscribers must not learn its administrators.
        return Reply(None if added.channel else farewell(added.actor), outcome="left")
    if fleet.single_station is not None:
        return introduction(fleet.single_station, added.place, joined.services.grants.roles)
    visible = authorization.limited_to_actor()
    names = [name for name in fleet.names if visible.may_at(name, Permission.ACCESS_GRANT).allowed]
    return introduction_to_many(names, added.place.username)


def introduction(station: str, place: Place, roles: Mapping[str, Role]) -> Reply:
    dismiss = Button(mark("🚪 Nothing, leave"), "chat.dismiss")
    facts = {"station": station, "public": place.username}
    buttons = (*role_offers(roles), (ALERT_TOO,), (dismiss,))
    return Reply(Message("group_hello", facts, buttons), outcome="introduced itself")


def role_offers(roles: Mapping[str, Role]) -> Rows:
    """Return buttons for the roles that a group can have."""
    fitting = [role.name for role in roles.values() if role.permissions <= OPERATOR.permissions]
    offers = [Button(role, "chat.give", {"role": role}) for role in fitting]
    return grid(offers, ROLES_IN_A_ROW)


def introduction_to_many(names: Sequence[str], public: str = "") -> Reply:
    """Introduce the bot with several PBXs: the group must be bound to one before access is granted."""
    facts = {"count": len(names), "example": names[0], "public": public}
    return Reply(Message("group_hello_many", facts), outcome="introduced itself")


def farewell(actor: Actor) -> Message:
    return Message("group_farewell", {"person": actor.name})


@button("chat.give", resume=OnRestart.ATOMIC)
async def give(request: Request) -> Reply:
    role = str(request.data["role"])
    try:
        await request.services.grants.grant(granting(request, request.place.chat, role), request.asking)
    except GrantRefused as refused:
        return not_granted(refused)
    place = request.place
    bound = await request.services.bindings.of(place.chat)
    alerted = any(binding.station == request.station.name and binding.alerts for binding in bound)
    facts = {"station": request.station.name, "role": role, "alerted": alerted, "public": place.username}
    message = Message("group_given", facts, () if alerted else ((ALERT_TOO,),))
    return Reply(message, outcome=f"gave {role} to {place.chat}", change=Change({}, {role: "for good"}))


@button("chat.dismiss")
async def dismiss(request: Request) -> Reply:
    await request.chat.progress(Message("group_dismissed"))
    await request.chat.leave()
    return Reply(outcome="left")
