"""Roles granted in chat, merged on read with those of the settings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.access.grant_checks import check_grant, check_revoke
from bot.access.policy import EVERY_STATION, Access, AccessContext, Grant, Permission, Role
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.access.contacts import make_known_at
from bot.store.database import Database
from bot.store.messages import supergroups
from bot.store.tables.people import GrantRow

# A Core statement, built once: run for every decision, where the ORM's overhead is most of the cost. Columns in the
# order of Grant's fields.
_GRANTS = GrantRow.metadata.tables[GrantRow.__tablename__]
_SELECT_GRANTS = select(
    _GRANTS.c.subject_id,
    _GRANTS.c.role,
    _GRANTS.c.station,
    _GRANTS.c.given_by_id,
    _GRANTS.c.given_by_name,
    _GRANTS.c.given_at,
    _GRANTS.c.until,
).order_by(_GRANTS.c.given_at, _GRANTS.c.subject_id)


class Grants:
    """`settings`: grants that cannot be revoked in chat; `changed` is called after every change."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Sequence[Grant],
        roles: Mapping[str, Role],
        changed: Signal,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = tuple(settings)
        self._names_chats = any(grant.is_of_chat for grant in self._settings)
        self._changed = changed
        self.roles = roles

    async def current(self) -> Access:
        return await self._database.run(self.read)

    async def grant(self, grant: Grant, giver: AccessContext) -> None:
        """Grant a role; an existing grant gets the new end. Raises GrantRefused."""
        await self._database.run(self.write, grant, giver)
        self._changed.send()

    async def revoke(self, grants: Sequence[Grant], revoker: AccessContext) -> None:
        """Revoke all of them or none. Raises GrantRefused."""
        await self._database.run(self._revoke, grants, revoker)
        self._changed.send()

    def read(self, session: Session) -> Access:
        """Return all grants within the caller's session, expired ones too: Access decides which are in effect."""
        found = session.connection().execute(_SELECT_GRANTS)
        # Settings keep the id that a group had before it became a supergroup.
        migrations = supergroups.migrations(session) if self._names_chats else {}
        from_settings = (
            replace(grant, subject=migrations[grant.subject]) if grant.subject in migrations else grant
            for grant in self._settings
        )
        return Access((*from_settings, *(Grant(*row) for row in found)), self.roles)

    def write(self, session: Session, grant: Grant, giver: AccessContext) -> None:
        """Grant in the caller's session; the caller commits it, then calls `notify_changed`. Raises GrantRefused."""
        access = self.read(session)
        check_grant(access, giver, grant)
        _make_known(session, access, giver, grant)
        row = GrantRow(
            station=grant.station,
            subject_id=grant.subject,
            role=grant.role,
            given_by_id=grant.given_by,
            given_by_name=grant.giver[:128],
            given_at=self._clock(),
            until=grant.until,
        )
        session.merge(row)

    def _revoke(self, session: Session, grants: Sequence[Grant], revoker: AccessContext) -> None:
        for grant in grants:
            check_revoke(self.read(session), revoker, grant)
            session.execute(
                delete(GrantRow).where(
                    GrantRow.station == grant.station,
                    GrantRow.subject_id == grant.subject,
                    GrantRow.role == grant.role,
                )
            )

    def notify_changed(self) -> None:
        """Report a change; call it after the commit of the session given to `write`."""
        self._changed.send()


def _make_known(session: Session, access: Access, giver: AccessContext, grant: Grant) -> None:
    """Make the subject known at that station, if the giver may see the name. An id alone is not enough: an
    administrator of one station could resolve all ids to names."""
    everywhere = replace(giver, station=EVERY_STATION)
    if grant.subject == giver.chat or access.may(everywhere, Permission.ACCESS_READ).allowed:
        make_known_at(session, grant.subject, grant.station)


def delete_expired(session: Session, now: datetime) -> None:
    session.execute(delete(GrantRow).where(GrantRow.until <= now))
