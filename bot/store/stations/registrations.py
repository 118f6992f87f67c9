"""Trunks being re-registered, and the state of a trunk before its settings were changed.

A re-registration is stored before the trunk is disabled and deleted after it is enabled, so that the next run can
enable it after a kill.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, select

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
    """Re-registrations of all stations. Each method opens a session."""

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
        with self._database.begin() as session:
            if session.get(TemporaryPayload, row.id) is not None:
                return False
            session.add(row)
        return True

    async def end(self, station: str, trunk: str) -> None:
        with self._database.begin() as session:
            session.execute(
                delete(TemporaryPayload).where(TemporaryPayload.id == _id(REREGISTRATION_PREFIX, station, trunk))
            )

    async def interrupted(self) -> list[Reregistration]:
        """Return the re-registrations that the last run did not finish."""
        with self._database.begin() as session:
            found = session.execute(
                select(TemporaryPayload.payload)
                .where(TemporaryPayload.id.startswith(REREGISTRATION_PREFIX))
                .order_by(TemporaryPayload.id)
            )
            return [Reregistration(**payload) for payload in found.scalars()]

    async def store_before(self, station: str, trunk: str, state: str, since: float | None) -> None:
        """Store the state of a trunk, and its start, until Asterisk has tried the new settings."""
        payload = Unsealed(state=state, since=since)
        row = TemporaryPayload(
            id=_id(BEFORE_PREFIX, station, trunk), payload=payload, expires_at=self._clock() + STATE_RETENTION
        )
        with self._database.begin() as session:
            session.merge(row)

    async def before(self, station: str, trunk: str) -> tuple[str, float | None] | None:
        """Return the state and its start from before a change in the last minutes; None if there was no change."""
        with self._database.begin() as session:
            row = peek(session, _id(BEFORE_PREFIX, station, trunk), self._clock())
        return None if row is None else (str(row["state"]), row["since"])


def _id(kind: str, station: str, trunk: str) -> str:
    # An id has at most 24 characters, a station name up to 64.
    return (kind + sha256(f"{station} {trunk}".encode()).hexdigest())[:24]
