"""Thousands of forged updates, and none obeyed; and a proof that each check is needed for that.

CI tries ten thousand (FORGED_UPDATES); on the way there every developer tries some.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import access
from bot.access import ADMIN, Access, Asking, Decision, Grant
from bot.store import drawer, keyboards, questions
from bot.store.tables import Keyboard, Question
from handlers import checks, intent, subjects
from handlers.second_person import SecondPerson
from tests import stores
from tests.handlers.forgery import FORGERIES, Office, outcome

UPDATES = int(os.environ.get("FORGED_UPDATES", "2500"))
PARTS, IN_A_ROW = 4, 50
# Some of the forgeries consist of several updates, none of less than one.
EXAMPLES = -(-UPDATES // (PARTS * IN_A_ROW))


class Campaign:
    """An office that lives as long as the campaign: what one forgery leaves behind must not help the next one."""

    def __init__(self, store_file: Path) -> None:
        self._runner = asyncio.Runner()
        self._store = self._runner.run(stores.fast(store_file))
        self.lines: list[Any] = []
        self.office = self._runner.run(self._opened())

    async def _opened(self) -> Office:
        office = Office(self._store)
        await office.open()
        return office

    def outcome(self, name: str, seed: int) -> list[str]:
        self.lines.clear()
        return self._runner.run(outcome(self.office, name, seed))

    def close(self) -> None:
        self._runner.run(self._store.close())
        self._runner.close()


@pytest.fixture
def campaign(store_file: Path) -> Iterator[Campaign]:
    campaign = Campaign(store_file)
    # Errors are part of it: their tracebacks would be ten thousand lines.
    with structlog.testing.capture_logs() as lines:
        campaign.lines = lines
        yield campaign
    campaign.close()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_forged_update_is_obeyed_and_each_is_written_down(campaign: Campaign, part: int) -> None:
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None, print_blob=True)
    @given(
        st.lists(
            st.tuples(st.sampled_from(sorted(FORGERIES)), st.integers(0, 2**32)), min_size=IN_A_ROW, max_size=IN_A_ROW
        )
    )
    def run(forgeries: list[tuple[str, int]]) -> None:
        found = [violation for name, seed in forgeries for violation in campaign.outcome(name, seed)]
        assert not found, "\n".join(found)

    run()
    assert campaign.office.taken >= UPDATES / PARTS


def without(module: Any, table: str, name: str) -> Callable[[pytest.MonkeyPatch], None]:
    left: Mapping[str, Any] = {key: value for key, value in getattr(module, table).items() if key != name}
    return lambda patch: patch.setattr(module, table, left)


def open_kind(kind: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(intent, "KINDS", dict(intent.KINDS) | {kind: None})


def replaced(target: Any, name: str, value: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(target, name, value)


async def _always(*_: Any) -> bool:
    return True


async def _any_keyboard(session: Any, _keyboard_id: str) -> Keyboard | None:
    from sqlalchemy import select

    found = await session.execute(select(Keyboard).where(Keyboard.chat_id == -100).limit(1))
    first: Keyboard | None = found.scalar_one_or_none()
    return first


async def _question_of_anybody(session: Any, *, chat_id: int, person_id: int) -> Question | None:
    from sqlalchemy import select

    found = await session.execute(select(Question).where(Question.chat_id == chat_id).limit(1))
    first: Question | None = found.scalar_one_or_none()
    return first


async def _peek(session: Any, kept_id: str, now: Any) -> dict[str, Any]:
    return await drawer.peek(session, kept_id, now) or {}


def _nearest(keyboard: Keyboard | None, _pressed: Any) -> dict[str, Any] | None:
    return keyboard.rows[0][0] if keyboard else None


def _without_the_cap(self: Access, grant: Grant) -> frozenset[str]:
    role = self.roles.get(grant.role)
    return role.permissions if role else frozenset()


def _everything(self: Access, grant: Grant) -> frozenset[str]:
    return ADMIN.permissions


def _open_door(self: Access, asking: Asking, permission: str) -> Decision:
    return Decision(True, "open")


def _no_deadline(_seconds: float) -> Any:
    return contextlib.AsyncExitStack()


# Each takes one check away.
MUTATIONS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    **{f"check: {name}": without(checks, "CHECKS", name) for name in checks.CHECKS},
    **{f"message: {flaw}": without(intent, "MESSAGE_FLAWS", flaw) for flaw in intent.MESSAGE_FLAWS},
    **{f"press: {flaw}": without(intent, "PRESS_FLAWS", flaw) for flaw in intent.PRESS_FLAWS},
    **{f"kind: {kind}": open_kind(kind) for kind, flaw in intent.KINDS.items() if flaw},
    **{f"answer: {name}": without(checks, "ANSWERS", name) for name in checks.ANSWERS},
    **{f"grant: {name}": without(access, "CONDITIONS", name) for name in access.CONDITIONS},
    "a command is for this bot": replaced(intent, "_is_for", lambda _bot, _addressed: True),
    "the right itself": replaced(Access, "may", _open_door),
    "what a role may": replaced(Access, "permissions", _everything),
    "what a chat may at most": replaced(Access, "permissions", _without_the_cap),
    "an error denies": replaced(checks, "UNDECIDED", Decision(True, "open")),
    "a decision takes only so long": replaced(asyncio, "timeout", _no_deadline),
    "a button is known by its id": replaced(keyboards, "find_keyboard", _any_keyboard),
    "a button has its place": replaced(subjects, "chosen", _nearest),
    "a button is used once": replaced(keyboards, "use_once", _always),
    "an answer is the asker's": replaced(questions, "find", _question_of_anybody),
    "a second person is needed": replaced(SecondPerson, "is_needed", lambda _self, _rule: False),
    "what waited is taken once": replaced(drawer, "take_out", _peek),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_without_any_single_check_a_forged_update_is_obeyed(
    campaign: Campaign, mutation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The campaign can fail: whatever is taken away, it finds."""
    MUTATIONS[mutation](monkeypatch)
    # Rows that are not written down are no deed.
    found = (v for seed in range(12) for name in FORGERIES for v in campaign.outcome(name, seed) if "deeds" in v)
    assert next(found, None) is not None


def test_each_forgery_is_refused(campaign: Campaign) -> None:
    assert not [violation for name in FORGERIES for seed in range(3) for violation in campaign.outcome(name, seed)]
