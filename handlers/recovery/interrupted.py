"""Report interrupted requests that are not resumed, and offer to repeat them."""

from bot.messages.message import Button, Message, mark
from bot.store.messages.temporary_payloads import Drawer
from handlers.dispatch import preconditions
from handlers.dispatch.access_request import Verdict
from handlers.dispatch.declare import CONFIRM_WITHIN, Press, Reply
from handlers.dispatch.request_factory import AGAIN
from handlers.dispatch.rules import Resume


async def given_up(verdict: Verdict, drawer: Drawer) -> Reply:
    """What a killed run had begun is not gone on with. Whoever still may is asked anew whether to do it now."""
    subject, before = verdict.subject, verdict.before
    rule = subject.rule
    facts = {
        "deed": rule.writes if rule else "",
        "at": before.at if before else None,
        "undone": subject.resume is Resume.WHOLE,
        "may": verdict.decision in (preconditions.INTERRUPTED, preconditions.OLD),
    }
    asks = facts["may"] and isinstance(subject.handler, Press) and subject.keyboard and subject.waiting is None
    if not asks or subject.resume is Resume.ASKS:
        return Reply(Message("interrupted", facts))
    data = dict(subject.data) | {AGAIN: True}
    if subject.kept is not None:
        data["kept"] = await drawer.put(dict(subject.kept), CONFIRM_WITHIN)
    now = Button(mark("🔁 Do it now"), subject.what, data)
    return Reply(Message("interrupted", facts, ((now,),)), confirm=True)
