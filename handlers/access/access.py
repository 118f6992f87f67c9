"""/access: grants of this station, and one subject's grants with buttons to change them."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from bot.access.policy import EVERY_STATION, OPERATOR, Access, Grant, Permission
from bot.messages.message import Button, Message, Rows, grid, mark
from bot.store.access.contacts import Contact
from handlers.dialog import paging
from handlers.dialog.paging import TO_LIST, paginate
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic

PAGE_SIZE = 8
BUTTONS_IN_A_ROW = 4


@command("access", topic=Topic.ACCESS, summary=mark("Who may do what with this bot, with buttons to change it"))
async def access(request: Request) -> Reply:
    return Reply(await _list(request, 0))


@button("access.show")
async def show(request: Request) -> Reply:
    return Reply(await _list(request, int(request.data["page"])))


@button("access.card")
async def show_details(request: Request) -> Reply:
    return Reply(await details_view(request, int(request.data["subject"])))


async def _list(request: Request, page: int) -> Message:
    granted = of_station(await request.services.grants.current(), request)
    by_subject = {subject: list(given) for subject, given in groupby(granted, key=lambda grant: grant.subject)}
    names = await request.known(by_subject)
    shown = paginate(list(by_subject), page, PAGE_SIZE)
    facts = {
        "station": request.station.name,
        "first": shown.first,
        "total": len(by_subject),
        "subjects": [
            subject_facts(subject, names) | {"grants": _given(by_subject[subject])} for subject in shown.items
        ],
    }
    detail_buttons = [
        Button(str(number), "access.card", {"subject": subject})
        for number, subject in enumerate(shown.items, shown.first)
    ]
    rows = (*grid(detail_buttons, BUTTONS_IN_A_ROW), *paging.numbered_row(shown, "access.show"))
    return Message("access", facts, rows)


async def details_view(request: Request, subject: int) -> Message:
    granted = await request.services.grants.current()
    given = [grant for grant in of_station(granted, request) if grant.subject == subject]
    names = await request.known([subject])
    rights = sorted(frozenset[str]().union(*(granted.permissions(grant) for grant in given)))
    facts = subject_facts(subject, names) | {
        "station": request.station.name,
        "grants": _given(given),
        "rights": rights,
    }
    return Message("access_card", facts, _buttons(request, granted, subject, given))


def of_station(granted: Access, request: Request) -> list[Grant]:
    """Return grants that have not ended: people before chats, grouped by subject."""
    applicable = (
        grant
        for grant in granted.grants
        if grant.station in (EVERY_STATION, request.station.name) and not grant.has_ended(request.now)
    )
    return sorted(applicable, key=lambda grant: (grant.is_of_chat, abs(grant.subject), grant.role))


def subject_facts(subject: int, names: Mapping[int, Contact]) -> dict[str, Any]:
    """Return the last seen name, and the id, which is authoritative."""
    known = names.get(subject)
    return {
        "subject": subject,
        "name": known.name if known else "",
        "username": known.username if known and known.username else "",
        "is_chat": subject < 0,
    }


def _given(given: Iterable[Grant]) -> list[dict[str, Any]]:
    return [
        {
            "role": grant.role,
            "until": grant.until,
            "giver": grant.giver,
            "given_at": grant.given_at,
            "from_settings": grant.is_from_settings,
        }
        for grant in given
    ]


def _buttons(request: Request, granted: Access, subject: int, given: list[Grant]) -> Rows:
    back = (Button(TO_LIST, "access.show", {"page": 0}),)
    if not request.may(Permission.ACCESS_GRANT).allowed:
        return (back,)
    roles_given = {grant.role for grant in given}
    grantable = [
        role.name for role in granted.roles.values() if subject > 0 or role.permissions <= OPERATOR.permissions
    ]
    give_buttons = [
        Button(f"➕ {role}", "access.ask_give", {"subject": subject, "role": role})
        for role in grantable
        if role not in roles_given
    ]
    take_buttons = [
        Button(f"➖ {grant.role}", "access.ask_take", {"subject": subject, "role": grant.role})
        for grant in given
        if not grant.is_from_settings
    ]
    return tuple(tuple(row) for row in (give_buttons, take_buttons, back) if row)
