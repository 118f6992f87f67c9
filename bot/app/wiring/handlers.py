"""Build the access-controlled dispatcher and the services of handlers."""

from collections.abc import Collection

import structlog

from bot.app.station_monitor import StationMonitor
from bot.app.station_registry import StationRegistry
from bot.app.wiring.shared_services import SharedServices
from bot.config.settings import Settings
from bot.incidents.silence_store import Silences
from bot.messages.renderer import Renderer
from bot.notifications.calls.chat_hours import HoursOfChats
from bot.notifications.calls.missed_card_presses import MissedCards
from bot.runtime.waiting import Signal
from bot.store.access.access_requests import AccessRequests
from bot.store.access.audit_queries import AuditReader
from bot.store.access.denials import Denials
from bot.store.access.known_senders import AlertChats
from bot.store.access.person_phones import PersonPhones
from bot.store.messages.temporary_payloads import TemporaryPayloads
from bot.store.stations.bindings import Bindings
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.stations.digests import Digests
from bot.store.stations.imports import Imports
from bot.store.stations.incidents import Incidents
from bot.store.stations.registrations import Reregistrations
from bot.telegram.membership import Membership
from handlers import HOOKS
from handlers.authorization.authorizer import Authorizer
from handlers.authorization.rate_limits import RateLimits, RequestLimits
from handlers.authorization.station_choice import StationChooser
from handlers.dialog.stop_buttons import StopButtons
from handlers.dispatch.declare import Catalogue
from handlers.dispatch.dispatcher import Dispatcher
from handlers.dispatch.executor import Executor
from handlers.dispatch.services import Services, Station
from handlers.safety.two_person import TwoPersonRule

log = structlog.get_logger(__name__)


class HandlerStations:
    """Stations as handlers use them."""

    def __init__(self, registry: StationRegistry) -> None:
        self._registry = registry

    @property
    def names(self) -> Collection[str]:
        return self._registry.names

    def find(self, name: str) -> Station | None:
        found = self._registry.get(name)
        return None if found is None else handler_station(found)

    def alert_stations_of(self, chat: int) -> Collection[str]:
        return self._registry.alert_stations_of(chat)


def build_services(
    settings: Settings,
    shared: SharedServices,
    *,
    directory: StationChooser,
    membership: Membership,
    denials: Denials,
    silences_changed: Signal,
) -> Services:
    """Build the services of handlers. `silences_changed` is sent the name of the station."""
    database, clock = shared.database, shared.clock
    return Services(
        temporary_payloads=TemporaryPayloads(database, clock),
        imports=Imports(database, clock),
        registrations=Reregistrations(database, clock),
        grants=shared.grants,
        people=shared.people,
        requests=AccessRequests(database, clock, shared.grants, shared.wake),
        oncall=shared.oncall,
        calendars=shared.calendars,
        audit=AuditReader(database, denials),
        membership=membership,
        incidents=Incidents(database, settings.history_kept),
        silences=Silences(database, clock, silences_changed),
        bindings=Bindings(database, clock),
        call_subscriptions=CallSubscriptions(database, shared.subscriptions_changed),
        call_hours=HoursOfChats(database),
        missed_cards=MissedCards(database, shared.wake, clock),
        person_phones=PersonPhones(database),
        digests=Digests(database),
        fleet=directory,
        stop_buttons=StopButtons(),
    )


def build_dispatcher(
    bot_name: str,
    settings: Settings,
    shared: SharedServices,
    services: Services,
    *,
    directory: StationChooser,
    catalogue: Catalogue,
    denials: Denials,
    renderer: Renderer,
    alert_chats: AlertChats,
) -> Dispatcher:
    """Build the dispatcher of the commands and buttons in the catalogue."""
    database, clock = shared.database, shared.clock
    pace = RequestLimits(
        person=settings.commands_per_minute,
        chat=settings.chat_commands_per_minute,
        costly=settings.costly_commands_per_minute,
    )
    authorizer = Authorizer(
        database=database,
        catalogue=catalogue,
        grants=services.grants,
        membership=services.membership,
        limits=RateLimits(pace),
        denials=denials,
        directory=directory,
        clock=clock,
    )
    second = TwoPersonRule(
        settings.two_person,
        database=database,
        temporary_payloads=services.temporary_payloads,
        clock=clock,
        wake=shared.wake,
    )
    executor = Executor(
        directory=directory,
        services=services,
        database=database,
        unstored_keyboards=shared.unstored_keyboards,
        sender=shared.sender,
        renderer=renderer,
        clock=clock,
        mask_numbers=settings.mask_numbers,
        wake=shared.wake,
        needs_second=second.is_needed_for,
    )
    _warn_of_conflict(settings)
    return Dispatcher(
        bot_name=bot_name,
        authorizer=authorizer,
        two_person_rule=second,
        executor=executor,
        alert_chats=alert_chats,
        catalogue=catalogue,
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


def handler_station(monitor: StationMonitor) -> Station:
    """Return the parts of a station that handlers use."""
    return Station(
        name=monitor.name,
        title=monitor.title,
        pbx=monitor.pbx,
        watch=monitor.watch,
        incident_manager=monitor.incident_manager,
        phones=monitor.checks.phones,
        health=monitor.checks.health,
        calls=monitor.calls,
        watched=monitor.watched,
        drills=monitor.drills,
        zone=monitor.zone,
        country_set=monitor.settings.country or "",
    )
