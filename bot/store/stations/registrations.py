"""Trunks that are being registered anew, and what a trunk showed before its settings were changed.

The first is written before the trunk is switched off, and forgotten only when it is on again: whatever is killed in
between, the next run knows that it owes a switch.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, select

from bot.runtime.clock import Clock
from bot.store.database import Store
from bot.store.messages.temporary_payloads import peek
from bot.store.sealing import Unsealed
from bot.store.tables.incidents import TemporaryPayload

# Nobody finishes later what lay so long: somebody has switched the trunk on by hand.
OWED = timedelta(days=365)
# Asterisk tries a login that was refused again after 5 min; by then it has heard of every change.
REMEMBERED = timedelta(minutes=6)
ANEW, BEFORE = "anew ", "before "


@dataclass(frozen=True, slots=True)
class Reregistration:
    """Who wants which trunk registered anew, and the message that shows how far it is. `state` is what it showed then,
    `since` when that began by the PBX's clock; times in seconds of the epoch."""

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
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def begin(self, wanted: Reregistration) -> bool:
        """False when the same trunk is being registered anew already."""
        row = TemporaryPayload(
            id=_id(ANEW, wanted.station, wanted.trunk),
            payload=Unsealed(asdict(wanted)),
            expires_at=self._clock() + OWED,
        )
        async with self._store.begin() as session:
            if await session.get(TemporaryPayload, row.id) is not None:
                return False
            session.add(row)
        return True

    async def end(self, station: str, trunk: str) -> None:
        async with self._store.begin() as session:
            await session.execute(delete(TemporaryPayload).where(TemporaryPayload.id == _id(ANEW, station, trunk)))

    async def left_over(self) -> list[Reregistration]:
        """What the last run had begun."""
        async with self._store.begin() as session:
            found = await session.execute(
                select(TemporaryPayload.payload)
                .where(TemporaryPayload.id.startswith(ANEW))
                .order_by(TemporaryPayload.id)
            )
            return [Reregistration(**payload) for payload in found.scalars()]

    async def note_before(self, station: str, trunk: str, state: str, since: float | None) -> None:
        """What the trunk shows until Asterisk has tried the settings that it is about to be given: its state, and when
        that began."""
        payload = Unsealed(state=state, since=since)
        kept = TemporaryPayload(id=_id(BEFORE, station, trunk), payload=payload, expires_at=self._clock() + REMEMBERED)
        async with self._store.begin() as session:
            await session.merge(kept)

    async def before(self, station: str, trunk: str) -> tuple[str, float | None] | None:
        """The same, of a trunk that was changed a few minutes ago."""
        async with self._store.begin() as session:
            row = await peek(session, _id(BEFORE, station, trunk), self._clock())
        return None if row is None else (str(row["state"]), row["since"])


def _id(kind: str, station: str, trunk: str) -> str:
    # An id is 24 characters long at most, a station's name 64.
    return (kind + sha256(f"{station} {trunk}".encode()).hexdigest())[:24]
