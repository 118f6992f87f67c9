"""Access policy: every action is denied unless a role permits it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.grant_checks import (
    BEYOND_CHAT_RIGHTS,
    BEYOND_OWN_RIGHTS,
    FROM_SETTINGS,
    LAST_ADMIN,
    NO_SUCH_ROLE,
    GrantRefused,
    check_grant,
    check_revoke,
)
from bot.access.policy import (
    ADMIN,
    BUILT_IN,
    OPERATOR,
    PERMISSIONS,
    VIEWER,
    Access,
    AccessContext,
    Grant,
    Permission,
    Role,
    grants_from,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ACCESS = Access(grants_from(frozenset({1}), frozenset({2, -20}), frozenset({3, -30})))
ANNA = AccessContext(1, 1, private=True, station="Office", now=NOW)


def asking(person: int, chat: int = -99, *, member: bool | None = True, station: str = "Office") -> AccessContext:
    return AccessContext(person, chat, chat > 0, station, NOW, member)


def may(person: int, chat: int, permission: str, access: Access = ACCESS) -> bool:
    return access.may(asking(person, chat), permission).allowed


@pytest.mark.parametrize(
    ("person", "looks", "takes", "creates"), [(1, True, True, True), (2, True, True, False), (3, True, False, False)]
)
def test_each_role_has_the_rights_of_the_one_before(person: int, looks: bool, takes: bool, creates: bool) -> None:
    assert may(person, -99, Permission.STATUS_READ) is looks
    assert may(person, -99, Permission.INCIDENTS_ACKNOWLEDGE) is takes
    assert may(person, -99, Permission.EMPLOYEES_WRITE) is creates
    assert VIEWER.permissions < OPERATOR.permissions < ADMIN.permissions == PERMISSIONS


def test_a_chat_gives_its_role_to_whoever_is_in_it_and_only_there() -> None:
    assert may(9, -20, Permission.INCIDENTS_ACKNOWLEDGE)
    assert may(9, -30, Permission.STATUS_READ)
    assert not may(9, -30, Permission.INCIDENTS_ACKNOWLEDGE)
    assert not may(9, -40, Permission.STATUS_READ)
    assert not may(9, 9, Permission.STATUS_READ)


@pytest.mark.parametrize(("member", "reason"), [(False, "not a member of the chat"), (None, "membership not known")])
def test_what_comes_from_a_chat_needs_to_be_in_it_now(member: bool | None, reason: str) -> None:
    decision = ACCESS.may(asking(9, -20, member=member), Permission.STATUS_READ)
    assert (decision.allowed, decision.reason) == (False, reason)
    assert ACCESS.may(asking(1, -20, member=member), Permission.STATUS_READ).allowed


def test_membership_is_asked_only_where_something_depends_on_it() -> None:
    assert ACCESS.needs_membership(asking(9, -20, member=None))
    assert ACCESS.needs_membership(asking(3, -20, member=None))
    for person, chat in ((1, -20), (2, -20), (9, -99), (9, 9)):
        assert not ACCESS.needs_membership(asking(person, chat, member=None))


def test_no_chat_makes_anybody_an_administrator() -> None:
    assert not may(9, -20, Permission.EMPLOYEES_WRITE, Access((Grant(-20, "admin"),)))


def test_what_is_open_to_anyone_is_open_in_private_only() -> None:
    assert may(9, 9, Permission.ANYONE)
    assert not may(9, -99, Permission.ANYONE)
    assert may(3, -99, Permission.ANYONE)
    assert not may(9, 9, Permission.ANY_ROLE)
    assert may(3, 3, Permission.ANY_ROLE)


def test_a_grant_holds_on_its_station_until_it_ends() -> None:
    access = Access((Grant(5, "viewer", "Office", 1, until=NOW + timedelta(hours=1)),))
    assert access.may(asking(5), Permission.STATUS_READ).allowed
    assert not access.may(asking(5, station="Branch"), Permission.STATUS_READ).allowed
    assert not access.may(replace(asking(5), now=NOW + timedelta(hours=1)), Permission.STATUS_READ).allowed


def test_several_grants_add_up_and_the_one_that_opens_is_known() -> None:
    roles = {**BUILT_IN, "reception": Role("reception", frozenset({Permission.EMPLOYEES_WRITE}))}
    access = Access((Grant(5, "viewer"), Grant(5, "reception")), roles)
    decision = access.may(asking(5), Permission.EMPLOYEES_WRITE)
    assert (decision.allowed, decision.reason) == (True, "role reception")
    assert access.may(asking(5), Permission.TRUNKS_WRITE).reason == "beyond role reception, viewer"


def test_a_role_that_the_settings_do_not_know_any_more_gives_nothing() -> None:
    assert not may(5, 5, Permission.STATUS_READ, Access((Grant(5, "reception"),)))


@given(st.integers(), st.integers(), st.text())
def test_an_unknown_permission_is_refused_to_everybody(person: int, chat: int, permission: str) -> None:
    if permission not in PERMISSIONS | {Permission.ANYONE, Permission.ANY_ROLE}:
        assert not may(1, chat, permission)
        assert not may(person, chat, permission)


@given(st.integers(), st.integers(), st.sampled_from([*PERMISSIONS, Permission.ANYONE, Permission.ANY_ROLE]))
def test_without_grants_nobody_gets_further_than_the_access_check(person: int, chat: int, permission: str) -> None:
    allowed = Access().may(asking(person, chat), permission).allowed
    assert allowed == (permission == Permission.ANYONE and chat > 0)


def refusal(
    check: Callable[[Access, AccessContext, Grant], None], access: Access, by: AccessContext, grant: Grant
) -> str:
    with pytest.raises(GrantRefused) as refused:
        check(access, by, grant)
    return refused.value.reason


def test_nobody_gives_more_than_they_have() -> None:
    granting = Role("doorman", frozenset({Permission.ACCESS_GRANT, *VIEWER.permissions}))
    access = Access((Grant(1, "admin"), Grant(5, "doorman")), {**BUILT_IN, "doorman": granting})
    doorman = asking(5, 5)
    check_grant(access, doorman, Grant(6, "viewer"))
    assert refusal(check_grant, access, doorman, Grant(6, "operator")) == BEYOND_OWN_RIGHTS
    assert refusal(check_revoke, access, doorman, Grant(7, "operator", "Office", 1)) == BEYOND_OWN_RIGHTS
    assert refusal(check_grant, access, asking(6, 6), Grant(6, "viewer")) == BEYOND_OWN_RIGHTS


def test_a_role_that_is_gone_is_not_given() -> None:
    assert refusal(check_grant, ACCESS, ANNA, Grant(5, "reception")) == NO_SUCH_ROLE


def test_a_group_is_operator_at_most() -> None:
    check_grant(ACCESS, ANNA, Grant(-50, "operator"))
    assert refusal(check_grant, ACCESS, ANNA, Grant(-50, "admin")) == BEYOND_CHAT_RIGHTS


def test_what_stands_in_the_settings_is_not_taken_in_chat() -> None:
    assert refusal(check_revoke, ACCESS, ANNA, ACCESS.grants[0]) == FROM_SETTINGS


def test_the_last_administrator_cannot_be_removed_nor_made_one_for_a_time() -> None:
    anna, boris = Grant(1, "admin", "Office", 1), Grant(2, "admin", "Office", 1)
    check_revoke(Access((anna, boris)), ANNA, boris)
    assert refusal(check_revoke, Access((anna,)), ANNA, anna) == LAST_ADMIN
    for_a_day = replace(boris, until=NOW + timedelta(days=1))
    assert refusal(check_revoke, Access((anna, for_a_day)), ANNA, anna) == LAST_ADMIN
    ends = replace(anna, until=NOW + timedelta(days=1))
    assert refusal(check_grant, Access((anna,)), ANNA, ends) == LAST_ADMIN
    check_grant(Access((anna, boris)), ANNA, ends)


def test_people_who_have_a_right_themselves_are_known() -> None:
    assert ACCESS.people_with(Permission.ACCESS_GRANT, "Office", NOW) == [1]
    assert ACCESS.people_with(Permission.STATUS_READ, "Office", NOW) == [1, 2, 3]


def test_somebody_named_twice_in_the_settings_has_the_higher_role() -> None:
    assert grants_from(frozenset({1}), frozenset({1}), frozenset({1, 2})) == (Grant(1, "admin"), Grant(2, "viewer"))
