"""Refusals of /notify, with the nearest right forms as buttons."""

from bot.messages.message import Message
from bot.store.typed_secrets import contains_secret
from handlers.dialog.not_understood import run_button
from handlers.dispatch.request import WrongArguments
from handlers.notify.words import NotUnderstood

# A button's label and data; longer text was not typed.
MAX_FORM = 50


def refusal(reason: str) -> WrongArguments:
    """Return the refusal of what is written as it should be: it shows no examples."""
    return WrongArguments(message=Message("notify_refused", {"reason": reason}))


def may_be_stored(form: str) -> bool:
    return len(form) <= MAX_FORM and not contains_secret(form)


def not_understood(wrong: NotUnderstood, *, is_queue: bool = False) -> Message:
    forms = [form for form in wrong.forms if may_be_stored(form)]
    buttons = tuple((run_button(f"/notify {form}", "notify", form),) for form in forms)
    facts = {"written": wrong.written, "is_queue": is_queue, "forms": forms}
    return Message("notify_not_understood", facts, buttons)
