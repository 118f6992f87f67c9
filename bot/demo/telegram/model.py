"""Data model: people, chats, topics, messages, files."""

from dataclasses import dataclass, field

Json = dict[str, object]

IN_CHAT = frozenset({"creator", "administrator", "member", "restricted"})
ADMINS = frozenset({"creator", "administrator"})
STATUSES = IN_CHAT | {"left", "kicked"}
GENERAL = 1


@dataclass(eq=False)
class Person:
    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    started: bool = False
    blocked: bool = False

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name or ''}".strip()


# Senders in `from` where a person may not appear: the ids are Telegram's own.
ANONYMOUS_ADMIN = Person(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)
SEND_AS_CHANNEL = Person(136817688, "Channel", username="Channel_Bot", is_bot=True)
TELEGRAM = Person(777000, "Telegram")
ANOTHER_BOT = Person(6000000001, "Another bot", username="another_bot", is_bot=True)


@dataclass
class Member:
    user_id: int
    status: str
    anonymous: bool = False


@dataclass
class Topic:
    id: int
    name: str
    closed: bool = False


@dataclass(frozen=True)
class Entity:
    """`offset` and `length` in UTF-16 code units, as in the Bot API."""

    type: str
    offset: int
    length: int
    details: tuple[tuple[str, object], ...] = ()

    @property
    def end(self) -> int:
        return self.offset + self.length

    def as_json(self) -> Json:
        return {"type": self.type, "offset": self.offset, "length": self.length, **dict(self.details)}


@dataclass(frozen=True)
class StoredFile:
    id: str
    unique_id: str
    kind: str
    name: str
    mime: str
    content: bytes = field(repr=False)
    width: int = 0
    height: int = 0
    duration: int = 0
    title: str = ""
    performer: str = ""

    @property
    def path(self) -> str:
        return f"{self.kind}s/{self.unique_id}_{self.name}"


@dataclass(eq=False)
class ChatMessage:
    chat: "Chat"
    sender: Person | None
    date: int
    id: int = 0
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    file: StoredFile | None = None
    sender_chat: "Chat | None" = None
    reply_to: int | None = None
    thread: int | None = None
    markup: Json | None = None
    edit_date: int | None = None
    service: Json | None = None
    service_text: str | None = None
    forward_origin: Json | None = None
    forwarded_from: str | None = None
    via_bot: Person | None = None
    automatic_forward: bool = False
    protected: bool = False
    silent: bool = False
    link_preview: Json | None = None


@dataclass(eq=False)
class Chat:
    id: int
    type: str
    title: str
    is_forum: bool = False
    # Only of a public group.
    username: str | None = None
    person: Person | None = None
    members: dict[int, Member] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, ChatMessage] = field(default_factory=dict)
    last_id: int = 0
    migrated_to: int | None = None
    pinned: int | None = None

    @property
    def is_private(self) -> bool:
        return self.type == "private"

    @property
    def is_group(self) -> bool:
        return self.type in {"group", "supergroup"}

    def status(self, user_id: int) -> str:
        member = self.members.get(user_id)
        return member.status if member else "left"

    def is_admin(self, user_id: int) -> bool:
        return self.status(user_id) in ADMINS

    def has(self, user_id: int) -> bool:
        return self.status(user_id) in IN_CHAT
