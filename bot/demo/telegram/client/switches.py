"""Switches of the stand-in: faults, rate limits, privacy mode, retry pauses of the webhook."""

from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.bot_api.refusal import bad_request
from bot.demo.telegram.faults import BotApiFault, FaultKind
from bot.demo.telegram.model import Json
from bot.demo.telegram.world import Telegram


def faults(telegram: Telegram, params: Params) -> Json:
    kind = params.text("kind")
    if kind == "none":
        telegram.faults.clear()
        return {"kind": "none"}
    if kind not in set(FaultKind):
        raise bad_request(f"there is no fault {kind}")
    count, retry_after = params.integer("count"), params.integer("retry_after")
    fault = BotApiFault(
        FaultKind(kind),
        frozenset(str(method).lower() for method in params.items("methods")),
        params.integer("chat"),
        1 if count is None else count,
        5 if retry_after is None else retry_after,
        params.number("seconds", 5.0),
        params.text("description"),
        params.integer("status") or 502,
    )
    telegram.faults.order(fault)
    return {"kind": kind, "count": fault.count}


def limits(telegram: Telegram, params: Params) -> Json:
    telegram.limits.enforced = params.flag("enforced", default=True)
    return {"enforced": telegram.limits.enforced}


def privacy(telegram: Telegram, params: Params) -> Json:
    telegram.privacy = params.flag("enabled", default=True)
    return {"enabled": telegram.privacy}


def webhook(telegram: Telegram, params: Params) -> Json:
    telegram.webhook.pace = max(params.number("pace", 1.0), 0.01)
    return {"pace": telegram.webhook.pace}
