"""What handlers work with: the PBX that a request is about, all PBXs, and what the bot itself keeps."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from bot.alerts.calendar_source import CalendarSource
from bot.alerts.ledger import Ledger
from bot.alerts.lookouts.extensions import ExtensionLookout
from bot.alerts.rehearsals import Rehearsals
from bot.alerts.silences import Silences
from bot.alerts.watch import Watch
from bot.chat.membership import Membership
from bot.numbering import country_of
from bot.pbx import Pbx
from bot.store.acquaintances import Acquaintances
from bot.store.audit_reading import AuditReader
from bot.store.bindings import Bindings
from bot.store.drawer import Drawer
from bot.store.grants import GrantBook
from bot.store.imports import Imports
from bot.store.incidents import Incidents
from bot.store.oncall import OnCallBook
from bot.store.registrations import Registrations
from bot.store.requests import Requests
from bot.store.watched import WatchedExtensions


@dataclass(frozen=True, slots=True)
class Station:
    """One PBX and what the program knows of it. `name` is what people type, `title` what they read; `country_set` is
    the country that the settings name."""

    name: str
    title: str
    pbx: Pbx
    watch: Watch
    ledger: Ledger
    phones: ExtensionLookout
    watched: WatchedExtensions
    rehearsals: Rehearsals
    zone: Callable[[], tzinfo]
    country_set: str = ""
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def country(self) -> str:
        """That of numbers without a plus; empty when nobody knows it."""
        return self.country_set or country_of(self.zone())

    def local(self, moment: datetime) -> datetime:
        """The station's wall clock, without a zone, as the PBX itself writes times."""
        return moment.astimezone(self.zone()).replace(tzinfo=None)


class Fleet(Protocol):
    """All PBXs that the bot looks after."""

    one: str | None
    """The name of the only one, when the settings describe no more."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def station(self, name: str) -> Station | None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What the bot itself keeps, for handlers to read and write."""

    drawer: Drawer
    imports: Imports
    registrations: Registrations
    grants: GrantBook
    people: Acquaintances
    requests: Requests
    oncall: OnCallBook
    calendars: CalendarSource
    audit: AuditReader
    membership: Membership
    incidents: Incidents
    silences: Silences
    bindings: Bindings
    fleet: Fleet
