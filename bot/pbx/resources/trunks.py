"""`/providers`, `/sip-providers`, `/iax-providers`: the trunks."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.pbx.errors import NotJson
from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.resources.trunk_models import (
    MASK,
    Detail,
    Trunk,
    TrunkDraft,
    TrunkEvent,
    TrunkRow,
    TrunkStatus,
    TrunkType,
    distinct,
    type_of,
)
from bot.pbx.responses import Answer, scalar
from bot.pbx.schema import mappings, parse_row, rows, with_value

# Suffix of Asterisk's registration of a trunk: `SIP-TRUNK-44BBC135-REG`.
REGISTRATION_SUFFIX = "-REG"
# More than any PBX has. All are evaluated at each poll, and compared pairwise.
MOST_TRUNKS = 500
# Kinds of trunks; there are two.
MOST_GROUPS = 20
# The PBX's limit of events of one trunk.
MOST_EVENTS = 1000


class Trunks:
    """Trunks of a PBX. Writes are not retried, and raise Uncertain without an answer."""

    def __init__(self, connection: PbxConnection) -> None:
        self._connection = connection

    async def statuses(
        self, *, fresh: bool = False, priority: Priority = Priority.COMMAND
    ) -> Answer[dict[str, TrunkStatus]]:
        """Return SIP and IAX trunks by id. The PBX answers from a cache of up to 10 s unless `fresh`."""
        path = "providers:getStatuses"
        answer = await self._connection.read(path, {"forceCheck": "true"} if fresh else None, priority)
        groups = [_named(group, path) for group in rows(answer.value, path, MOST_GROUPS)]
        if sum(map(len, groups)) > MOST_TRUNKS:
            raise NotJson(200, "providers")
        found = [TrunkStatus.model_validate(row) for group in groups for row in group]
        return with_value(answer, {trunk.id: trunk for trunk in distinct(found) if trunk.id})

    async def list(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[TrunkRow, ...]]:
        """Return all trunks of both types; the PBX includes disabled ones only on request."""
        answer = await self._connection.read("providers", {"includeDisabled": "true"}, priority)
        found = [TrunkRow.model_validate(row) for row in mappings(rows(answer.value, "providers", MOST_TRUNKS))]
        return with_value(answer, tuple(row for row in found if row.id))

    async def registrations(self) -> Answer[frozenset[str]]:
        """Return the ids of trunks with a registration in Asterisk, in any state.

        Measured: a change of a trunk reaches Asterisk 5 s after the last change of all, 11 to 24 s on a loaded machine;
        the row of a disabled trunk remains until then. IAX trunks and trunks without registration have no row; with
        Asterisk down there is none.
        """
        path = "sip:getRegistry"
        answer = await self._connection.read(path)
        ids = [scalar(row.get("id")) for row in mappings(rows(answer.value, path, MOST_TRUNKS))]
        held = (row.removesuffix(REGISTRATION_SUFFIX) for row in ids if row.endswith(REGISTRATION_SUFFIX))
        return with_value(answer, frozenset(held))

    async def get(self, trunk_id: str) -> Answer[Trunk]:
        answer = await self._connection.read(_path(trunk_id))
        return with_value(answer, parse_row(Trunk, answer.value, _path(trunk_id)))

    async def detail(self, trunk_id: str) -> Answer[Detail]:
        """Return a fresh measurement, with the last events of its history."""
        path = f"{_path(trunk_id)}:getStatus"
        answer = await self._connection.read(path)
        status = parse_row(TrunkStatus, answer.value, path)
        figures = answer.value.get("statistics")
        counted = isinstance(figures, Mapping) and not status.state.isupper()
        return with_value(
            answer,
            Detail(
                status=status,
                events=_events(answer.value.get("recentEvents")),
                availability=figures.get("availability") if counted else None,
            ),
        )

    async def history(self, trunk_id: str, limit: int = 100) -> Answer[tuple[TrunkEvent, ...]]:
        """Return events, newest first, at most 1000 and 30 days."""
        answer = await self._connection.read(f"{_path(trunk_id)}:getHistory", {"limit": str(limit)})
        data = answer.value
        return with_value(answer, _events(data.get("events") if isinstance(data, Mapping) else data))

    async def create(self, draft: TrunkDraft, kind: TrunkType = "sip") -> Trunk:
        path = f"{kind}-providers"
        return parse_row(Trunk, (await self._connection.write(path, draft.body())).data, path)

    async def update(self, trunk_id: str, draft: TrunkDraft) -> Trunk:
        """Change the specified values only.

        Measured: a password is accepted only together with the kind of registration, host and login, of SIP and IAX
        trunks; alone it is refused with `Undefined array key "registration_type"`. The kind of registration, too, needs
        all its fields. Those not in the draft are sent with their current values.
        """
        path = _path(trunk_id)
        if draft.secret is not None or draft.registration is not None:
            draft = _whole(draft, (await self.get(trunk_id)).value)
        return parse_row(Trunk, (await self._connection.write(path, draft.body(), "PATCH")).data, path)

    async def switch(self, trunk_id: str, *, on: bool) -> None:
        """Enable or disable. Some versions of the PBX report success without doing it: read back."""
        await self._connection.write(f"{_path(trunk_id)}:updateStatus", {"disabled": not on})

    async def delete(self, trunk_id: str) -> None:
        """Delete the trunk. The PBX also deletes its inbound and outbound routes."""
        await self._connection.write(_path(trunk_id), {}, "DELETE")


def _whole(draft: TrunkDraft, held: Trunk) -> TrunkDraft:
    kept: dict[str, Any] = {"registration": held.registration, "host": held.host, "username": held.username}
    # For a trunk that registers with its provider the mask stands for the old password; other kinds would store it.
    if held.secret.get_secret_value() != MASK or draft.registration in (None, "outbound"):
        kept["secret"] = held.secret
    unsaid = {name: value for name, value in kept.items() if value and getattr(draft, name) is None}
    return draft.model_copy(update=unsaid)


def _path(trunk_id: str) -> str:
    return f"{type_of(trunk_id)}-providers/{quote(trunk_id, safe='')}"


def _events(data: object) -> tuple[TrunkEvent, ...]:
    return tuple(TrunkEvent.model_validate(row) for row in mappings(data)[:MOST_EVENTS])


def _named(group: object, resource: str) -> list[dict[str, Any]]:
    """Return the rows of a group with their ids. A trunk with an unreadable row is kept, in an unknown state."""
    read = rows(group or [], resource, MOST_TRUNKS)
    named = group.items() if isinstance(group, Mapping) else [("", row) for row in read]
    return [{"id": key} | (dict(row) if isinstance(row, Mapping) else {}) for key, row in named]
