"""Cards of missed callers. Returned rows belong to the caller's session."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.store.tables.calls import MissedCard


def recent(session: Session, station: str, chat_id: int, closed_since: datetime) -> Sequence[MissedCard]:
    """Return the cards of a chat that are open, or were closed since that time, oldest first."""
    found = session.execute(
        select(MissedCard)
        .where(
            MissedCard.station == station,
            MissedCard.chat_id == chat_id,
            or_(MissedCard.closed_at.is_(None), MissedCard.closed_at >= closed_since),
        )
        .order_by(MissedCard.id)
    )
    return found.scalars().all()


def ringing(session: Session) -> Sequence[MissedCard]:
    """Return the cards of all stations for which the PBX was asked to call, and the outcome is not known."""
    return (
        session.execute(select(MissedCard).where(MissedCard.rings.is_not(None)).order_by(MissedCard.id)).scalars().all()
    )


def open_of(session: Session, station: str, chat_id: int, caller: str) -> Sequence[MissedCard]:
    """Return the open cards of a caller in a chat."""
    of_caller = select(MissedCard).where(
        MissedCard.station == station,
        MissedCard.chat_id == chat_id,
        MissedCard.caller == caller,
        MissedCard.closed_at.is_(None),
    )
    return session.execute(of_caller.order_by(MissedCard.id)).scalars().all()


def is_called_elsewhere(session: Session, card: MissedCard, since: datetime) -> bool:
    """Return True if another card of this caller has the PBX call them, or had it call them since that time."""
    of_caller = select(MissedCard.id).where(
        MissedCard.station == card.station,
        MissedCard.caller == card.caller,
        MissedCard.id != card.id,
        or_(MissedCard.rings.is_not(None), MissedCard.called_at > since),
    )
    return session.execute(of_caller.limit(1)).first() is not None


def find(session: Session, card_id: int, station: str, chat_id: int) -> MissedCard | None:
    """Return a card of this station and chat."""
    card = session.get(MissedCard, card_id)
    return card if card is not None and (card.station, card.chat_id) == (station, chat_id) else None
