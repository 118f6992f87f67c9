"""Build the access-controlled dispatcher over the running services."""

from collections.abc import Collection

import structlog

from bot.app.fleet import Fleet
from bot.app.station_monitor import StationMonitor
from bot.app.station_registry import StationRegistry
from bot.config.settings import Settings
from bot.engine.calendar_feed import CalendarFeed
from bot.incidents.silence_store import Silences
from bot.messages.renderer import Renderer
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.access.access_requests import AccessRequests
from bot.store.access.audit_queries import AuditReader
from bot.store.access.contacts import Contacts
from bot.store.access.denials import Denials
from bot.store.access.grants import GrantBook
from bot.store.access.known_senders import AlertChats
from bot.store.database import Store
from bot.store.messages.temporary_payloads import TemporaryPayloads
from bot.store.oncall.schedules import OnCallBook
from bot.store.stations.bindings import Bindings
from bot.store.stations.imports import Imports
from bot.store.stations.incidents import Incidents
from bot.store.stations.registrations import Reregistrations
from bot.telegram.delivery.sender import Sender
from bot.telegram.membership import Membership
from handlers import CATALOGUE, HOOKS
from handlers.authorization.authorizer import Authorizer
from handlers.authorization.rate_limits import RateLimits, RequestLimits
from handlers.authorization.station_choice import StationChooser
from handlers.dispatch.dispatcher import Dispatcher
from handlers.dispatch.executor import Executor
from handlers.dispatch.services import Services, Station
from handlers.safety.two_person import TwoPersonRule

log = structlog.get_logger(__name__)


class SpokenStations:
    """Stations as handlers use them."""

    def __init__(self, registry: StationRegistry) -> None:
        self._registry = registry

    @property
    def names(self) -> Collection[str]:
        return self._registry.names

    def find(self, name: str) -> Station | None:
        return _spoken_of(self._registry.get(name))

    def alert_stations_of(self, chat: int) -> Collection[str]:
        return self._registry.alert_stations_of(chat)


def build_services(
    settings: Settings,
    fleet: Fleet,
    directory: StationChooser,
    denials: Denials,
    *,
    store: Store,
    grants: GrantBook,
    membership: Membership,
    people: Contacts,
    oncall: OnCallBook,
    calendars: CalendarFeed,
    clock: Clock,
    wake: Signal,
) -> Services:
    """Build the services of handlers. `wake` wakes the delivery worker."""
    return Services(
        temporary_payloads=TemporaryPayloads(store, clock),
        imports=Imports(store, clock),
        registrations=Reregistrations(store, clock),
        grants=grants,
        people=people,
        requests=AccessRequests(store, clock, grants, wake),
        oncall=oncall,
        calendars=calendars,
        audit=AuditReader(store, denials),
        membership=membership,
        incidents=Incidents(store, settings.history_kept),
        silences=Silences(store, clock, Signal(fleet.ticker.silences_changed)),
        bindings=Bindings(store, clock),
        fleet=directory,
    )


def build_dispatcher(
    bot_name: str,
    settings: Settings,
    directory: StationChooser,
    services: Services,
    denials: Denials,
    *,
    store: Store,
    sender: Sender,
    renderer: Renderer,
    alert_chats: AlertChats,
    clock: Clock,
    wake: Signal,
) -> Dispatcher:
    """Build the dispatcher. `wake` wakes the delivery worker."""
    pace = RequestLimits(
        person=settings.commands_per_minute,
        chat=settings.chat_commands_per_minute,
        costly=settings.costly_commands_per_minute,
    )
    authorizer = Authorizer(
        store=store,
        catalogue=CATALOGUE,
        grants=services.grants,
        membership=services.membership,
        limits=RateLimits(pace),
        denials=denials,
        directory=directory,
        clock=clock,
    )
    second = TwoPersonRule(
        settings.two_person, store=store, temporary_payloads=services.temporary_payloads, clock=clock, wake=wake
    )
    executor = Executor(
        directory=directory,
        services=services,
        store=store,
        sender=sender,
        renderer=renderer,
        clock=clock,
        mask_numbers=settings.mask_numbers,
        wake=wake,
        needs_second=second.is_needed_for,
    )
    _warn_of_conflict(settings)
    return Dispatcher(
        bot_name=bot_name,
        authorizer=authorizer,
        second=second,
        executor=executor,
        alert_chats=alert_chats,
        hooks=HOOKS,
    )


def _warn_of_conflict(settings: Settings) -> None:
    """Log the rights under two-person approval; they always include giving access."""
    if not settings.two_person:
        return
    log.info(
        "TWO_PERSON: these rights, and giving access, need approval by a second person",
        rights=sorted(settings.two_person),
    )
    # A person does not count as the second one for the giver of their right.
    if len(settings.admins) < 2:
        log.warning("TWO_PERSON: requests of the one person in ADMINS cannot be approved; name two people in ADMINS")


def _spoken_of(watched: StationMonitor | None) -> Station | None:
    if watched is None:
        return None
    return Station(
        name=watched.name,
        title=watched.title,
        pbx=watched.pbx,
        watch=watched.watch,
        incident_manager=watched.incident_manager,
        phones=watched.checks.phones,
        watched=watched.watched,
        drills=watched.drills,
        zone=watched.zone,
        country_set=watched.settings.country or "",
    )
