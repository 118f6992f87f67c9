"""Services for handlers: the station of a request, the fleet, and the bot's own database."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.engine.calendar_feed import CalendarFeed
from bot.engine.calls.follower import CallFollower
from bot.engine.checks.extensions import ExtensionCheck
from bot.engine.checks.pbx_health import PbxHealthCheck
from bot.engine.drills import Drills
from bot.engine.incident_manager import IncidentManager
from bot.engine.trunk_monitor import TrunkMonitor
from bot.incidents.silence_store import Silences
from bot.notifications.calls.chat_hours import HoursOfChats
from bot.notifications.calls.missed_card_presses import MissedCards
from bot.pbx import Pbx
from bot.runtime.clock import Sleep, Zone
from bot.store.access.access_requests import AccessRequests
from bot.store.access.audit_queries import AuditReader
from bot.store.access.contacts import Contacts
from bot.store.access.grants import Grants
from bot.store.access.person_phones import PersonPhones
from bot.store.messages.temporary_payloads import TemporaryPayloads
from bot.store.oncall.schedules import OnCallSchedules
from bot.store.stations.bindings import Bindings
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.stations.digests import Digests
from bot.store.stations.imports import Imports
from bot.store.stations.incidents import Incidents
from bot.store.stations.registrations import Reregistrations
from bot.store.stations.watched_extensions import WatchedExtensions
from bot.telegram.membership import Membership
from bot.text.person_names import is_named
from bot.text.phone_numbers import country_of
from handlers.dialog.stop_buttons import StopButtons


@dataclass(frozen=True, slots=True)
class Station:
    """PBX and its running parts. `name` is typed, `title` is shown; `country_set` is the configured country."""

    name: str
    title: str
    pbx: Pbx
    watch: TrunkMonitor
    incident_manager: IncidentManager
    phones: ExtensionCheck
    health: PbxHealthCheck
    calls: CallFollower
    watched: WatchedExtensions
    drills: Drills
    zone: Zone
    country_set: str = ""
    pause: Sleep = asyncio.sleep

    @property
    def country(self) -> str:
        """Country of numbers without a plus; empty if unknown."""
        return self.country_set or country_of(self.zone())

    def knows(self, text: str) -> bool:
        """Return True if a trunk or an employee that is in memory has every word of the text in its name."""
        names = (*self.watch.trunk_names.values(), *self.pbx.phone_book.last_names)
        return any(is_named(name, text) for name in names)

    def local(self, moment: datetime) -> datetime:
        """Convert to the station's local time, without a zone, as the PBX writes times."""
        return moment.astimezone(self.zone()).replace(tzinfo=None)


class StationDirectory(Protocol):
    """Directory of all configured stations."""

    single_station: str | None
    """Name of the only station, if the settings describe just one."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def station(self, name: str) -> Station | None: ...


@dataclass(frozen=True, slots=True)
class Services:
    """Data and services of the bot for handlers."""

    temporary_payloads: TemporaryPayloads
    imports: Imports
    registrations: Reregistrations
    grants: Grants
    people: Contacts
    requests: AccessRequests
    oncall: OnCallSchedules
    calendars: CalendarFeed
    audit: AuditReader
    membership: Membership
    incidents: Incidents
    silences: Silences
    bindings: Bindings
    call_subscriptions: CallSubscriptions
    call_hours: HoursOfChats
    missed_cards: MissedCards
    person_phones: PersonPhones
    digests: Digests
    fleet: StationDirectory
    stop_buttons: StopButtons
