"""Checks of grants and revocations: within the giver's own rights, and an administrator remains. Pure."""

from datetime import datetime

from bot.access.policy import OPERATOR, Access, AccessContext, Grant, Permission


class GrantRefused(Exception):
    """Grant or revocation refused; `reason` is its short, fixed name."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


NO_SUCH_ROLE = "no such role"
BEYOND_CHAT_RIGHTS = "a chat can be operator at most"
BEYOND_OWN_RIGHTS = "more than the giver has"
FROM_SETTINGS = "stands in the settings"
LAST_ADMIN = "the last administrator"


def check_grant(access: Access, giver: AccessContext, grant: Grant) -> None:
    """Check a grant. Raises GrantRefused for more than the giver's own rights, or more than OPERATOR for a chat."""
    role = access.roles.get(grant.role)
    if role is None:
        raise GrantRefused(NO_SUCH_ROLE)
    if grant.is_of_chat and not role.permissions <= OPERATOR.permissions:
        raise GrantRefused(BEYOND_CHAT_RIGHTS)
    if not role.permissions <= access.rights(giver):
        raise GrantRefused(BEYOND_OWN_RIGHTS)
    if grant.until is not None:
        _keep_an_admin(access, grant, giver.now)


def check_revoke(access: Access, revoker: AccessContext, grant: Grant) -> None:
    """Check a revocation. Raises GrantRefused for a grant from the settings, or the last administrator's."""
    if grant.is_from_settings:
        raise GrantRefused(FROM_SETTINGS)
    if not access.permissions(grant) <= access.rights(revoker):
        raise GrantRefused(BEYOND_OWN_RIGHTS)
    _keep_an_admin(access, grant, revoker.now)


def _keep_an_admin(access: Access, revoked: Grant, now: datetime) -> None:
    """Check the remaining administrators.

    Raises GrantRefused unless another person can grant, without an end time if the removed grant has none.
    """
    stored = next((grant for grant in access.grants if grant.is_same(revoked)), None)
    if stored is None or Permission.ACCESS_GRANT not in access.permissions(stored):
        return
    remaining = tuple(g for g in access.grants if g is not stored and (g.until is None or stored.until is not None))
    if not Access(remaining, access.roles).people_with(Permission.ACCESS_GRANT, revoked.station, now):
        raise GrantRefused(LAST_ADMIN)
