"""Independence of the second person in two-person approval. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.access.policy import Access, AccessContext, Grant, Permission

# A newer grant may have been made for this approval; a day lets others notice it.
OLD_ENOUGH = timedelta(days=1)


def is_independent(access: Access, asking: AccessContext, permission: str, first: int) -> bool:
    """Return True if the actor's right does not depend on the first person, on the actor, or on a grant younger than
    `OLD_ENOUGH`. Grants from the settings always count."""
    return _counts(access, asking, permission, first, frozenset({first}))


def independents(access: Access, permission: str, station: str, first: int, now: datetime) -> tuple[list[int], int]:
    """Return the people that can confirm, and the number of others that have the right and cannot."""
    others = [person for person in access.people_with(permission, station, now) if person != first]
    can = [one for one in others if is_independent(access, _alone(one, station, now), permission, first)]
    return can, len(others) - len(can)


def _counts(access: Access, asking: AccessContext, permission: str, first: int, seen: frozenset[int]) -> bool:
    """Follow the right from giver to giver; the chain ends, and counts, at a giver who may not grant now."""
    if asking.person in seen:
        return False
    seen |= {asking.person}
    return any(
        grant.is_from_settings or _is_from_somebody_else(access, asking, grant, first, seen)
        for grant in _opening(access, asking, permission)
    )


def _is_from_somebody_else(
    access: Access, asking: AccessContext, grant: Grant, first: int, seen: frozenset[int]
) -> bool:
    giver = grant.given_by
    if giver is None or grant.given_at is None or asking.now - grant.given_at < OLD_ENOUGH or giver in seen:
        return False
    as_giver = _alone(giver, asking.station, asking.now)
    gives = next(_opening(access, as_giver, Permission.ACCESS_GRANT), None) is not None
    return not gives or _counts(access, as_giver, Permission.ACCESS_GRANT, first, seen)


def _opening(access: Access, asking: AccessContext, permission: str) -> Iterator[Grant]:
    """Yield personal grants with the permission; a group's grant does not identify a person."""
    held = access.applicable(asking)
    return (grant for grant in held if not grant.is_of_chat and permission in access.permissions(grant))


def _alone(person: int, station: str, now: datetime) -> AccessContext:
    return AccessContext(person=person, chat=person, private=True, station=station, now=now)
