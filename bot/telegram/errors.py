"""Errors of the Bot API, sorted by the reaction to them.

The library's own classes do not separate them: BadRequest and TimedOut are both NetworkErrors, so that a retry on
NetworkError repeats refused messages for ever and sends others twice.
"""

import re

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.telegram.chat_access import BLOCK_REASONS
from bot.telegram.library import INVALID_RESPONSE, is_gateway_timeout, is_http_status


class DeliveryError(Exception):
    """Request to Telegram that failed, or whose result is unknown."""


class TryLater(DeliveryError):
    """Certainly not delivered: retry `after` seconds; `flood_limit` when Telegram itself gave them."""

    def __init__(self, reason: str, after: float = 1.0, *, flood_limit: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.is_flood_limit = flood_limit


class MaybeDelivered(DeliveryError):
    """Request whose answer was lost: a retry may repeat it."""


class Undeliverable(DeliveryError):
    """Chat that takes no messages until the bot's access changes: no retry helps."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(DeliveryError):
    """Message refused for a reason that is not known to be permanent: retried."""


class HtmlRefused(Refused):
    """Text that is not the HTML that Telegram knows."""


class ButtonRefused(Refused):
    """Keyboard with a button that Telegram does not know or accept."""


class ChatMoved(DeliveryError):
    """Group that became a supergroup."""

    def __init__(self, new_id: int) -> None:
        super().__init__(f"the group became the supergroup {new_id}")
        self.new_id = new_id


class MessageGone(DeliveryError):
    """Message to edit, to delete or to reply to that is gone, or cannot be changed."""


class TopicGone(DeliveryError):
    """Forum topic that was deleted or closed."""


class TokenRefused(DeliveryError):
    """Telegram refuses the bot's token."""


class Away(NetworkError):
    """Request that did not reach Telegram; something else answered."""


class SecondCopy(Exception):
    """Conflict with another copy of the bot that polls with the same token, and does not stop."""


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

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def classify(error: TelegramError) -> DeliveryError:
    """Return the meaning of an error for the request that failed."""
    text = str(error)
    match error:
        case RetryAfter():
            after = error.retry_after
            seconds = float(after) if isinstance(after, (int, float)) else after.total_seconds()
            return TryLater(text, seconds, flood_limit=True)
        case ChatMigrated():
            return ChatMoved(error.new_chat_id)
        case InvalidToken():
            return TokenRefused(text)
        case BadRequest() | Forbidden():
            return _refusal(text)
        case NetworkError():
            return _network_failure(error)
    if text == INVALID_RESPONSE:
        # A success whose body is not the API's: something between here and Telegram answered or garbled it.
        return MaybeDelivered(text)
    return TryLater(text)


def _refusal(text: str) -> DeliveryError:
    known = text.lower()
    if known in BLOCK_REASONS:
        return Undeliverable(text)
    if known in MESSAGE_GONE:
        return MessageGone(text)
    if known in TOPIC_GONE:
        return TopicGone(text)
    if known.startswith("can't parse entities"):
        return HtmlRefused(text)
    if "button" in known:
        return ButtonRefused(text)
    return Refused(text)


def _network_failure(error: NetworkError) -> DeliveryError:
    """Separate a request that was never sent from one whose answer was lost."""
    if isinstance(error.__cause__, NOT_SENT):
        return TryLater(str(error))
    if is_gateway_timeout(error):
        # The request may have passed the gateway.
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
