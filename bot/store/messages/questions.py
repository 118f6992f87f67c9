"""Pending questions: at most one for each person and chat, kept over a restart."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from bot.store.messages import keyboards
from bot.store.tables.dialog import QuestionRow


def ask(
    session: Session,
    *,
    chat_id: int,
    person_id: int,
    station: str,
    message_id: int,
    answer: str,
    data: dict[str, Any],
    expires_at: datetime,
    content: dict[str, Any] | None = None,
) -> None:
    """Store a question, replacing the pending one of the person in the chat.

    `message_id` is the message with the question: in a group only a reply to it is an answer. `content` holds its
    template and facts.
    """
    question = QuestionRow(
        chat_id=chat_id,
        person_id=person_id,
        station=station,
        message_id=message_id,
        answer=answer,
        data=data,
        said=content,
        expires_at=expires_at,
    )
    session.merge(question)


def find(session: Session, *, chat_id: int, person_id: int) -> QuestionRow | None:
    """Return the pending question of a person in a chat; it may have expired."""
    return session.get(QuestionRow, (chat_id, person_id))


def remove(session: Session, *, chat_id: int, person_id: int) -> bool:
    """Delete a question; return True for exactly one of concurrent callers."""
    deleted = session.execute(
        delete(QuestionRow)
        .where(QuestionRow.chat_id == chat_id, QuestionRow.person_id == person_id)
        .returning(QuestionRow.answer)
    )
    return deleted.scalar_one_or_none() is not None


def withdraw(session: Session, chat_id: int, person_id: int, now: datetime) -> bool:
    """Close the open question of a person in a chat, and the buttons that wait for their confirmation; return True if
    there were any."""
    question = find(session, chat_id=chat_id, person_id=person_id)
    was_open = question is not None and question.expires_at > now
    remove(session, chat_id=chat_id, person_id=person_id)
    return keyboards.withdraw(session, chat_id=chat_id, asker_id=person_id, now=now) > 0 or was_open


def delete_expired(session: Session, now: datetime) -> None:
    session.execute(delete(QuestionRow).where(QuestionRow.expires_at <= now))
