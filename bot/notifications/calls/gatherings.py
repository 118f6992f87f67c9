"""Several missed callers in one message: who joins it, when the chat is told, and when it is over."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from bot.notifications.calls import gathering_message
from bot.store.database import Session
from bot.store.stations import missed_gatherings
from bot.store.stations.missed_gatherings import cards_of
from bot.store.tables.calls import CallSubscription, GatheringCause, MissedCard, MissedGathering

# So long is known when the chat was last told what came while it was closed.
REMEMBERED = timedelta(days=8)


class Gatherings:
    """Gatherings of a chat, in one transaction."""

    def __init__(self, session: Session, subscription: CallSubscription, now: datetime) -> None:
        self._session = session
        self._subscription = subscription
        self._now = now
        self._rows = list(
            missed_gatherings.current(session, subscription.station, subscription.chat_id, now - REMEMBERED)
        )
        self._changed: set[int] = set()

    @property
    def open(self) -> list[MissedGathering]:
        """The gatherings with callers left."""
        return [row for row in self._rows if row.closed_at is None]

    @property
    def told_closed_at(self) -> datetime | None:
        """When the chat was last told what came while it was closed."""
        told = (row.told_at for row in self._rows if row.cause == GatheringCause.CLOSED and row.told_at)
        return max(told, default=None)

    def growing(self, cause: GatheringCause) -> MissedGathering | None:
        """Return the gathering that further callers join."""
        return next((row for row in self._rows if row.cause == cause and row.over_at is None), None)

    def join(self, cause: GatheringCause, card: MissedCard, calls: int, ended: datetime) -> None:
        """Add calls of a caller, the first of which ended then."""
        row = self.growing(cause)
        if row is None:
            row = MissedGathering(
                station=self._subscription.station,
                chat_id=self._subscription.chat_id,
                cause=cause,
                callers=[],
                began_at=ended,
            )
            self._session.add(row)
            self._session.flush()
            self._rows.append(row)
        row.began_at = min(row.began_at, ended)
        known = {caller["card"]: caller["calls"] for caller in row.callers}
        known[card.id] = known.get(card.id, 0) + calls
        row.callers = [{"card": card_id, "calls": number} for card_id, number in known.items()]
        self._changed.add(row.id)

    def tell(self, row: MissedGathering, *, masked: bool) -> None:
        """Queue the message."""
        cards = cards_of(self._session, row)
        gathering_message.send(self._session, row, self._subscription, cards, self._now, masked=masked)
        for card in cards:
            card.told_at = self._now
        self._changed.add(row.id)

    def end(self, row: MissedGathering) -> None:
        """Let no further caller join."""
        row.over_at = self._now
        self._changed.add(row.id)

    def show(self, changed: Collection[int]) -> None:
        """Show the gatherings that changed, or that have one of these cards, and close those with nobody left."""
        for row in self.open:
            if row.id in self._changed or any(caller["card"] in changed for caller in row.callers):
                refresh(self._session, row, self._now)


def refresh(session: Session, row: MissedGathering, now: datetime) -> None:
    """Show the gathering as it is, and close it if nobody is left and none can join."""
    cards = cards_of(session, row)
    if row.over_at is not None and all(card.closed_at is not None for card in cards):
        row.closed_at = now
    gathering_message.show(session, row, cards, now)


def of_card(session: Session, card: MissedCard) -> Sequence[MissedGathering]:
    """Return the gatherings with callers left that the card is in."""
    rows: Iterable[MissedGathering] = missed_gatherings.current(session, card.station, card.chat_id, card.opened_at)
    return missed_gatherings.joined_by((row for row in rows if row.closed_at is None), card)
