"""Tables of chats: supergroup migrations, flood waits, blocked chats, menus, bindings."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.tables.base import Table, TelegramId


class ChatMigration(Table):
    """Group that became a supergroup: settings still name the old id, messages go to the new one."""

    __tablename__ = "chat_moves"
    old_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    new_id: Mapped[TelegramId]
    at: Mapped[datetime]


class FloodWait(Table):
    """Flood wait of a chat, possibly for hours."""

    __tablename__ = "chat_holds"
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    until: Mapped[datetime]


class ClosedChat(Table):
    """Chat that refuses the bot's messages until it is opened again."""

    __tablename__ = "closed_chats"
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class MenuRow(Table):
    """Command menu of a scope: a bot, and of it a chat, or a person in a chat."""

    __tablename__ = "menus"
    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    # Telegram's reason for a refusal.
    refused: Mapped[str | None] = mapped_column(Text)


class Binding(Table):
    """Binding of a chat to a station; with `alerts` the chat gets its alerts."""

    __tablename__ = "bindings"
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    station: Mapped[str] = mapped_column(String(64), primary_key=True)
    alerts: Mapped[bool]
    by_id: Mapped[TelegramId]
    by_name: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime]
    __table_args__ = (Index("bindings_by_station", "station"),)


class StationChoiceRow(Table):
    """Station last chosen by a person in a chat bound to several."""

    __tablename__ = "choices"
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    station: Mapped[str] = mapped_column(String(64))
