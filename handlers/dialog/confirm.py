"""Changes that their asker confirms: the preview with its two buttons, the payload stored meanwhile, and the answers to
a press that comes too late or cancels.

A pressed button is given its payload as `request.kept`. A press of another person, or after the timeout, never reaches
the handler: the preconditions refuse it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.messages.message import Button, Message
from handlers.dispatch.request import CONFIRM_WITHIN, Reply, Request

# The payload outlives the buttons: a press in their last second still finds it.
PAYLOAD_LIFETIME = CONFIRM_WITHIN + timedelta(minutes=1)
# `request.kept` was None: the payload has expired, or an earlier press has taken it.
EXPIRED = Reply(Message("expired"), outcome="expired")


def preview(
    message: Message,
    confirm: Button,
    cancel: Button,
    *,
    outcome: str,
    as_new_message: bool = False,
    closes_question: bool = False,
    timeout: timedelta = CONFIRM_WITHIN,
) -> Reply:
    """Return the message with both buttons in one row, for its asker alone."""
    message = replace(message, buttons=((confirm, cancel),))
    return Reply(
        message,
        confirm=True,
        confirm_within=timeout,
        as_new_message=as_new_message,
        closes_question=closes_question,
        outcome=outcome,
    )


async def preview_stored(
    request: Request,
    payload: Mapping[str, Any],
    message: Message,
    confirm: Button,
    cancel: Button,
    *,
    outcome: str,
    closes_question: bool = False,
) -> Reply:
    """`preview` of a change whose payload does not belong into a keyboard: it is large, or holds a password."""
    reference = {"kept": await request.services.temporary_payloads.put(dict(payload), PAYLOAD_LIFETIME)}
    confirm, cancel = (replace(one, data={**one.data, **reference}) for one in (confirm, cancel))
    return preview(message, confirm, cancel, outcome=outcome, closes_question=closes_question)


async def cancelled(request: Request, message: Message, *, closes_question: bool = False) -> Reply:
    """Drop the payload of the cancelled preview, and answer with `message`."""
    await request.services.temporary_payloads.pop(str(request.data["kept"]))
    return Reply(message, closes_question=closes_question, outcome="cancelled")
