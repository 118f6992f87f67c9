"""Rate limits of commands: one notice per limit; urgent commands are exempt."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.policy import Permission
from bot.messages.message import Message
from bot.store.database import Database
from handlers.authorization.rate_limits import (
    TOO_MANY_COSTLY,
    TOO_MANY_FROM_PERSON,
    TOO_MANY_IN_CHAT,
    RateLimits,
    RequestLimits,
)
from handlers.dispatch.intents import Actor, Place
from handlers.dispatch.request import Reply
from handlers.dispatch.rules import RULES, Rule
from tests.handlers.dispatcher_harness import ANNA, GROUP, OLGA, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW

PACE = RequestLimits(person=3, chat=5, costly=1)
BORIS, GROUP_PLACE = Actor(2, "Boris"), Place(GROUP, None, private=False)
STATUS, CDR, TAKE = Rule(Permission.STATUS_READ), Rule(Permission.CDR_READ, costly=True), RULES["incident.take"]


def test_a_person_waits_until_a_minute_has_passed() -> None:
    limits = RateLimits(PACE)
    asked = [limits.exceeded_limit(STATUS, BORIS, GROUP_PLACE, NOW + timedelta(seconds=n)) for n in range(4)]
    assert asked == [None, None, None, TOO_MANY_FROM_PERSON]
    assert limits.exceeded_limit(STATUS, BORIS, GROUP_PLACE, NOW + timedelta(seconds=59)) == TOO_MANY_FROM_PERSON
    assert limits.exceeded_limit(STATUS, BORIS, GROUP_PLACE, NOW + timedelta(seconds=60)) is None


def test_a_chat_has_its_own_limit_and_costly_commands_theirs() -> None:
    limits = RateLimits(PACE)
    crowd = [limits.exceeded_limit(STATUS, Actor(10 + n, "x"), GROUP_PLACE, NOW) for n in range(6)]
    assert crowd == [None] * 5 + [TOO_MANY_IN_CHAT]
    alone = Place(2, None, private=True)
    assert [limits.exceeded_limit(CDR, BORIS, alone, NOW) for _ in range(2)] == [None, TOO_MANY_COSTLY]
    assert limits.exceeded_limit(STATUS, BORIS, alone, NOW) is None


def test_taking_an_incident_is_never_held_back() -> None:
    limits = RateLimits(PACE)
    assert not any(limits.exceeded_limit(TAKE, BORIS, GROUP_PLACE, NOW) for _ in range(100))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 300)), max_size=200))
def test_nobody_gets_more_than_the_limit_in_any_minute(asked: list[tuple[int, int]]) -> None:
    limits, done = RateLimits(PACE), list[tuple[int, int]]()
    for person, second in sorted(asked, key=lambda one: one[1]):
        if limits.exceeded_limit(STATUS, Actor(person, "x"), GROUP_PLACE, NOW + timedelta(seconds=second)) is None:
            done.append((person, second))
    for person, second in done:
        within = [one for one in done if second <= one[1] < second + 60]
        assert len(within) <= PACE.chat
        assert sum(who == person for who, _ in within) <= PACE.person


async def test_the_person_hears_of_it_once_a_minute(database: Database) -> None:
    harness = DispatcherHarness(database, pace=PACE)
    harness.offers("status", Permission.STATUS_READ, Reply(Message("broken")))
    for _ in range(6):
        await harness.types("/status")
    assert [template for _, template, _ in harness.chat.said] == ["broken"] * 3 + ["too_much"]
    assert [row.reason for row in await harness.audit()][3:] == ["too many commands of this person"] * 3
    harness.now += timedelta(minutes=1)
    await harness.types("/status")
    assert harness.chat.said[-1][1] == "broken"


async def test_what_is_refused_anyway_uses_up_nothing(database: Database) -> None:
    harness = DispatcherHarness(database, pace=PACE)
    harness.offers("add", Permission.EMPLOYEES_WRITE)
    harness.offers("status", Permission.STATUS_READ)
    for _ in range(10):
        await harness.types("/add", VERA)
    for person in (ANNA, OLGA, VERA):
        await harness.types("/status", person)
    assert len(harness.done) == 3


@pytest.mark.parametrize("times", [40])
async def test_a_stranger_who_shouts_in_private_is_not_answered_for_ever(database: Database, times: int) -> None:
    harness = DispatcherHarness(database, pace=RequestLimits(person=5))
    harness.offers("status", Permission.STATUS_READ)
    for _ in range(times):
        await harness.types("/status", 9, 9)
    assert [template for _, template, _ in harness.chat.said] == ["stranger"] * 5
    assert len(await harness.audit()) == times


def test_a_request_that_is_decided_again_counts_once() -> None:
    """Its transaction was rolled back, because the disk is full or the server of the database away."""
    limits = RateLimits(PACE)
    asked = [limits.exceeded_limit(CDR, BORIS, GROUP_PLACE, NOW, request=(7, "/cdr")) for _ in range(10)]
    assert asked == [None] * 10
    assert limits.exceeded_limit(CDR, BORIS, GROUP_PLACE, NOW, request=(8, "/cdr")) == TOO_MANY_COSTLY


def test_after_the_clock_was_set_back_a_minute_is_a_minute_again() -> None:
    """A computer that boots with local time as UTC is hours ahead until it is corrected."""
    limits, moment = RateLimits(PACE), NOW - timedelta(hours=3)
    assert limits.exceeded_limit(CDR, BORIS, GROUP_PLACE, NOW) is None
    asked = [limits.exceeded_limit(CDR, BORIS, GROUP_PLACE, moment + n * timedelta(minutes=1)) for n in range(10)]
    assert asked == [None] * 10
