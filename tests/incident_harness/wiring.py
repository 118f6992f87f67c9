"""Services that the program's wiring takes, with stand-ins where a test has no Telegram and no PBX."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from bot.access.policy import Destination
from bot.app.wiring.shared_services import SharedServices
from bot.config.station_settings import StationSettings
from bot.engine.last_seen import LastSeenWriter
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.runtime.watchdog import LoopWatchdog
from bot.store.access.contacts import Contacts
from bot.store.access.grants import Grants
from bot.store.database import Database


def _no_message(_chat: int) -> int | None:
    return None


@dataclass
class SilentSender:
    """Sender of tests that read the outbox. `newest`: id of the newest message of a chat."""

    newest: Callable[[int], int | None] = _no_message


@dataclass
class Clients:
    """Clients by the name of the PBX."""

    by_name: dict[str, Any] = field(default_factory=dict)

    def open(self, settings: StationSettings) -> Any:
        return self.by_name.get(settings.name)


NO_MESSAGES, NO_CLIENTS = SilentSender(), Clients()


def station_settings(name: str, chats: tuple[Destination, ...] = (), **more: Any) -> StationSettings:
    """Return settings of a PBX with the defaults of the settings file."""
    return StationSettings(
        name=name, title=name, url="https://pbx.invalid", key=SecretStr("-"), alert_chats=chats, **more
    )


def shared_services(
    database: Database,
    clock: Clock,
    *,
    grants: Grants,
    oncall: Any,
    sender: Any = NO_MESSAGES,
    clients: Any = NO_CLIENTS,
    **more: Any,
) -> SharedServices:
    defaults: dict[str, Any] = {
        "people": Contacts(database),
        "fleet_chats": (),
        "last_resort": (),
        "last_seen": LastSeenWriter(database),
        "wake": Signal(),
        "watchdog": LoopWatchdog(),
    }
    return SharedServices(
        database=database,
        clock=clock,
        grants=grants,
        oncall=oncall,
        sender=sender,
        clients=clients,
        **{**defaults, **more},
    )
