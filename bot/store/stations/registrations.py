"""Trunks being re-registered, and the state of a trunk before its settings were changed.

A re-registration is stored before the trunk is disabled and deleted after it is enabled, so that the next run can
enable it after a kill.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.runtime.clock import Clock
from bot.store.database import Database
from bot.store.messages.temporary_payloads import peek
from bot.store.sealing import Unsealed
from bot.store.tables.dialog import TemporaryPayload

# After this long the trunk has been enabled by hand.
RETENTION = timedelta(days=365)
# Asterisk retries a refused login after 5 min; by then it has applied every change.
STATE_RETENTION = timedelta(minutes=6)
REREGISTRATION_PREFIX, BEFORE_PREFIX = "anew ", "before "


@dataclass(frozen=True, slots=True)
class Reregistration:
    """Re-registration in progress, its requester, and the progress message `shown`.

    `state` and `since` are the trunk's state before and its start by the PBX's clock. Times are epoch seconds.
    """

    station: str
    trunk: str
    name: str
    person: int
    chat: int
    thread: int | None
    private: bool
    shown: int | None
    begun_at: float
    state: str = ""
    since: float | None = None


class Reregistrations:
    """Re-registrations of all stations. Each method is a transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, reregistration: Reregistration) -> bool:
        """Store a re-registration; False if the trunk already has one."""
        row = TemporaryPayload(
            id=_id(REREGISTRATION_PREFIX, reregistration.station, reregistration.trunk),
            payload=Unsealed(asdict(reregistration)),
            expires_at=self._clock() + RETENTION,
        )
        return await self._database.run(_add_new, row)

    async def end(self, station: str, trunk: str) -> None:
        ended = delete(TemporaryPayload).where(TemporaryPayload.id == _id(REREGISTRATION_PREFIX, station, trunk))
        await self._database.run(lambda session: session.execute(ended))

    async def interrupted(self) -> list[Reregistration]:
        """Return the re-registrations that the last run did not finish."""
        query = (
            select(TemporaryPayload.payload)
            .where(TemporaryPayload.id.startswith(REREGISTRATION_PREFIX))
            .order_by(TemporaryPayload.id)
        )
        payloads = await self._database.run(lambda session: session.scalars(query).all())
        return [Reregistration(**payload) for payload in payloads]

    async def store_before(self, station: str, trunk: str, state: str, since: float | None) -> None:
        """Store the state of a trunk, and its start, until Asterisk has tried the new settings."""
        payload = Unsealed(state=state, since=since)
        row = TemporaryPayload(
            id=_id(BEFORE_PREFIX, station, trunk), payload=payload, expires_at=self._clock() + STATE_RETENTION
        )
        await self._database.run(Session.merge, row)

    async def before(self, station: str, trunk: str) -> tuple[str, float | None] | None:
        """Return the state and its start from before a change in the last minutes; None if there was no change."""
        row = await self._database.run(peek, _id(BEFORE_PREFIX, station, trunk), self._clock())
        return None if row is None else (str(row["state"]), row["since"])


def _add_new(session: Session, row: TemporaryPayload) -> bool:
    """Add a row; False if there is one with its id."""
    if session.get(TemporaryPayload, row.id) is not None:
        return False
    session.add(row)
    return True


def _id(kind: str, station: str, trunk: str) -> str:
    # An id has at most 24 characters, a station name up to 64.
    return (kind + sha256(f"{station} {trunk}".encode()).hexdigest())[:24]
