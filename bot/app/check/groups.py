"""Check of the alert chats: that the bot is in them and may write there. Nothing is sent."""

from bot.access.policy import Destination
from bot.app.check.addressees import Addressees
from bot.app.check.bot_api import BotApi, NoAnswer, Reply, Trouble
from bot.app.check.findings import Finding, fault, ok
from bot.engine.checks.chat_reachability import Unreached, possible_group_ids
from bot.telegram.chat_access import BlockReason, block_reason

CAN_WRITE = "can_send_messages"
MUTED = "make it an administrator of the group, or let members send messages"


async def check_groups(api: BotApi, bot: int, chats: Addressees) -> list[Finding]:
    """Check each alert chat; `bot` is the bot's id. Raises NoAnswer."""
    if not chats.chats:
        return [ok("groups.chats", "no alert chat is named: alerts go to the administrators in private")]
    return [await _check(api, bot, chats, to) for to in chats.chats]


async def _check(api: BotApi, bot: int, chats: Addressees, to: Destination) -> Finding:
    subject = str(to.chat)
    reply = await api.ask("getChat", chat_id=to.chat)
    if reply.code == 429:
        raise NoAnswer(Trouble.TOO_MANY)
    if not reply.is_ok:
        return await _absent(api, to, reply)
    title = str(reply.field("title") or reply.field("first_name") or to.chat)[:64]
    facts = {"chat": to.chat, "title": title}
    reason = block_reason(chats.blocked[to.chat]) if to.chat in chats.blocked else None
    if reason is BlockReason.BLOCKED:
        return fault("groups.blocked", f"{title} has blocked the bot", "let them unblock it", subject=subject, **facts)
    if to.chat > 0:
        return ok("groups.chats", f"alerts to {title} can be delivered", subject=subject)
    if to.thread is not None and not reply.field("is_forum"):
        remedy = f"write {to.chat} alone in ALERT_CHATS, or turn topics on in the group"
        text = f"{title} has no topics, and ALERT_CHATS names one ({to.thread})"
        return fault("groups.topic", text, remedy, subject=subject, **facts)
    if reason is BlockReason.GENERAL_CLOSED:
        text = f"the topic General of {title} is closed, and alerts go there"
        remedy = f"open it, or name a topic in ALERT_CHATS: {to.chat}:number (/id in the topic shows it)"
        return fault("groups.topic", text, remedy, subject=subject, **facts)
    member = await api.ask("getChatMember", chat_id=to.chat, user_id=bot)
    if member.field("status") in ("left", "kicked"):
        text = f"the bot is not in {title}"
        return fault("groups.member", text, "add it to the group again", subject=subject, **facts)
    if not _may_write(reply, member):
        return fault("groups.write", f"the bot may not write in {title}", MUTED, subject=subject, **facts)
    return ok("groups.chats", f"alerts to {title} can be delivered", subject=subject)


def _may_write(chat: Reply, member: Reply) -> bool:
    """Return False if the bot's own restriction, or that of all members, forbids it. An administrator may, in a channel
    with the right to post; what Telegram does not say counts as allowed."""
    match member.field("status"):
        case "creator":
            return True
        case "administrator":
            return chat.field("type") != "channel" or member.field("can_post_messages") is not False
        case "restricted":
            return member.field(CAN_WRITE) is not False
    permissions = chat.field("permissions")
    return not isinstance(permissions, dict) or permissions.get(CAN_WRITE) is not False


async def _absent(api: BotApi, to: Destination, reply: Reply) -> Finding:
    removed = block_reason(reply.description) is BlockReason.REMOVED
    meant, title = None, ""
    for other in () if removed else possible_group_ids(to.chat):
        found = await api.ask("getChat", chat_id=other)
        if found.is_ok:
            meant, title = other, str(found.field("title") or "")[:64]
            break
    unreached = Unreached(to.chat, is_admin=False, removed=removed, meant=meant, title=title)
    text = f"alerts to {to.chat} would not arrive"
    return fault("groups.member", text, unreached.remedy, subject=str(to.chat), chat=to.chat, title=str(to.chat))
