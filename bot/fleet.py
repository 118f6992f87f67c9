"""All PBXs that the bot looks after, as they run now: they come, change and go without a restart."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

import structlog
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import EVERY_STATION, Destination
from bot.alerts.duty import DutyWatch
from bot.alerts.incident import SECOND_COPY
from bot.alerts.lookouts.second_copy import SecondCopyLookout
from bot.alerts.schedule import Schedule
from bot.alerts.ticker import Ticker
from bot.chat.messenger import Messenger
from bot.chat.message import mark
from bot.station import Shared, WatchedStation
from bot.station_settings import StationSettings
from bot.store.acquaintances import Acquaintances
from bot.store.database import Store
from bot.store.grants import GrantBook
from bot.store.oncall import OnCallBook
from bot.turns import Turns

log = structlog.get_logger(__name__)

# It is never looked at, so nothing is ever asked there.
NOWHERE = "https://fleet.invalid"
