"""Every button leads to a declared action, every action has a button; the same of questions and answers."""

from collections.abc import Collection, Mapping

from handlers import CATALOGUE
from handlers.authorization.stored_actions import APPROVAL_ACTIONS
from handlers.incidents import acknowledge
from tests.fixtures.passed_strings import passed

BUTTON = frozenset({"label", "data"})
QUESTION = frozenset({"data", "lifetime"})

# Buttons that are stored already, of an action that no button has any more: its name, and since when.
OUTLIVED: Mapping[str, str] = {}

# Actions that are not written out where the button is made. Those without names carry on what was checked before.
COMPUTED: Mapping[str, Collection[str]] = {
    "handlers/dispatch/button_actions.py: press.name": (),
    "handlers/incidents/acknowledge.py: action": {action for action, _ in acknowledge.ACTIONS.values()},
    "handlers/recovery/pending_replies.py: button": (),
    "handlers/recovery/resume.py: subject.name": (),
    "handlers/silences/mutes.py: str(request.data['list'])": {"mutes.show", "maintenance.show"},
}
COMPUTED_ANSWERS: Mapping[str, Collection[str]] = {
    "handlers/dispatch/button_actions.py: answer.name": (),
    "handlers/recovery/pending_replies.py: answer['question']": (),
}


def test_every_button_leads_to_a_declared_action() -> None:
    given = passed(BUTTON, "action")
    assert given.computed == COMPUTED.keys()
    assert undeclared(given.constant, {*CATALOGUE.buttons, *APPROVAL_ACTIONS}) == {}
    assert {name for names in COMPUTED.values() for name in names} <= CATALOGUE.buttons.keys()


def test_every_action_has_a_button() -> None:
    offered = {*passed(BUTTON, "action").constant, *(name for names in COMPUTED.values() for name in names)}
    assert CATALOGUE.buttons.keys() - offered == OUTLIVED.keys()


def test_every_question_has_its_answer() -> None:
    asked = passed(QUESTION, "answer")
    assert asked.computed == COMPUTED_ANSWERS.keys()
    assert undeclared(asked.constant, CATALOGUE.answers) == {}
    assert CATALOGUE.answers.keys() == asked.constant.keys()


def undeclared(given: Mapping[str, set[str]], declared: Collection[str]) -> dict[str, set[str]]:
    return {name: places for name, places in given.items() if name not in declared}
