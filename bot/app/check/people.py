"""Check that administrators and people on call can be reached: Telegram lets a bot write only to who pressed Start."""

from collections.abc import Iterable

from bot.app.check.addressees import Addressees
from bot.app.check.bot_api import BotApi, NoAnswer, Reply, Trouble
from bot.app.check.findings import Finding, fault, ok, warning
from bot.telegram.chat_access import BlockReason, block_reason

START = "let them open the bot in Telegram and press Start"
# Named in one line at most.
MAX_NAMED = 5


async def check_people(api: BotApi, people: Addressees) -> list[Finding]:
    """Ask Telegram for each person once; no message is sent. Raises NoAnswer."""
    found: list[Finding] = []
    reached: list[str] = []
    for person in sorted(people.admins):
        reply = await api.ask("getChat", chat_id=person)
        if (wrong := _unreached("people.admin", f"administrator {person}", person, reply, people)) is not None:
            found.append(wrong)
        else:
            reached.append(_name(person, reply))
    if reached:
        found.append(ok("people.admin", f"administrators can be reached: {_listed(reached)}"))
    else:
        text = "no administrator can be reached, and nobody hears of the bot's own troubles"
        found.append(
            fault("people.admins", text, "put your own numeric id into ADMINS (/id shows it), and press Start")
        )
    return [*found, *await _on_call(api, people)]


async def _on_call(api: BotApi, people: Addressees) -> list[Finding]:
    found: list[Finding] = []
    reached: list[str] = []
    for person in sorted(people.on_call):
        reply = await api.ask("getChat", chat_id=person)
        named = f"{_name(person, reply)}, who is on the rota,"
        if (wrong := _unreached("people.on_call", named, person, reply, people)) is not None:
            found.append(wrong)
        elif person not in people.may_be_on_call:
            remedy = f"/grant {person} operator, or take them off the rota with /oncall"
            found.append(fault("people.on_call", f"{named} has no right to be on call", remedy, subject=str(person)))
        else:
            reached.append(_name(person, reply))
    if reached:
        found.append(ok("people.on_call", f"people on call can be reached: {_listed(reached)}"))
    for station in people.without_duty:
        text = f"nobody is on call{f' at {station}' if station else ''} now, though there is a rota"
        found.append(warning("people.duty", text, "see /oncall, and take it or change the rota", subject=station))
    return found


def _unreached(check: str, who: str, person: int, reply: Reply, people: Addressees) -> Finding | None:
    if reply.code == 429:
        raise NoAnswer(Trouble.TOO_MANY)
    if not reply.is_ok:
        text = f"{who} has never pressed Start, or there is no such id"
        return fault(check, text, f"{START}, and compare the id with what /id shows them", subject=str(person))
    reason = block_reason(people.blocked[person]) if person in people.blocked else None
    if reason is BlockReason.BLOCKED:
        return fault(check, f"{who} has blocked the bot", "let them unblock it in Telegram", subject=str(person))
    return None


def _name(person: int, reply: Reply) -> str:
    parts = (str(reply.field(name) or "") for name in ("first_name", "last_name"))
    return " ".join(part for part in parts if part)[:64] or str(person)


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - MAX_NAMED
    return ", ".join(listed[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
