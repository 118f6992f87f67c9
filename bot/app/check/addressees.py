"""Who is written to: administrators, people on call, alert chats. From the settings, and the database as far as it can
be read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.access.policy import EVERY_STATION, Destination, Permission, grants_from
from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats, supergroups
from bot.store.oncall import rosters
from bot.store.oncall.schedules import IN_EFFECT
from bot.store.stations import bindings


@dataclass(frozen=True, slots=True)
class Addressees:
    """`admins` and `on_call` are people, `may_be_on_call` those with the right to take alerts; `without_duty` are the
    stations with a rota on which nobody is on call now. `blocked` holds Telegram's reason for each chat known to be
    closed."""

    admins: Collection[int]
    chats: Sequence[Destination] = ()
    on_call: Collection[int] = ()
    may_be_on_call: Collection[int] = ()
    without_duty: Sequence[str] = ()
    blocked: Mapping[int, str] = field(default_factory=dict)


def named_in_settings(settings: Settings, stations: Iterable[StationSettings]) -> Addressees:
    """Return those that the settings name."""
    named = [*settings.alert_chats, *(to for station in stations for to in station.alert_chats)]
    chats = tuple(dict.fromkeys(to for to in named if to.chat not in settings.admins))
    return Addressees(settings.admins, chats, may_be_on_call=settings.admins)


async def stored(
    database: Database, settings: Settings, stations: Sequence[StationSettings], now: datetime
) -> Addressees:
    """Return those of the settings and of the database. Raises DatabaseError."""
    given = grants_from(settings.admins, settings.operators, settings.viewers)
    grants = Grants(database, lambda: now, given, settings.roles, Signal())
    return await database.run(_read, grants, named_in_settings(settings, stations), [one.name for one in stations], now)


def _read(session: Session, grants: Grants, named: Addressees, stations: Sequence[str], now: datetime) -> Addressees:
    access = grants.read(session)
    everywhere = (EVERY_STATION, *stations)
    admins = {one for at in everywhere for one in access.people_with(Permission.ONCALL_WRITE, at, now)}
    able = {one for at in everywhere for one in access.people_with(Permission.ONCALL_TAKE, at, now)}
    read = {name: rosters.read(session, name, now, IN_EFFECT) for name in rosters.stations(session, now)}
    moved = supergroups.migrations(session)
    at_now = [Destination(moved[to.chat]) if to.chat in moved else to for to in named.chats]
    there = {to.chat for to in at_now}
    bound = [Destination(chat) for chat in sorted(bindings.alert_chats(session) - there)]
    on_call = {person for roster in read.values() for person in roster.people_named}
    chats = tuple(dict.fromkeys([*at_now, *bound]))
    return Addressees(
        admins=admins,
        chats=chats,
        on_call=on_call,
        may_be_on_call=able,
        without_duty=[name for name, roster in read.items() if not any(roster.on_call(now).values())],
        blocked=blocked_chats.reasons(session, {*admins, *on_call, *(to.chat for to in chats)}),
    )
