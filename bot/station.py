"""One PBX and everything that watches it, put together."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.access import Destination
from bot.alerts.cards import Cards
from bot.alerts.destinations import Destinations
from bot.alerts.duty import DutyWatch
from bot.alerts.escalation import Plan
from bot.alerts.fallback import Fallback
from bot.alerts.ledger import Ledger
from bot.alerts.lookouts.station import Quiet, StationLookouts
from bot.alerts.machine import Policy
from bot.alerts.notices import Notices
from bot.alerts.people import People
from bot.alerts.rehearsals import Rehearsals
from bot.alerts.silences import Silences
from bot.alerts.ticker import Ticker
from bot.alerts.watch import Watch
from bot.chat.messenger import Messenger
from bot.pbx import Pbx
from bot.settings import Settings
from bot.store.acquaintances import Acquaintances
from bot.store.database import Store
from bot.store.grants import GrantBook
from bot.store.oncall import OnCallBook
from bot.store.watched import WatchedExtensions
from bot.zone import StationZone


class WatchedStation:
    """`wake` tells the courier that something is owed; `alert_chats` are those that the settings name."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        messenger: Messenger,
        grants: GrantBook,
        people: Acquaintances,
        alert_chats: Sequence[Destination],
        wake: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        self.name = settings.station_name
        self._clock = clock
        self._wake = wake
        self.zone = StationZone(settings.pbx_timezone)
        self.pbx = Pbx(
            settings.pbx_url,
            settings.pbx_api_key,
            name=self.name,
            verify=_verification(settings),
            allow_http=settings.pbx_allow_http,
        )
        self.oncall = OnCallBook(store, clock, self._oncall_changed)
        self.destinations = Destinations(self.name, alert_chats, grants)
        cards = Cards(messenger.newest, timedelta(seconds=1.5 * settings.poll_interval))
        on_call = People(self.oncall, grants, self.name)
        notices = Notices(
            station=self.name,
            cards=cards,
            people=on_call,
            destinations=self.destinations,
            zone=self.zone,
            plan=Plan(timedelta(seconds=settings.escalate_after), timedelta(seconds=settings.remind_every)),
        )
        self.fallback = Fallback(
            self.name, notices=notices, cards=cards, people=on_call, destinations=self.destinations
        )
        self.ledger = Ledger(store, self.name, notices, self._owed)
        self.ticker = Ticker(self.ledger, clock, lambda: self.watch.is_sure)
        self.silences = Silences(store, clock, self.ticker.silences_changed)
        self.rehearsals = Rehearsals(store, self.name, self.ledger)
        self.watch = Watch(
            self.name,
            self.pbx,
            self.ledger,
            Policy(poll_interval=settings.poll_interval, alert_after=settings.alert_after),
            clock,
            self._saw_time,
        )
        self.watched = WatchedExtensions(store, self.name, lambda: self.lookouts.phones.wake())
        self.lookouts = StationLookouts(
            self.name,
            self.pbx,
            self.ledger,
            watched=self.watched.numbers,
            quiet=Quiet(timedelta(minutes=settings.no_calls_after), settings.no_calls_hours),
            zone=self.zone,
            in_trouble=self._in_trouble,
            clock=clock,
        )
        self.duty = DutyWatch(
            self.name,
            book=self.oncall,
            grants=grants,
            people=people,
            can_write_to=messenger.can_write_to,
            store=store,
            destinations=self.destinations,
            clock=clock,
            wake=wake,
        )

    def jobs(self, stop: asyncio.Event) -> list[Callable[[], Awaitable[None]]]:
        """What is to run until `stop` is set."""
        return [partial(part.run, stop) for part in (self.watch, self.ticker, self.lookouts, self.duty)]

    def _owed(self) -> None:
        self._wake()
        self.ticker.wake()

    def _saw_time(self, pbx_time: datetime | None) -> None:
        self.zone.saw(pbx_time)
        self.lookouts.clock.saw(pbx_time, self._clock())

    def _in_trouble(self) -> bool:
        return self.watch.latest is not None and self.watch.latest.trouble is not None

    def _oncall_changed(self) -> None:
        self._wake()
        self.duty.changed()


def _verification(settings: Settings) -> bool | ssl.SSLContext:
    if isinstance(settings.pbx_tls_verify, bool):
        return settings.pbx_tls_verify
    return ssl.create_default_context(cafile=str(settings.pbx_tls_verify))
