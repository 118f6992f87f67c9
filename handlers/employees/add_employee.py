"""/add_employee: from one line in the chat, or, without words, one question at a time in private.

The answers so far are part of the open question and of its buttons, which are stored: a restart loses none.
"""

from collections.abc import Mapping
from typing import Any

from bot.access.policy import Permission
from bot.messages.message import Button, Message, Rows, grid, mark
from bot.pbx import EmployeeDraft
from handlers.dispatch.declare import answer, button, command
from handlers.dispatch.request import Question, Reply, Request, WrongArguments
from handlers.dispatch.rules import Topic
from handlers.employees import create_employee, fields, mobile_choice
from handlers.employees.draft import read_draft
from handlers.employees.fields import FIELDS, fields_in
from handlers.parsing.arguments import read_words
from handlers.parsing.fields import WrongValue, refuse
from handlers.parsing.station_names import OwnWords
from handlers.safety import password_in_chat

FIRST = ("number", "name", "email", "mobile")
MORE = ("ring", "forward", "busy", "unavailable", "record", "transport", "dtmf", "dial", "filter", "extra")
REQUIRED = frozenset({"number", "name"})
# Values with a button; others can be typed.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "ring": ("15", "30", "45", "60"),
    "forward": ("hangup", "busy"),
    "busy": ("hangup", "busy"),
    "unavailable": ("hangup", "busy"),
    "record": ("yes", "no"),
    "transport": fields.TRANSPORTS,
    "dtmf": fields.DTMF_MODES,
    "filter": ("none",),
}


@command(
    "add_employee",
    topic=Topic.EMPLOYEES,
    summary=mark("Create an employee; without a number the next free one is taken"),
    usage=mark("[number] name [e-mail] [mobile] [field=value …]"),
    examples=(
        mark("/add_employee 243 John Smith"),
        mark('/add_employee 244 "Anna Johnson" email=anna@company.com mobile=+79001234567 ring=30 record=no'),
    ),
    fields=fields.FIELDS.names,
    own_words=OwnWords.ANYWHERE,
)
async def add_employee(request: Request) -> Reply:
    if not request.arguments:
        return await _begin(request)
    words = read_words(request.arguments, fields.NAME_WORDS)
    hidden = await password_in_chat.delete_typed(request, words)
    if hidden is not None and not request.place.private:
        return password_in_chat.group_warning(deleted=hidden)
    if hidden is not None:
        password_in_chat.refuse(words, [])
    draft, problems = read_draft(request.arguments, request.station.country)
    if (question := mobile_choice.offer(request, draft, problems, "employee.add_with_mobile", {})) is not None:
        return question
    refuse(problems)
    return await create_employee.ask(request, draft)


@button("employee.add_with_mobile")
async def add_with_mobile(request: Request) -> Reply:
    return await create_employee.ask(request, EmployeeDraft(**request.data["draft"]))


async def _begin(request: Request) -> Reply:
    if not request.may(Permission.EMPLOYEES_WRITE).allowed:
        return Reply()
    number = await request.station.pbx.employees.next_free_number()
    message, question = _step("number", {}, request, suggestion=number)
    if request.place.private:
        return Reply(message, question=question, outcome="step by step")
    if not await request.chat.ask_privately(message, question):
        return Reply(Message("private_chat_closed", {"person": request.actor.name}), outcome="private chat closed")
    return Reply(Message("goes_on_in_private", {"person": request.actor.name}), outcome="step by step in private")


def _step(key: str, answers: dict[str, Any], request: Request, suggestion: str = "") -> tuple[Message, Question]:
    order = FIRST if key in FIRST else MORE
    index = order.index(key)
    data = {"key": key, "said": answers}
    choices = [Button(text, "employee_step.choose", data | {"value": text}) for text in _choices(key, suggestion)]
    navigation = []
    if index > 0 or order is MORE:
        navigation.append(Button(mark("‹ Back"), "employee_step.back", data))
    if key not in REQUIRED:
        navigation.append(Button(mark("Skip ›"), "employee_step.skip", data))
    navigation.append(Button(mark("Cancel"), "employee_step.cancel", {}))
    facts = {
        "station": request.station.name,
        "step": key,
        "label": FIELDS.by_key[key].label,
        "place": index + 1,
        "of": len(order),
        "settings": fields.labelled(answers),
    }
    return Message("employee_step", facts, (*grid(choices, 4), tuple(navigation))), Question(
        "employee_step.answer", data
    )


def _choices(key: str, suggestion: str) -> tuple[str, ...]:
    return (suggestion,) if suggestion else CHOICES.get(key, ())


@answer("employee_step.answer")
async def receive(request: Request) -> Reply:
    return await _accept(request, request.arguments)


@button("employee_step.choose")
async def choose(request: Request) -> Reply:
    return await _accept(request, str(request.data["value"]))


async def _accept(request: Request, text: str) -> Reply:
    key, answers = str(request.data["key"]), dict(request.data["said"])
    try:
        answers[key] = fields_in(request.station.country).by_key[key].read(text.strip())
    except WrongValue as wrong:
        facts = {"label": FIELDS.by_key[key].label, "problem": wrong.problem, "value": wrong.value or text}
        chosen = {"key": key, "said": answers}
        readings = mobile_choice.buttons(
            wrong.readings, "employee_step.choose", lambda number: {**chosen, "value": number}
        )
        raise WrongArguments(message=Message("wrong_step", facts, readings)) from None
    if key == "number" and (taken := await request.station.pbx.employees.find(answers["number"])) is not None:
        raise WrongArguments(message=Message("employee_taken", {"number": answers["number"], "name": taken.name}))
    return _next(request, key, answers)


@button("employee_step.skip")
async def skip(request: Request) -> Reply:
    answers = {key: value for key, value in request.data["said"].items() if key != request.data["key"]}
    return _next(request, str(request.data["key"]), answers)


@button("employee_step.back")
async def back(request: Request) -> Reply:
    key, answers = str(request.data["key"]), dict(request.data["said"])
    if key == MORE[0]:
        return _offer_creation(request, answers)
    order = FIRST if key in FIRST else MORE
    return _ask(request, order[order.index(key) - 1], answers)


@button("employee_step.more")
async def more(request: Request) -> Reply:
    return _ask(request, MORE[0], dict(request.data["said"]))


@button("employee_step.cancel")
async def cancel(request: Request) -> Reply:
    return Reply(Message("step_cancelled"), closes_question=True, outcome="cancelled")


@button("employee_step.done")
async def done(request: Request) -> Reply:
    return await create_employee.ask(request, EmployeeDraft(**request.data["said"]))


def _next(request: Request, key: str, answers: dict[str, Any]) -> Reply:
    order = FIRST if key in FIRST else MORE
    following = order.index(key) + 1
    return _offer_creation(request, answers) if following == len(order) else _ask(request, order[following], answers)


def _ask(request: Request, key: str, answers: dict[str, Any]) -> Reply:
    message, question = _step(key, answers, request)
    return Reply(message, question=question, outcome=f"asked for {key}")


def _offer_creation(request: Request, answers: dict[str, Any]) -> Reply:
    """Offer to create with the required fields, or to fill in more."""
    data = {"said": answers}
    last = FIRST[-1]
    buttons: Rows = (
        (Button(mark("✅ Go on"), "employee_step.done", data), Button(mark("More fields"), "employee_step.more", data)),
        (
            Button(mark("‹ Back"), "employee_step.choose_again", {"key": last, "said": answers}),
            Button(mark("Cancel"), "employee_step.cancel", {}),
        ),
    )
    facts = {"station": request.station.name, "settings": fields.labelled(answers)}
    return Reply(Message("employee_enough", facts, buttons), closes_question=True, outcome="everything needed is known")


@button("employee_step.choose_again")
async def choose_again(request: Request) -> Reply:
    return _ask(request, str(request.data["key"]), dict(request.data["said"]))
