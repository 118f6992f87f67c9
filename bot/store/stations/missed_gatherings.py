"""Messages of several missed callers. Returned rows belong to the caller's session."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from bot.store.tables.calls import MissedCard, MissedGathering


def current(session: Session, station: str, chat_id: int, told_since: datetime) -> Sequence[MissedGathering]:
    """Return the gatherings of a chat that have callers left, or were told since that time, oldest first."""
    found = session.execute(
        select(MissedGathering)
        .where(
            MissedGathering.station == station,
            MissedGathering.chat_id == chat_id,
            or_(MissedGathering.closed_at.is_(None), MissedGathering.told_at >= told_since),
        )
        .order_by(MissedGathering.id)
    )
    return found.scalars().all()


def cards_of(session: Session, gathering: MissedGathering) -> list[MissedCard]:
    """Return the cards of the callers, in the order in which they joined."""
    ids = [caller["card"] for caller in gathering.callers]
    found = session.execute(select(MissedCard).where(MissedCard.id.in_(ids)))
    cards = {card.id: card for card in found.scalars()}
    return [cards[card] for card in ids if card in cards]


def remove_untold(session: Session, station: str, chat_id: int) -> None:
    session.execute(
        delete(MissedGathering).where(
            MissedGathering.station == station, MissedGathering.chat_id == chat_id, MissedGathering.told_at.is_(None)
        )
    )


def joined_by(gatherings: Iterable[MissedGathering], card: MissedCard) -> list[MissedGathering]:
    """Return the gatherings that the card is in."""
    return [one for one in gatherings if any(caller["card"] == card.id for caller in one.callers)]
