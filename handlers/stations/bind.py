"""/bind and /unbind: the PBXs of a group, and their alerts to it."""

from bot.access.grant_checks import GrantRefused
from bot.access.policy import EVERY_STATION, Grant
from bot.messages.message import Button, Message, Rows, grid, mark
from bot.store.access.audit import Change
from handlers.access.grant import not_granted
from handlers.access.groups import role_offers
from handlers.dialog import confirm
from handlers.dialog.choose_station import BUTTONS_PER_ROW, MAX_OFFERED
from handlers.dispatch.declare import StationScope, button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic

ALERTS = frozenset({"alerts", "оповещения", "тревоги"})


@command(
    "bind",
    topic=Topic.STATIONS,
    summary=mark("Which PBXs this group is about, and which of them alert it; bind it to one"),
    usage=mark("[PBX] [alerts]"),
    examples=("/bind", "/bind branch2", mark("/bind branch2 alerts")),
    scope=StationScope.NAMED,
)
async def bind(request: Request) -> Reply:
    words = request.arguments.split()
    others = [word for word in words if word.lower() not in ALERTS]
    alerts = len(others) < len(words)
    if request.services.fleet.single_station is not None:
        if others:
            raise WrongArguments(
                mark("There is only one PBX here. /bind alerts lets this group be told of its outages.")
            )
        return _ask(request, alerts=True) if alerts else await _overview(request)
    if others or (words and not request.named):
        return _no_such_station(request)
    return _ask(request, alerts=alerts) if request.named else await _overview(request)


@button("chat.ask_bind")
async def ask_bind(request: Request) -> Reply:
    return _ask(request, alerts=False)


def _ask(request: Request, *, alerts: bool) -> Reply:
    confirm_buttons = [Button(mark("🚨 Bind, with its alerts"), "chat.bind", {"alerts": True})]
    if not alerts:
        confirm_buttons.insert(0, Button(mark("✅ Bind"), "chat.bind", {"alerts": False}))
    cancel_button = Button(mark("Cancel"), "chat.leave_bound")
    facts = {"station": request.station.name, "alerts": alerts, "public": request.place.username}
    message = Message("bind", facts, (*((button,) for button in confirm_buttons), (cancel_button,)))
    return Reply(message, confirm=True, outcome="asked whether to bind")


@button("chat.bind", resume=OnRestart.ATOMIC)
async def bind_now(request: Request) -> Reply:
    alerts, station = bool(request.data["alerts"]), request.station.name
    before = await _bound(request)
    await request.services.bindings.bind(
        request.place.chat, station, alerts=alerts, by_id=request.actor.id, by_name=request.actor.name
    )
    roles = await _roles_here(request)
    facts = {"station": station, "alerts": alerts, "has_role": bool(roles), "public": request.place.username}
    outcome = f"bound {request.place.chat}{' with alerts' if alerts else ''}"
    message = Message("bound", facts, () if roles else role_offers(request.services.grants.roles))
    return Reply(message, outcome=outcome, change=Change(before, {"bound": True, "alerts": alerts}))


@command(
    "unbind",
    topic=Topic.STATIONS,
    summary=mark("Detach this group from a PBX: no more alerts, no access to it"),
    usage=mark("[PBX]"),
    examples=("/unbind branch2",),
    scope=StationScope.NAMED,
)
async def unbind(request: Request) -> Reply:
    is_single = request.services.fleet.single_station is not None
    if not is_single and not request.named:
        if request.arguments.strip():
            return _no_such_station(request)
        return await _overview(request)
    if not await _bound(request):
        return Reply(Message("not_bound_to", {"station": request.station.name}), outcome="not bound")
    roles = sorted({grant.role for grant in await _given(request)})
    facts = {"station": request.station.name, "roles": roles}
    confirm_button, cancel_button = Button(mark("🗑 Unbind"), "chat.unbind"), Button(mark("Cancel"), "chat.leave_bound")
    return confirm.preview(Message("unbind", facts), confirm_button, cancel_button, outcome="asked whether to unbind")


@button("chat.unbind", resume=OnRestart.ATOMIC)
async def unbind_now(request: Request) -> Reply:
    """Unbind and revoke the group's grants at that PBX; if revoking is refused, change neither."""
    before, given = await _bound(request), await _given(request)
    try:
        await request.services.grants.revoke(given, request.asking)
    except GrantRefused as refused:
        return not_granted(refused)
    await request.services.bindings.unbind(request.place.chat, request.station.name)
    roles = sorted({grant.role for grant in given})
    facts = {"station": request.station.name, "roles": roles}
    change = Change(before | dict.fromkeys(roles, "given"), {})
    return Reply(Message("unbound", facts), outcome=f"unbound {request.place.chat}", change=change)


@button("chat.leave_bound")
async def cancel(request: Request) -> Reply:
    return Reply(Message("bind_left", {"station": request.station.name}), outcome="cancelled")


def _no_such_station(request: Request) -> Reply:
    facts = {"station": "", "written": request.arguments.strip()}
    return Reply(Message("no_such_station", facts), outcome="named no PBX of theirs")


async def _overview(request: Request) -> Reply:
    """List bindings at PBXs that the person administers; names of others are not disclosed."""
    bound = [
        {"station": binding.station, "name": binding.station, "alerts": binding.alerts}
        for binding in await request.services.bindings.of(request.place.chat)
        if binding.station in request.candidates
    ]
    several = request.services.fleet.single_station is None
    facts = {
        "station": "",
        "bound": bound,
        "several": several,
        "example": request.candidates[0] if request.candidates else "",
    }
    return Reply(Message("bindings", facts, _offers(request) if several else ()))


def _offers(request: Request) -> Rows:
    if len(request.candidates) > MAX_OFFERED:
        return ()
    found = [(name, request.services.fleet.station(name)) for name in request.candidates]
    offers = [
        Button(station.title, "chat.ask_bind", {"station": name}) for name, station in found if station is not None
    ]
    return grid(offers, BUTTONS_PER_ROW)


async def _bound(request: Request) -> dict[str, object]:
    """Return the binding for the audit; empty if not bound."""
    bindings = await request.services.bindings.of(request.place.chat)
    return next(
        ({"bound": True, "alerts": binding.alerts} for binding in bindings if binding.station == request.station.name),
        {},
    )


async def _roles_here(request: Request) -> list[Grant]:
    """Return the grants that everybody in the group has at this PBX, from the settings too."""
    granted = (grant for grant in (await request.services.grants.current()).grants if not grant.has_ended(request.now))
    here = (EVERY_STATION, request.station.name)
    return [grant for grant in granted if grant.subject == request.place.chat and grant.station in here]


async def _given(request: Request) -> list[Grant]:
    """Return the group's grants at this PBX; empty with a single PBX, where they stay."""
    if request.services.fleet.single_station is not None:
        return []
    granted = await request.services.grants.current()
    of_group = (g for g in granted.grants if g.subject == request.place.chat and not g.is_from_settings)
    return [grant for grant in of_group if grant.station == request.station.name]
