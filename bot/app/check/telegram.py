"""Check of Telegram: the token, the way there, webhook, privacy mode, and the machine's clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from bot.app.check.bot_api import BotApi, NoAnswer, Reply, Trouble
from bot.app.check.findings import Finding, fault, ok, warning
from bot.config.settings import TELEGRAM, Settings
from bot.telegram.updates.foreign_webhook import host_of

# Seconds. The Date of an answer has whole seconds, and is as old as its way.
MAX_DRIFT = 60.0
NOTABLE_DRIFT = 10.0
PRIVACY_REMEDY = "write /setprivacy to @BotFather, choose the bot, then Enable: it needs to see commands only"
CLOCK_REMEDY = "set this machine's clock: timedatectl set-ntp true"


@dataclass(frozen=True, slots=True)
class Me:
    """The bot as Telegram knows it."""

    id: int
    username: str


async def check_telegram(api: BotApi, settings: Settings, now: datetime) -> tuple[list[Finding], Me | None]:
    """Return the findings, and the bot if Telegram knows it; `now` is this machine's time."""
    try:
        reply = await api.ask("getMe")
        if not reply.is_ok:
            return [_refused(reply, settings)], None
        webhook = await api.ask("getWebhookInfo")
    except NoAnswer as none:
        return [_no_answer(none.trouble, settings)], None
    me = Me(int(reply.field("id") or 0), str(reply.field("username") or ""))
    found = [ok("telegram.token", f"the bot is @{me.username}{_way(settings)}")]
    found += [_webhook(webhook, settings), *_privacy(reply), *_groups(reply, settings), *_clock(reply, now)]
    return found, me


def _way(settings: Settings) -> str:
    own = "" if settings.telegram_api_url == TELEGRAM else f", by {_host(settings.telegram_api_url)}"
    return own + (f", through the proxy {_proxy(settings)}" if settings.telegram_proxy else "")


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _proxy(settings: Settings) -> str:
    """Return host and port: user and password stay out."""
    return _host(settings.telegram_proxy.get_secret_value()) if settings.telegram_proxy else ""


def _refused(reply: Reply, settings: Settings) -> Finding:
    if reply.code in (401, 404):
        return fault("telegram.token", "Telegram rejects TELEGRAM_TOKEN", "copy the token again from @BotFather")
    if reply.code == 429:
        return warning("telegram.reach", "Telegram asks to wait: too many requests", "check again in a minute")
    return fault(
        "telegram.reach",
        f"{_host(settings.telegram_api_url)} answers with an error ({reply.code})",
        "check again in a minute; of a server of your own, read its log",
    )


def _no_answer(trouble: Trouble, settings: Settings) -> Finding:
    host = _host(settings.telegram_api_url)
    own = settings.telegram_api_url != TELEGRAM
    if settings.telegram_proxy:
        text = f"Telegram cannot be reached through the proxy {_proxy(settings)} ({trouble})"
        if trouble is Trouble.NOT_TELEGRAM:
            text = f"the proxy {_proxy(settings)}, or something behind it, answers in Telegram's place"
        return fault("telegram.reach", text, "check TELEGRAM_PROXY: address, port, user and password")
    if own:
        text = {
            Trouble.NOT_TELEGRAM: f"{host} answers, but is no Bot API server",
            Trouble.UNTRUSTED: f"the certificate of {host} is not trusted",
        }.get(trouble, f"the Bot API server {host} cannot be reached ({trouble})")
        return fault("telegram.reach", text, "check TELEGRAM_API_URL, and that this server runs")
    text = {
        Trouble.NOT_TELEGRAM: f"something between here and {host} answers in its place",
        Trouble.UNTRUSTED: f"something between here and {host} shows a certificate of its own",
    }.get(trouble, f"Telegram ({host}) cannot be reached ({trouble})")
    remedy = "let this machine reach it by port 443, or name a way around in TELEGRAM_PROXY"
    return fault("telegram.reach", text, remedy)


def _webhook(reply: Reply, settings: Settings) -> Finding:
    found, ours = str(reply.field("url") or ""), settings.webhook_url
    name = "telegram.webhook"
    if not found:
        if ours is None:
            return ok(name, "no webhook is set, the bot polls")
        return warning(name, "WEBHOOK_URL is not set at Telegram yet", "start the bot, which sets it")
    if found != ours:
        text = f"another service has set a webhook for this token, at {host_of(found)}, and gets what people type"
        return fault(name, text, "give that service a bot of its own, or /revoke the token at @BotFather")
    if error := str(reply.field("last_error_message") or ""):
        text = f"Telegram cannot deliver to {host_of(found)}: {error[:200]}"
        return warning(name, text, "check that WEBHOOK_URL leads to WEBHOOK_ADDRESS, and its certificate")
    return ok(name, f"the webhook is set, at {host_of(found)}")


def _privacy(reply: Reply) -> Iterable[Finding]:
    if reply.field("can_read_all_group_messages"):
        text = "privacy mode is off, and the bot is sent all that is written in its groups"
        yield warning("telegram.privacy", text, PRIVACY_REMEDY)
    else:
        yield ok("telegram.privacy", "privacy mode is on")


def _groups(reply: Reply, settings: Settings) -> Iterable[Finding]:
    in_groups = any(to.chat < 0 for to in settings.alert_chats)
    if in_groups and reply.field("can_join_groups") is False:
        text = "the bot may not be added to groups, and ALERT_CHATS names one"
        yield warning("telegram.groups", text, "write /setjoingroups to @BotFather, choose the bot, then Enable")


def _clock(reply: Reply, now: datetime) -> Iterable[Finding]:
    if reply.date is None:
        return
    seconds = round((now - reply.date).total_seconds())
    text = f"this machine's clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} Telegram's"
    if abs(seconds) > MAX_DRIFT:
        yield fault("telegram.clock", text, CLOCK_REMEDY, seconds=seconds)
    elif abs(seconds) > NOTABLE_DRIFT:
        yield warning("telegram.clock", text, CLOCK_REMEDY, seconds=seconds)
    else:
        yield ok("telegram.clock", "this machine's clock agrees with Telegram's")
