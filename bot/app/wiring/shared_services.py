"""Services shared by all stations and by the handlers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.access.policy import Destination
from bot.app.wiring.pbx_clients import PbxClients
from bot.config.known_releases import ReleaseTable
from bot.detection.correlation import ActiveCauses
from bot.engine.calendar_feed import CalendarFeed
from bot.engine.digests.reading import FigureReader
from bot.engine.last_seen import LastSeenWriter
from bot.incidents.common_findings import CommonFindings
from bot.runtime.clock import Clock
from bot.runtime.pause import PausableGroup
from bot.runtime.waiting import Signal
from bot.runtime.watchdog import LoopWatchdog
from bot.store.access.contacts import Contacts
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.messages.unstored_keyboards import UnstoredKeyboards
from bot.store.oncall.schedules import OnCallSchedules
from bot.telegram.delivery.sender import Sender


@dataclass(frozen=True, slots=True)
class SharedServices:
    """Services shared by all stations and by the handlers. `fleet_chats` are notified of every station; without other
    recipients `last_resort` is. `wake` wakes the delivery worker; pollers run in `pausable`. Set by the fleet:
    `step_due` signals a due step or a queued notification, `watching_changed` a change of the watched extensions,
    `subscriptions_changed` a change of the chats that are told of calls; `causes` holds the common causes of
    several stations, `findings` what many show together. Numbers are masked, if `mask_numbers`, in chats without the
    right to read them. With `count_calls` the calls of every station are counted."""

    database: Database
    sender: Sender
    grants: Grants
    people: Contacts
    oncall: OnCallSchedules
    fleet_chats: Sequence[Destination]
    last_resort: Sequence[Destination]
    last_seen: LastSeenWriter
    wake: Signal
    clock: Clock
    clients: PbxClients
    watchdog: LoopWatchdog
    mask_numbers: bool = True
    count_calls: bool = False
    releases: ReleaseTable = field(default_factory=ReleaseTable)
    step_due: Signal = field(default_factory=Signal)
    watching_changed: Signal = field(default_factory=Signal)
    subscriptions_changed: Signal = field(default_factory=Signal)
    causes: ActiveCauses = field(default_factory=ActiveCauses)
    findings: CommonFindings = field(default_factory=CommonFindings)
    pausable: PausableGroup = field(default_factory=PausableGroup)
    figures: FigureReader = field(default_factory=FigureReader)
    calendars: CalendarFeed = field(default_factory=CalendarFeed)
    unstored_keyboards: UnstoredKeyboards = field(default_factory=UnstoredKeyboards)
