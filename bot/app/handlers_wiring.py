"""Build the access-controlled dispatcher over the running services."""

from collections.abc import Collection

import structlog

from bot.app.fleet import Fleet
from bot.app.station_monitor import WatchedStation
from bot.app.station_registry import StationRegistry
from bot.config.settings import Settings
from bot.engine.calendar_feed import CalendarSource
from bot.incidents.silence_store import Silences
from bot.messages.renderer import Renderer
from bot.runtime.clock import Clock
from bot.runtime.signals import Signal
from bot.store.access.access_requests import Requests
from bot.store.access.audit_queries import AuditReader
from bot.store.access.contacts import Acquaintances
from bot.store.access.denials import Denials
from bot.store.access.grants import GrantBook
from bot.store.access.known_senders import AlertChats
from bot.store.database import Store
from bot.store.messages.temporary_payloads import Drawer
from bot.store.oncall.schedules import OnCallBook
from bot.store.stations.bindings import Bindings
from bot.store.stations.imports import Imports
from bot.store.stations.incidents import Incidents
from bot.store.stations.registrations import Registrations
from bot.telegram.delivery.sender import Messenger
from bot.telegram.membership import Membership
from handlers import CATALOGUE, HOOKS
from handlers.dialog.stations import Directory
from handlers.dispatch.authorizer import Decisions
from handlers.dispatch.dispatcher import Dispatcher
from handlers.dispatch.request_factory import Reception
from handlers.dispatch.services import Desk, Station
from handlers.safety.rate_limits import Limits, Pace
from handlers.safety.two_person import SecondPerson

log = structlog.get_logger(__name__)


class SpokenStations:
    """The stations as handlers see them."""

    def __init__(self, registry: StationRegistry) -> None:
        self._registry = registry

    @property
    def names(self) -> Collection[str]:
        return self._registry.names

    def find(self, name: str) -> Station | None:
        return _spoken_of(self._registry.get(name))

    def told_in(self, chat: int) -> Collection[str]:
        return self._registry.told_in(chat)


def build_desk(
    settings: Settings,
    fleet: Fleet,
    directory: Directory,
    denials: Denials,
    *,
    store: Store,
    grants: GrantBook,
    membership: Membership,
    people: Acquaintances,
    oncall: OnCallBook,
    calendars: CalendarSource,
    clock: Clock,
    wake: Signal,
) -> Desk:
    """`wake` tells the delivery worker that a message was queued."""
    return Desk(
        drawer=Drawer(store, clock),
        imports=Imports(store, clock),
        registrations=Registrations(store, clock),
        grants=grants,
        people=people,
        requests=Requests(store, clock, grants, wake),
        oncall=oncall,
        calendars=calendars,
        audit=AuditReader(store, denials),
        membership=membership,
        incidents=Incidents(store, settings.history_kept),
        silences=Silences(store, clock, Signal(fleet.ticker.silences_changed)),
        bindings=Bindings(store, clock),
        fleet=directory,
    )


def dispatcher(
    bot_name: str,
    settings: Settings,
    directory: Directory,
    desk: Desk,
    denials: Denials,
    *,
    store: Store,
    messenger: Messenger,
    renderer: Renderer,
    alert_chats: AlertChats,
    clock: Clock,
    wake: Signal,
) -> Dispatcher:
    """`wake` tells the delivery worker that a message was queued."""
    pace = Pace(
        person=settings.commands_per_minute,
        chat=settings.chat_commands_per_minute,
        costly=settings.costly_commands_per_minute,
    )
    decisions = Decisions(
        store=store,
        catalogue=CATALOGUE,
        grants=desk.grants,
        membership=desk.membership,
        limits=Limits(pace),
        denials=denials,
        directory=directory,
        clock=clock,
    )
    second = SecondPerson(settings.two_person, store=store, drawer=desk.drawer, clock=clock, wake=wake)
    reception = Reception(
        directory=directory,
        desk=desk,
        store=store,
        messenger=messenger,
        renderer=renderer,
        clock=clock,
        mask_numbers=settings.mask_numbers,
        wake=wake,
        needs_second=second.is_needed_for,
    )
    _tell_of_two(settings)
    return Dispatcher(
        bot_name=bot_name,
        decisions=decisions,
        second=second,
        reception=reception,
        alert_chats=alert_chats,
        hooks=HOOKS,
    )


def _tell_of_two(settings: Settings) -> None:
    """The right to give access is among them, whether it was named or not."""
    if not settings.two_person:
        return
    log.info(
        "TWO_PERSON: these rights, and giving access, need approval by a second person",
        rights=sorted(settings.two_person),
    )
    # Whom somebody gave a right is no second person to them.
    if len(settings.admins) < 2:
        log.warning("TWO_PERSON: requests of the one person in ADMINS cannot be approved; name two people in ADMINS")


def _spoken_of(watched: WatchedStation | None) -> Station | None:
    if watched is None:
        return None
    return Station(
        name=watched.name,
        title=watched.title,
        pbx=watched.pbx,
        watch=watched.watch,
        ledger=watched.ledger,
        phones=watched.lookouts.phones,
        watched=watched.watched,
        rehearsals=watched.rehearsals,
        zone=watched.zone,
        country_set=watched.settings.country or "",
    )
