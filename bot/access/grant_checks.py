"""Checks of grants and revocations: within the giver's own rights, and an administrator remains. Pure."""

from datetime import datetime

from bot.access.policy import OPERATOR, Access, AccessContext, Grant, Permission


class GrantRefused(Exception):
    """Grant or revocation refused; `reason` is its short, fixed name."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


NO_SUCH_ROLE = "no such role"
TOO_MUCH_FOR_A_CHAT = "a chat can be operator at most"
MORE_THAN_ONES_OWN = "more than the giver has"
IN_THE_SETTINGS = "stands in the settings"
THE_LAST_ADMIN = "the last administrator"


def check_grant(access: Access, giver: AccessContext, grant: Grant) -> None:
    """Check a grant. Raises GrantRefused for more than the giver's own rights, or more than OPERATOR for a chat."""
    role = access.roles.get(grant.role)
    if role is None:
        raise GrantRefused(NO_SUCH_ROLE)
    if grant.is_of_chat and not role.permissions <= OPERATOR.permissions:
        raise GrantRefused(TOO_MUCH_FOR_A_CHAT)
    if not role.permissions <= access.rights(giver):
        raise GrantRefused(MORE_THAN_ONES_OWN)
    if grant.until is not None:
        _keep_an_admin(access, grant, giver.now)


def check_revoke(access: Access, taker: AccessContext, grant: Grant) -> None:
    """Check a revocation. Raises GrantRefused for a grant from the settings, or the last administrator's."""
    if grant.is_from_settings:
        raise GrantRefused(IN_THE_SETTINGS)
    if not access.permissions(grant) <= access.rights(taker):
        raise GrantRefused(MORE_THAN_ONES_OWN)
    _keep_an_admin(access, grant, taker.now)


def _keep_an_admin(access: Access, going: Grant, now: datetime) -> None:
    """Check the remaining administrators.

    Raises GrantRefused unless another person can grant, without an end time if the removed grant has none.
    """
    held = next((grant for grant in access.grants if grant.is_same(going)), None)
    if held is None or Permission.GRANT not in access.permissions(held):
        return
    left = tuple(g for g in access.grants if g is not held and (g.until is None or held.until is not None))
    if not Access(left, access.roles).people_with(Permission.GRANT, going.station, now):
        raise GrantRefused(THE_LAST_ADMIN)
