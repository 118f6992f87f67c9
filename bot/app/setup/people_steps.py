"""People and chats in the setup: the token, the administrator and the group for alerts."""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TypeVar

from pydantic import SecretStr

from bot.access.policy import Destination
from bot.app.setup import arrivals
from bot.app.setup.arrivals import Person
from bot.app.setup.bot_account import (
    Account,
    AccountProblem,
    BotAccount,
    OtherProgram,
    TelegramAway,
    Update,
    WebhookSet,
)
from bot.app.setup.conversation import Conversation, NotNow, Rejected, Unanswered, checked
from bot.app.setup.terminal import NoAnswer
from bot.config.settings import TELEGRAM, Settings
from bot.messages.message import Message
from bot.runtime.logs import printable

T = TypeVar("T")
MAX_NAME = 64
LANGUAGES = ("en", "ru")


class SecondProgram(Exception):
    """Another program takes the messages of this bot, and nobody is there to stop it."""


class PeopleSteps:
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._terminal = conversation.terminal
        self._say = conversation.terminal.say
        self._account: BotAccount | None = None
        self._me = Account(0, "", "")
        self._admins: Collection[int] = ()
        # What the bot writes in; the first administrator's own, if nothing is said.
        said = conversation.known("LANGUAGE")
        self._language = said if said in LANGUAGES else None
        self.language = self._language or "en"

    @property
    def bot(self) -> BotAccount:
        assert self._account is not None, "the token comes first"  # noqa: S101 (an order of calls)
        return self._account

    def close(self) -> None:
        if self._account is not None:
            # An interrupted request leaves connections that cannot be closed in order.
            with suppress(Exception):
                self._conversation.run(self._account.close())

    def token(self) -> None:
        self._me = self._conversation.settle("TELEGRAM_TOKEN", "Bot token, from @BotFather", self._whose, secret=True)
        self._say(f"  ✓ The bot is {_shown(self._me.name)}, @{self._me.username}")

    def _whose(self, token: str) -> tuple[str, Account]:
        checked("TELEGRAM_TOKEN", token)
        known = self._conversation.setting
        settings = Settings.model_construct(
            telegram_token=SecretStr(token),
            telegram_api_url=checked("TELEGRAM_API_URL", known("TELEGRAM_API_URL") or TELEGRAM),
            telegram_proxy=checked("TELEGRAM_PROXY", known("TELEGRAM_PROXY")) if known("TELEGRAM_PROXY") else None,
        )
        self.close()
        self._account = BotAccount(settings)
        try:
            return token, self._conversation.run(self._account.who())
        except TelegramAway as away:
            raise NotNow(str(away)) from None
        except AccountProblem as problem:
            raise Rejected(str(problem)) from None

    def administrator(self) -> None:
        if self._conversation.known("ADMINS") is None:
            self._admins = (self._wait_for_administrator(),)
            return
        self._admins = self._conversation.settle(
            "ADMINS", "Numeric Telegram ids of administrators", self._reached_people
        )

    def _wait_for_administrator(self) -> int:
        code = arrivals.new_code()
        self._say("  The first administrator is you. Open this on your phone or computer and press Start:")
        self._say(f"    https://t.me/{self._me.username}?start={code}")
        self._say(f"  or write {code} to @{self._me.username}. Without this code nobody becomes administrator.")
        while True:
            person = self._wait_for("ADMINS", lambda update: self._administrator_in(update, code))
            if self._agrees(f"  ✓ {_shown(person.name)} ({person.id}) wrote the code. Administrator?", "ADMINS"):
                break
        if self._language is None:
            self.language = "ru" if person.language.startswith("ru") else "en"
        self._conversation.draft.keep("ADMINS", str(person.id))
        self._tell(person.id, None, Message("setup_administrator"))
        return person.id

    def _administrator_in(self, update: Update, code: str) -> Person | None:
        person = arrivals.writer(update)
        if person is None or arrivals.has_code(update, code):
            return person
        self._say(f"  · {_shown(person.name)} ({person.id}) wrote without the code, and is not taken.")
        return None

    def _reached_people(self, text: str) -> tuple[str, Collection[int]]:
        ids: Collection[int] = checked("ADMINS", text)
        for number in sorted(ids):
            self._report_reached(number, "they must press Start at the bot before it can write to them")
        return text, ids

    def group(self) -> None:
        known = self._conversation.known("ALERT_CHATS")
        if known == "":
            self._conversation.draft.keep("ALERT_CHATS", "")
            self._say("  ✓ Alerts go to the administrators in private.")
            return
        if known is None:
            if not self._agrees("Shall a group be told of outages? Otherwise you are, in private.", "ALERT_CHATS"):
                self._conversation.draft.keep("ALERT_CHATS", "")
                return
            self._wait_for_group()
            return
        self._conversation.settle("ALERT_CHATS", "Chat for alerts", self._reached_chats)

    def _wait_for_group(self) -> None:
        code = arrivals.new_code()
        self._say("  Add the bot to the group; this chooses one:")
        self._say(f"    https://t.me/{self._me.username}?startgroup={code}")
        self._say(f"  Is it there already, or shall it be a topic of the group? Then write there: /start {code}")
        while True:
            group = self._wait_for("ALERT_CHATS", lambda update: arrivals.group(update, code, self._admins))
            topic = f", topic {group.thread}" if group.thread else ""
            if not self._agrees(f"  ✓ {_shown(group.title)} ({group.id}{topic}). Alerts there?", "ALERT_CHATS"):
                continue
            if self._tell(group.id, group.thread, Message("setup_group")):
                break
        self._conversation.draft.keep("ALERT_CHATS", group.destination)

    def _reached_chats(self, text: str) -> tuple[str, tuple[Destination, ...]]:
        chats: tuple[Destination, ...] = checked("ALERT_CHATS", text)
        for chat in sorted({one.chat for one in chats}):
            self._report_reached(chat, "add the bot to it, or correct the id: /id shows it there")
        return text, chats

    def _report_reached(self, chat: int, remedy: str) -> None:
        try:
            self._say(f"  ✓ {_shown(self._conversation.run(self.bot.title_of(chat)))} ({chat})")
        except TelegramAway as away:
            raise NotNow(str(away)) from None
        except AccountProblem:
            self._say(f"  ✗ {chat}: the bot does not know this chat yet; {remedy}")

    def _tell(self, chat: int, thread: int | None, message: Message) -> bool:
        """Write into a chat, which shows that the bot can; False if it cannot."""
        try:
            self._conversation.run(self.bot.send(chat, thread, message, self.language))
        except AccountProblem as problem:
            self._say(f"  ✗ The bot cannot write there. {problem}")
            return False
        return True

    def _wait_for(self, name: str, wanted: Callable[[Update], T | None]) -> T:
        self._say("  Waiting …")
        while True:
            try:
                return self._conversation.run(self.bot.wait_for(wanted, lambda away: self._say(f"  ✗ {away}")))
            except WebhookSet as webhook:
                self._say(f"  A webhook brings the messages of this bot to {webhook.host}.")
                if not self._agrees("  Delete it? That program gets no more messages then.", name):
                    raise Unanswered(name) from None
                self._conversation.run(self.bot.delete_webhook())
            except OtherProgram:
                self._stop_other()
            except TelegramAway as away:
                self._conversation.again(str(away))

    def _stop_other(self) -> None:
        self._say(
            "  ✗ Another program takes the messages of this bot: probably the bot runs already, here or elsewhere."
        )
        self._say("    Stop it, for instance with: sudo systemctl stop mikopbx-bot")
        try:
            self._terminal.ask("  Press Enter when it is stopped")
        except NoAnswer:
            raise SecondProgram from None

    def _agrees(self, question: str, name: str) -> bool:
        try:
            return self._terminal.confirm(question)
        except NoAnswer:
            raise Unanswered(name) from None


def _shown(name: str) -> str:
    """Return a name that people choose, on one line of the terminal."""
    return printable(name[:MAX_NAME]) or "without a name"
