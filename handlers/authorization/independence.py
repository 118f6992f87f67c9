"""Independence of the second person in two-person approval. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.access.policy import Access, AccessContext, Grant, Permission

# A newer grant may have been made for this approval; a day lets others notice it.
MIN_GRANT_AGE = timedelta(days=1)


def is_independent(access: Access, asking: AccessContext, permission: str, first: int) -> bool:
    """Return True if the actor's right does not depend on the first person, on the actor, or on a grant younger than
    `MIN_GRANT_AGE`. Grants from the settings always count."""
    return _is_chain_independent(access, asking, permission, first, frozenset({first}))


def independent_people(
    access: Access, permission: str, station: str, first: int, now: datetime
) -> tuple[list[int], int]:
    """Return the people that can confirm, and the number of others that have the right and cannot."""
    others = [person for person in access.people_with(permission, station, now) if person != first]
    eligible = [one for one in others if is_independent(access, _private_context(one, station, now), permission, first)]
    return eligible, len(others) - len(eligible)


def _is_chain_independent(
    access: Access, asking: AccessContext, permission: str, first: int, visited: frozenset[int]
) -> bool:
    """Follow the right from giver to giver; the chain ends, and counts, at a giver who may not grant now."""
    if asking.person in visited:
        return False
    visited |= {asking.person}
    return any(
        grant.is_from_settings or _is_from_independent_giver(access, asking, grant, first, visited)
        for grant in _personal_grants(access, asking, permission)
    )


def _is_from_independent_giver(
    access: Access, asking: AccessContext, grant: Grant, first: int, visited: frozenset[int]
) -> bool:
    giver = grant.given_by
    if giver is None or grant.given_at is None or asking.now - grant.given_at < MIN_GRANT_AGE or giver in visited:
        return False
    as_giver = _private_context(giver, asking.station, asking.now)
    gives = next(_personal_grants(access, as_giver, Permission.ACCESS_GRANT), None) is not None
    return not gives or _is_chain_independent(access, as_giver, Permission.ACCESS_GRANT, first, visited)


def _personal_grants(access: Access, asking: AccessContext, permission: str) -> Iterator[Grant]:
    """Yield personal grants with the permission; a group's grant does not identify a person."""
    applicable = access.applicable(asking)
    return (grant for grant in applicable if not grant.is_of_chat and permission in access.permissions(grant))


def _private_context(person: int, station: str, now: datetime) -> AccessContext:
    return AccessContext(person=person, chat=person, private=True, station=station, now=now)
