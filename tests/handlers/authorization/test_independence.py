"""Independence of the second person: no role from the first person, and none given today."""

from datetime import timedelta

import pytest

from bot.access.policy import Access, AccessContext, Grant, Permission
from handlers.authorization.independence import independent_people, is_independent
from tests.handlers.update_factory import NOW

FIRST, BORIS, CAROL, DAVE = 1, 2, 3, 4
PBX, LONG_AGO = "Head office", NOW - timedelta(days=40)


def given(subject: int, by: int, ago: timedelta = timedelta(days=40), role: str = "admin") -> Grant:
    return Grant(subject, role, PBX, given_by=by, given_at=NOW - ago)


OWNER = Grant(FIRST, "admin")


@pytest.mark.parametrize(
    ("grants", "counts"),
    [
        ([Grant(BORIS, "admin")], True),
        ([given(BORIS, FIRST)], False),
        # A role in the settings counts in spite of one given by the first person; but only with the permission itself.
        ([given(BORIS, FIRST), Grant(BORIS, "admin")], True),
        ([given(BORIS, FIRST), Grant(BORIS, "viewer")], False),
        # From another person: after a day, and not through an account that the first person authorized.
        ([Grant(CAROL, "admin"), given(BORIS, CAROL)], True),
        ([Grant(CAROL, "admin"), given(BORIS, CAROL, timedelta(hours=24))], True),
        ([Grant(CAROL, "admin"), given(BORIS, CAROL, timedelta(hours=23))], False),
        ([given(CAROL, FIRST), given(BORIS, CAROL)], False),
        ([given(DAVE, FIRST), given(CAROL, DAVE), given(BORIS, CAROL)], False),
        ([Grant(DAVE, "admin"), given(CAROL, DAVE), given(BORIS, CAROL)], True),
        # Renewed by themselves, or in a circle.
        ([given(BORIS, BORIS)], False),
        ([given(CAROL, BORIS), given(BORIS, CAROL)], False),
        # The person that gave it long ago may have left since.
        ([given(BORIS, 99)], True),
        # A second role does not hide the first.
        ([given(BORIS, FIRST), Grant(BORIS, "admin", "Another PBX", 99, "", LONG_AGO)], False),
    ],
)
def test_a_second_person_is_one_of_their_own(grants: list[Grant], counts: bool) -> None:
    access = Access((OWNER, *grants))
    asking = AccessContext(BORIS, -100, private=False, station=PBX, now=NOW, member=True)
    assert is_independent(access, asking, Permission.TRUNKS_WRITE, FIRST) is counts
    can, cannot = independent_people(access, Permission.TRUNKS_WRITE, PBX, FIRST, NOW)
    assert (BORIS in can) is counts
    assert len(can) + cannot == len(access.people_with(Permission.TRUNKS_WRITE, PBX, NOW)) - 1
