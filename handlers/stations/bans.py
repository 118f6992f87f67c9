"""/bans: the addresses that the PBX's own fail2ban has banned, and the lifting of a ban.

Who may see the status may see them: addresses of strangers are no secret, and whoever sees that a trunk is down shall
see that its provider is banned.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.access.policy import Permission
from bot.detection.pbx_findings import KnownAddresses
from bot.engine.checks.known_addresses import known_addresses
from bot.messages.message import Button, Message, grid, mark
from bot.pbx import Ban
from bot.store.access.audit import Change
from handlers.dialog import confirm, paging
from handlers.dialog.paging import paginate
from handlers.dialog.verify_write import failure, write
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart, Topic

PAGE_SIZE = 8
IN_A_ROW = 2
UNENDING = datetime.max.replace(tzinfo=UTC)


@command(
    "bans",
    topic=Topic.STATIONS,
    summary=mark("Addresses that the PBX has banned, and the lifting of a ban"),
    examples=("/bans",),
)
async def bans(request: Request) -> Reply:
    return Reply(await _page(request, 0))


@button("bans.show")
async def show(request: Request) -> Reply:
    return Reply(await _page(request, int(request.data["page"])))


@button("ban.lift")
async def ask(request: Request) -> Reply:
    address = str(request.data["address"])
    current = await _current(request)
    if all(ban.address != address for ban in current):
        return Reply(await _page(request, 0), toast=mark("It is not banned any more."), outcome="over already")
    known = await _known(request, current)
    facts = {"station": request.station.name, **_owner(address, known)}
    return confirm.preview(
        Message("ban_lift", facts),
        Button(mark("🔓 Unban"), "ban.lift_now", {"address": address}),
        Button(mark("Cancel"), "bans.show", {"page": 0}),
        outcome=f"asked for {address}",
    )


@button("ban.lift_now", resume=OnRestart.VERIFY_FIRST)
async def lift(request: Request) -> Reply:
    address = str(request.data["address"])
    facts: dict[str, Any] = {"station": request.station.name, "address": address}

    async def is_lifted() -> bool | None:
        """Return None while it is banned. The PBX drops its cached list when it lifts a ban."""
        return True if all(ban.address != address for ban in await _current(request)) else None

    if not (request.resumed and await is_lifted()):
        written = await write(
            request, lambda: request.station.pbx.firewall.unban(address), is_lifted, Message("ban_uncertain", facts)
        )
        if written.late and not written.found:
            message = Message("ban_not_lifted", facts | {"seen": written.was_read})
            return Reply(message, outcome=failure("the PBX did not do it", was_read=written.was_read))
    if not await is_lifted():
        return Reply(Message("ban_not_lifted", facts | {"seen": True}), outcome="the PBX did not do it")
    return Reply(
        Message("ban_lifted", facts, ((Button(mark("↩ List"), "bans.show", {"page": 0}),),)),
        outcome=f"unbanned {address}",
        change=Change({"banned": address}, {}),
    )


async def _current(request: Request) -> Sequence[Ban]:
    listed = (await request.station.pbx.firewall.banned()).value
    return [ban for ban in listed if ban.until is None or ban.until > request.now]


async def _known(request: Request, current: Sequence[Ban]) -> KnownAddresses:
    station = request.station
    return await known_addresses(station.pbx.host, station.watch.trunk_hosts, [ban.address for ban in current])


async def _page(request: Request, page: int) -> Message:
    """Render a page: the addresses that are missed first, then those that are banned longest."""
    current = await _current(request)
    known = await _known(request, current)
    current = sorted(current, key=lambda ban: ban.until or UNENDING, reverse=True)
    shown = paginate(sorted(current, key=lambda ban: not known.is_known(ban.address)), page, PAGE_SIZE)
    facts = {
        "station": request.station.name,
        "total": len(current),
        "rows": [_owner(ban.address, known) | {"until": ban.until} for ban in shown.items],
        **shown.facts(),
    }
    may = request.may(Permission.FIREWALL_WRITE).allowed
    lifted = [ban.address for ban in shown.items if may and ban.can_be_lifted]
    buttons = [Button(f"🔓 {address}", "ban.lift", {"address": address}) for address in lifted]
    here = Button(mark("↻ Refresh"), "bans.show", {"page": shown.number})
    rows = (*grid(buttons, IN_A_ROW), *paging.numbered_row(shown, "bans.show"), (here,))
    return Message("bans", facts, rows)


def _owner(address: str, known: KnownAddresses) -> dict[str, Any]:
    return {"address": address, "own": address in known.own, "provider": known.providers.get(address, "")}
