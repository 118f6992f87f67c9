"""State of the stand-in: people, chats, messages, and the updates that the bot gets."""

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.telegram.bot_api import shapes
from bot.demo.telegram.bot_api.commands import CommandMenus
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.bot_api.queries import ButtonPresses
from bot.demo.telegram.bot_api.refusal import BotApiRefused
from bot.demo.telegram.faults import Faults
from bot.demo.telegram.files import UploadedFiles
from bot.demo.telegram.limits import PublicLimits
from bot.demo.telegram.model import Chat, ChatMessage, Json, Member, Person
from bot.demo.telegram.waiting import ChangeCounter
from bot.demo.telegram.webhook import WebhookDelivery
from bot.demo.telegram.wording import Language

BOT_ID = 7000000001
TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]{35,}")
CALLS_KEPT = 5000


@dataclass
class _Numbers:
    """Message ids count per supergroup; all other chats share one counter."""

    message: int = 0
    person: int = 2000
    group: int = -4000000000
    supergroup: int = -1002000000000


class CallLog:
    """Log of the bot's calls and their responses, without the token.

    `heard` is called after a call was carried out or refused, before the response is sent."""

    def __init__(self, now: Callable[[], float], heard: Callable[[Json], None] = lambda _call: None) -> None:
        self.heard = heard
        self._now = now
        self._calls: deque[tuple[int, Json]] = deque(maxlen=CALLS_KEPT)
        self._seq = 0

    def add(self, method: str, params: Params, status: int, outcome: Json) -> None:
        self._seq += 1
        call: Json = {"seq": self._seq, "at": self._now(), "method": method, "params": params.shown(), "status": status}
        call |= {"ok": status == 200} | outcome
        self._calls.append((self._seq, call))
        self.heard(call)

    def after(self, seq: int) -> list[Json]:
        return [call for number, call in self._calls if number > seq]


class Telegram:
    """Telegram of one bot, in memory. `now`: Unix seconds. Without a `token` any well-formed one is accepted."""

    def __init__(
        self,
        token: str | None = None,
        now: Callable[[], float] = time.time,
        title: str = "Telegram stand-in",
        language: Language = "en",
    ) -> None:
        self.token = token
        self.now = now
        self.title = title
        self.language: Language = language
        bot_id = int(token.split(":")[0]) if token else BOT_ID
        self.bot = Person(bot_id, "MikoPBX", username="mikopbx_demo_bot", is_bot=True)
        self.privacy = True
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.profile: dict[str, str] = {}
        self.bell = ChangeCounter()
        self.webhook = WebhookDelivery(now)
        self.queue = self.webhook.queue
        self.limits = PublicLimits(now)
        self.faults = Faults()
        self.shelf = UploadedFiles()
        self.menus = CommandMenus()
        self.presses = ButtonPresses(now)
        self.log = CallLog(now)
        self._numbers = _Numbers()

    def accepts(self, token: str) -> bool:
        return bool(TOKEN.fullmatch(token)) and self.token in (None, token)

    def new_person(
        self,
        first_name: str,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
        person_id: int | None = None,
    ) -> Person:
        """Add a person, with a private chat that is not opened yet."""
        if person_id is None:
            self._numbers.person += 1
            person_id = self._numbers.person
        one = Person(person_id, first_name, last_name, username, language_code)
        self.people[one.id] = one
        self.chats[one.id] = Chat(one.id, "private", one.name, person=one)
        self.bell.ring()
        return one

    def new_chat(self, title: str, kind: str, chat_id: int | None = None, forum: bool = False) -> Chat:
        if chat_id is None and kind == "group":
            self._numbers.group -= 1
            chat_id = self._numbers.group
        elif chat_id is None:
            self._numbers.supergroup -= 1
            chat_id = self._numbers.supergroup
        one = Chat(chat_id, kind, title, is_forum=forum)
        self.chats[one.id] = one
        self.bell.ring()
        return one

    def person(self, user_id: int) -> Person:
        one = self.bot if user_id == self.bot.id else self.people.get(user_id)
        if one is None:
            raise BotApiRefused(404, f"there is no person {user_id}")
        return one

    def post(self, message: ChatMessage) -> ChatMessage:
        """Add a message to its chat and set its id."""
        chat = message.chat
        if chat.id < -1_000_000_000_000:
            chat.last_id += 1
            message.id = chat.last_id
        else:
            self._numbers.message += 1
            message.id = self._numbers.message
        if message.thread is None and chat.type == "supergroup" and not chat.is_forum and message.reply_to:
            message.thread = chat.messages[message.reply_to].thread or message.reply_to
        chat.messages[message.id] = message
        self.bell.ring()
        return message

    def tell_bot(self, message: ChatMessage, edited: bool = False) -> None:
        """Queue an update, if Telegram would show the message to this bot."""
        if not self.bot_sees(message):
            return
        kind = "channel_post" if message.chat.type == "channel" else "message"
        born = message.edit_date if edited and message.edit_date else message.date
        self.queue.put(f"edited_{kind}" if edited else kind, shapes.message(message), born)

    def bot_sees(self, message: ChatMessage) -> bool:
        chat = message.chat
        if chat.person is not None:
            return chat.person.started and not chat.person.blocked
        if not chat.has(self.bot.id):
            return False
        if not self.privacy or chat.is_admin(self.bot.id) or message.service is not None:
            return True
        return self._is_command(message) or self._answers_bot(message)

    def _is_command(self, message: ChatMessage) -> bool:
        match = re.match(r"/\w+(?:@(\w+))?", message.text)
        return match is not None and (match[1] or self.bot.username or "").lower() == self.bot.username

    def _answers_bot(self, message: ChatMessage) -> bool:
        target = message.chat.messages.get(message.reply_to or 0)
        return target is not None and target.sender is self.bot

    def announce(self, chat: Chat, actor: Person, service: Json, text: str, thread: int | None = None) -> ChatMessage:
        """Post a service message, such as "Anna added Boris"."""
        now = int(self.now())
        message = self.post(ChatMessage(chat, actor, now, service=service, service_text=text, thread=thread))
        self.tell_bot(message)
        return message

    def tell_membership(self, chat: Chat, by: Person, user: Person, old: Member | None, new: Member) -> None:
        """`my_chat_member` for the bot itself; `chat_member` for others, only if it is an administrator."""
        about_bot = user is self.bot
        if not about_bot and not chat.is_admin(self.bot.id):
            return
        payload: Json = {
            "chat": shapes.chat(chat),
            "from": shapes.person(by),
            "date": int(self.now()),
            "old_chat_member": shapes.member(user, old),
            "new_chat_member": shapes.member(user, new),
        }
        self.queue.put("my_chat_member" if about_bot else "chat_member", payload)

    def tell_blocked(self, user: Person) -> None:
        """Queue the update of a block, which looks to the bot like its removal from the private chat."""
        if user.started:
            here, away = Member(self.bot.id, "member"), Member(self.bot.id, "kicked")
            old, new = (here, away) if user.blocked else (away, here)
            self.tell_membership(self.chats[user.id], user, self.bot, old, new)
