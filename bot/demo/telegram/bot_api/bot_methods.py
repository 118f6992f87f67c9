"""Bot API methods about the bot itself: updates, answers to callback queries, files, profile."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from bot.demo.telegram.bot_api import shapes
from bot.demo.telegram.bot_api.entities import units
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.bot_api.refusal import bad_request, too_many_requests
from bot.demo.telegram.files import DOWNLOAD_LIMIT
from bot.demo.telegram.model import Json
from bot.demo.telegram.updates import MOST_UPDATES
from bot.demo.telegram.webhook import WebhookTarget
from bot.demo.telegram.world import Telegram

LONGEST_ANSWER = 200
LONGEST_SECRET = 256
WEBHOOK_PORTS = (443, 80, 88, 8443)


def get_me(telegram: Telegram, params: Params) -> Json:
    return shapes.person(telegram.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": not telegram.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _remember_allowed(telegram: Telegram, params: Params) -> None:
    if params.values.get("allowed_updates") is not None:
        telegram.queue.allowed = [str(kind) for kind in params.items("allowed_updates")]


async def get_updates(telegram: Telegram, params: Params) -> list[Json]:
    limit = params.integer("limit")
    limit = MOST_UPDATES if limit is None else min(max(limit, 1), MOST_UPDATES)
    seconds = max(params.number("timeout", 0), 0)
    _remember_allowed(telegram, params)
    return await telegram.queue.take(params.integer("offset") or 0, limit, seconds)


def set_webhook(telegram: Telegram, params: Params) -> bool:
    url = params.text("url")
    if url:
        _check_address(url)
    target = (
        WebhookTarget(url, _secret(params), min(max(params.integer("max_connections") or 40, 1), 100)) if url else None
    )
    if target and not telegram.webhook.may_be_set():
        raise too_many_requests(1)
    _remember_allowed(telegram, params)
    if params.flag("drop_pending_updates"):
        telegram.queue.drop_all()
    telegram.webhook.set(target)
    return True


def _check_address(url: str) -> None:
    """Check a webhook's address. A loopback address may use http and any port, as with a local Bot API server."""
    parts = urlsplit(url)
    if parts.hostname in ("127.0.0.1", "localhost"):
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in WEBHOOK_PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def _secret(params: Params) -> str:
    secret = params.text("secret_token")
    if len(secret) > LONGEST_SECRET:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    return secret


def delete_webhook(telegram: Telegram, params: Params) -> bool:
    return set_webhook(telegram, Params(params.values | {"url": "", "allowed_updates": None}))


def webhook_info(telegram: Telegram, params: Params) -> Json:
    target = telegram.webhook.target
    info: Json = {
        "url": target.url if target else "",
        "has_custom_certificate": False,
        "pending_update_count": len(telegram.queue.waiting()),
    }
    if target:
        info["max_connections"] = target.max_connections
        if telegram.webhook.last_error:
            info["last_error_date"], info["last_error_message"] = telegram.webhook.last_error
    return info | ({"allowed_updates": telegram.queue.allowed} if telegram.queue.allowed else {})


def answer_callback_query(telegram: Telegram, params: Params) -> bool:
    text = params.text("text")
    if units(text) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    query_id = params.text("callback_query_id")
    telegram.presses.answer(query_id, text, params.flag("show_alert"), telegram.bell.seq + 1)
    telegram.bell.ring()
    return True


def get_file(telegram: Telegram, params: Params) -> Json:
    file_id = params.text("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    file = telegram.shelf.find(file_id)
    size = len(file.content)
    if size > DOWNLOAD_LIMIT:
        raise bad_request("file is too big")
    return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": size, "file_path": file.path}


def accept(telegram: Telegram, params: Params) -> bool:
    return True


def setter_of(name: str) -> Callable[[Telegram, Params], bool]:
    def set_text(telegram: Telegram, params: Params) -> bool:
        telegram.profile[name] = params.text(name)
        return True

    return set_text


def getter_of(name: str) -> Callable[[Telegram, Params], Json]:
    return lambda telegram, params: {name: telegram.profile.get(name, "")}


PROFILE = {"Name": "name", "Description": "description", "ShortDescription": "short_description"}
METHODS: dict[str, Callable[[Telegram, Params], object]] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": webhook_info,
    "answerCallbackQuery": answer_callback_query,
    "getFile": get_file,
    **{f"setMy{suffix}": setter_of(name) for suffix, name in PROFILE.items()},
    **{f"getMy{suffix}": getter_of(name) for suffix, name in PROFILE.items()},
    **dict.fromkeys(("logOut", "close", "setMyDefaultAdministratorRights", "setChatMenuButton"), accept),
}
