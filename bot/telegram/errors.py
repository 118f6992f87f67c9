"""What can go wrong on the way to Telegram, sorted by what to do about it.

The library's own classes do not tell: BadRequest and TimedOut are both NetworkErrors there, so that "try again on
NetworkError" would repeat refused messages for ever and say things twice.
"""

import re

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.telegram.chat_access import WHY
from bot.telegram.library import INVALID_RESPONSE, is_gateway_timeout, is_http_status


class DeliveryError(Exception):
    """Telegram did not do what it was asked, or it is not known whether it did."""


class TryLater(DeliveryError):
    """Certainly not delivered. `after` is in seconds; `told` when Telegram itself named it."""

    def __init__(self, reason: str, after: float = 1.0, *, told: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.told = told


class MaybeDelivered(DeliveryError):
    """The request was written and its answer was lost."""


class Undeliverable(DeliveryError):
    """This chat takes no messages from the bot, and will not until somebody changes that."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(DeliveryError):
    """Telegram refuses this one message for a reason that is not known to be permanent."""


class HtmlRefused(Refused):
    """The text is not the HTML that Telegram knows."""


class ChatMoved(DeliveryError):
    """The group became a supergroup."""

    def __init__(self, new_id: int) -> None:
        super().__init__(f"the group became the supergroup {new_id}")
        self.new_id = new_id


class MessageGone(DeliveryError):
    """The message to edit, to delete or to reply to is not there any more, or cannot be changed."""


class TopicGone(DeliveryError):
    """The forum topic was deleted or closed."""


class TokenRefused(DeliveryError):
    """Telegram does not know the bot's token (any more)."""


class Away(NetworkError):
    """What was asked did not reach Telegram, though something answered."""


class SecondCopy(Exception):
    """Another copy of the bot polls with the same token, and does not stop."""


# Exact texts, in lower case because the library changes their case. An unknown text is never taken for permanent.
MESSAGE_GONE = frozenset(
    {
        "message to edit not found",
        "message can't be edited",
        "message to delete not found",
        "message can't be deleted",
        "message can't be deleted for everyone",
        "message to be replied not found",
        "reply message not found",
        "message identifier is not specified",
        "message_id_invalid",
    }
)
TOPIC_GONE = frozenset({"message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid"})

NEVER_WRITTEN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def classify(error: TelegramError) -> DeliveryError:
    """What this error means for the message that was on its way."""
    text = str(error)
    match error:
        case RetryAfter():
            after = error.retry_after
            seconds = float(after) if isinstance(after, (int, float)) else after.total_seconds()
            return TryLater(text, seconds, told=True)
        case ChatMigrated():
            return ChatMoved(error.new_chat_id)
        case InvalidToken():
            return TokenRefused(text)
        case BadRequest() | Forbidden():
            return _refusal(text)
        case NetworkError():
            return _lost(error)
    if text == INVALID_RESPONSE:
        # A success whose body is not the API's: something between here and Telegram answered or garbled it.
        return MaybeDelivered(text)
    return TryLater(text)


def _refusal(text: str) -> DeliveryError:
    known = text.lower()
    if known in WHY:
        return Undeliverable(text)
    if known in MESSAGE_GONE:
        return MessageGone(text)
    if known in TOPIC_GONE:
        return TopicGone(text)
    if known.startswith("can't parse entities"):
        return HtmlRefused(text)
    return Refused(text)


def _lost(error: NetworkError) -> DeliveryError:
    """Tell a request that never left from one whose answer did not come."""
    if isinstance(error.__cause__, NEVER_WRITTEN):
        return TryLater(str(error))
    if is_gateway_timeout(error):
        # It says nothing about what is behind the gateway.
        return MaybeDelivered("Gateway Timeout")
    if is_http_status(error):
        return TryLater(_one_line(str(error)))
    return MaybeDelivered(_one_line(str(error)))


def _one_line(text: str) -> str:
    """Error pages of proxies come whole in the library's message."""
    return re.sub(r"\s+", " ", text)[:200]


def is_not_modified(error: TelegramError) -> bool:
    return isinstance(error, BadRequest) and str(error).lower().startswith("message is not modified")


def is_too_late_to_answer(error: TelegramError) -> bool:
    return isinstance(error, BadRequest) and str(error).lower().startswith("query is too old")
