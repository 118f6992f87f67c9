"""Build the parts of one station."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot.app.station_monitor import StationMonitor
from bot.app.wiring.shared_services import SharedServices
from bot.calls.call_counter import CallCounter
from bot.calls.pbx_clock import PbxClock
from bot.config.station_settings import StationSettings
from bot.engine.calls.call_cards import CallCards
from bot.engine.calls.follower import CallFollower
from bot.engine.calls.lost_rights import LostRights
from bot.engine.calls.missed_calls import MissedCallCards
from bot.engine.calls.unread_calls import UnreadCalls
from bot.engine.checks.oncall_reachability import ReachabilityCheck
from bot.engine.digests.sender import DigestSender
from bot.engine.drills import Drills
from bot.engine.incident_manager import IncidentManager
from bot.notifications.alert_messages import AlertMessages
from bot.notifications.destinations import Destinations
from bot.notifications.escalation import EscalationPolicy
from bot.notifications.fallback import Fallback
from bot.notifications.notifier import Notifier
from bot.notifications.recipients import OnCallResolver
from bot.pbx.time_zone import PbxTimeZone
from bot.runtime.clock import Zone
from bot.runtime.waiting import Signal
from bot.store.stations.watched_extensions import WatchedExtensions


@dataclass(frozen=True, slots=True)
class IncidentParts:
    """Incidents of one station: their manager, and the recipients of its notifications."""

    manager: IncidentManager
    people: OnCallResolver
    destinations: Destinations
    fallback: Fallback


def build_station(settings: StationSettings, shared: SharedServices) -> StationMonitor:
    """Build the monitor of a station. No task is started."""
    zone = PbxTimeZone(settings.timezone)

    def clock_of_pbx() -> PbxClock:
        return PbxClock(zone(), zone.ahead)

    incidents = build_incidents(settings, shared, zone)
    pbx = shared.clients.open(settings)
    return StationMonitor(
        settings,
        pbx=pbx,
        zone=zone,
        incident_manager=incidents.manager,
        destinations=incidents.destinations,
        fallback=incidents.fallback,
        drills=Drills(shared.database, settings.name, incidents.manager),
        watched=WatchedExtensions(
            shared.database, settings.name, Signal(partial(shared.watching_changed.send, settings.name))
        ),
        duty=ReachabilityCheck(
            settings.name,
            schedules=shared.oncall,
            grants=shared.grants,
            people=shared.people,
            sender=shared.sender,
            database=shared.database,
            destinations=incidents.destinations,
            clock=shared.clock,
            wake=shared.wake,
            source=shared.calendars,
        ),
        calls=CallFollower(
            settings.name,
            pbx,
            clock_of_pbx,
            [
                LostRights(settings.name, shared.grants),
                MissedCallCards(
                    settings.name,
                    clock_of_pbx,
                    shared.grants,
                    mask_numbers=shared.mask_numbers,
                    can_call=settings.ami_url is not None,
                ),
                CallCards(settings.name, clock_of_pbx, shared.grants, mask_numbers=shared.mask_numbers),
            ],
            UnreadCalls(settings.name, shared.grants),
            database=shared.database,
            clock=shared.clock,
            wake=shared.wake,
            counter=CallCounter(clock_of_pbx, shared.clock()) if shared.count_calls else None,
        ),
        digests=DigestSender(
            settings.name,
            pbx,
            zone,
            shared.figures,
            database=shared.database,
            grants=shared.grants,
            clock=shared.clock,
            wake=shared.wake,
        ),
        releases=shared.releases,
        clock=shared.clock,
    )


def build_incidents(settings: StationSettings, shared: SharedServices, zone: Zone) -> IncidentParts:
    """Build the incident manager of a station with its notifier. `zone` is the station's."""
    destinations = Destinations(
        settings.name, settings.alert_chats, shared.grants, fleet=shared.fleet_chats, last_resort=shared.last_resort
    )
    alert_messages = AlertMessages(shared.sender.newest, timedelta(seconds=1.5 * settings.poll_interval))
    people = OnCallResolver(shared.oncall, shared.grants, settings.name, shared.people)
    notifier = Notifier(
        station=settings.name,
        alerts=alert_messages,
        people=people,
        destinations=destinations,
        zone=zone,
        policy=EscalationPolicy(
            timedelta(seconds=settings.escalate_after),
            timedelta(seconds=settings.remind_every),
            timedelta(seconds=settings.page_again_every),
        ),
        causes=shared.causes,
        findings=shared.findings,
    )
    return IncidentParts(
        manager=IncidentManager(shared.database, settings.name, notifier, shared.step_due, shared.last_seen),
        people=people,
        destinations=destinations,
        fallback=Fallback(
            settings.name, notifier=notifier, alerts=alert_messages, people=people, destinations=destinations
        ),
    )
