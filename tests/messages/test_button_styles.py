"""Colours of buttons: every action that exists has been decided on."""

from bot.messages.button_styles import STYLES
from handlers import CATALOGUE
from handlers.authorization.stored_actions import APPROVAL_ACTIONS

# They show, ask, stop, cancel a question, change both ways, or bring back what was there before. A new action belongs
# here, or among the coloured ones if it takes an outage, or deletes or takes something away.
PLAIN = {
    "access": "answer ask_give card give leave request requests show show_request",
    "audit": "card export page",
    "ban": "lift lift_now",
    "bans": "show",
    "calls": "show",
    "cdr": "listen page record",
    "chat": "ask_bind bind dismiss give leave_bound",
    "digest": "show",
    "employee": "add_with_mobile apply cancel card create edit edit_with_mobile keep leave new_password secret undo",
    "employee_step": "back cancel choose choose_again done more skip",
    "employees": "show",
    "help": "show",
    "history": "chart show",
    "identity": "leave obey prove",
    "import": "begin cancel forget go_on problems report stop template",
    "incident": "details give hand_over mute which",
    "incidents": "of_card show",
    "maintenance": "cancel end_now plan show subject",
    "missed": "page",
    "missed_card": "called_back details not_needed open",
    "mute": "choose end everywhere leave subject",
    "mutes": "show",
    "notify": "again",
    "oncall": "answer_swap ask_swap ask_take import leave set shifts show take",
    "pbx": "all show",
    "second": "confirm refuse",
    "station": "choose",
    "stations": "show",
    "stats": "show",
    "status": "extension trunk view",
    "suggestion": "take",
    "trunk": "apply card check create edit forget reregister reregister_now switch switch_now",
    "trunks": "show",
    "watch": "show",
    "why": "show",
    "work": "stop",
}


def test_every_action_is_coloured_or_plain_on_purpose() -> None:
    plain = {f"{topic}.{name}" for topic, names in PLAIN.items() for name in names.split()}
    assert not plain & STYLES.keys()
    assert CATALOGUE.buttons.keys() | APPROVAL_ACTIONS == plain | STYLES.keys()
