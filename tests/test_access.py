"""Who may do what where: closed unless something opens it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access import NEEDED_ROLE, Grants, Permission, Role, decide, grants_from

PERMISSIONS = [value for name, value in vars(Permission).items() if name.isupper()]
GRANTS = grants_from(frozenset({1}), frozenset({2, -20}), frozenset({3, -30}))


def may(person: int, chat: int, permission: str, private: bool = False) -> bool:
    return decide(GRANTS, person=person, chat=chat, permission=permission, private=private).allowed


def test_every_permission_has_a_rule() -> None:
    assert set(PERMISSIONS) == set(NEEDED_ROLE)


@pytest.mark.parametrize(
    ("person", "looks", "takes", "creates"), [(1, True, True, True), (2, True, True, False), (3, True, False, False)]
)
def test_each_role_has_the_rights_of_the_one_before(person: int, looks: bool, takes: bool, creates: bool) -> None:
    assert may(person, -99, Permission.STATUS) is looks
    assert may(person, -99, Permission.ACKNOWLEDGE) is takes
    assert may(person, -99, Permission.EMPLOYEES) is creates


def test_a_chat_gives_its_role_to_whoever_writes_there() -> None:
    assert may(9, -20, Permission.ACKNOWLEDGE)
    assert may(9, -30, Permission.STATUS)
    assert not may(9, -30, Permission.ACKNOWLEDGE)
    assert not may(9, -40, Permission.STATUS)


def test_no_chat_makes_anybody_an_administrator() -> None:
    grants = Grants(chats={-20: Role.ADMIN})
    assert not decide(grants, person=9, chat=-20, permission=Permission.EMPLOYEES, private=False).allowed


def test_what_is_open_to_anyone_is_open_in_private_only() -> None:
    assert may(9, 9, Permission.ANYONE, private=True)
    assert not may(9, -99, Permission.ANYONE)
    assert may(3, -99, Permission.ANYONE)


@given(st.integers(), st.integers(), st.text(), st.booleans())
def test_an_unknown_permission_is_refused_to_everybody(person: int, chat: int, permission: str, private: bool) -> None:
    if permission not in NEEDED_ROLE:
        assert not may(1, chat, permission, private)
        assert not may(person, chat, permission, private)


@given(st.integers(), st.integers(), st.sampled_from(PERMISSIONS), st.booleans())
def test_without_grants_nobody_gets_further_than_the_door(
    person: int, chat: int, permission: str, private: bool
) -> None:
    decision = decide(Grants(), person=person, chat=chat, permission=permission, private=private)
    assert decision.allowed == (permission == Permission.ANYONE and private)
