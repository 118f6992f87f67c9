"""`/providers`, `/sip-providers`, `/iax-providers`: the trunks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bot.pbx.errors import NotJson
from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.responses import Answer, scalar
from bot.pbx.schema import (
    ApiModel,
    Epoch,
    Integer,
    Note,
    Number,
    Plain,
    Secret,
    Text,
    Truth,
    Word,
    mappings,
    one,
    rows,
    short_name,
    with_value,
)

TrunkType = Literal["sip", "iax"]
# Prefixes of trunk ids; an extension's account is its number.
PREFIXES = ("SIP-", "IAX-")
# Sent by the PBX instead of the password of a trunk that registers with its provider.
MASK = "XXXXXXXX"
# Suffix of Asterisk's registration of a trunk: `SIP-TRUNK-44BBC135-REG`.
REGISTRATION_SUFFIX = "-REG"
# More than any PBX has. All are evaluated at each poll, and compared pairwise.
MOST_TRUNKS = 500
# Kinds of trunks; there are two.
MOST_GROUPS = 20
# The PBX's limit of events of one trunk.
MOST_EVENTS = 1000


class TrunkStatus(ApiModel):
    """State of a trunk. `name` is the displayed name; `apart` distinguishes it from others of that name, if any."""

    id: Text = ""
    type: Text = ""
    state: Text = ""
    contact_status: Word = Field(None, alias="contactStatus")
    # Since 2026.3.40, of an outbound trunk: the reason why it is `unreachable` though registered.
    degraded_reason: Text = Field("", alias="degradedReason")
    color: Text = Field("", alias="stateColor")
    description: Text = ""
    host: Text = ""
    username: Text = ""
    rtt: Integer = None
    last_update: Epoch = Field(None, alias="lastUpdate")
    last_change: Epoch = Field(None, alias="lastChange")
    apart: Text = ""

    @property
    def own_name(self) -> str:
        return short_name(self.description or self.username or self.host or self.id)

    @property
    def name(self) -> str:
        return f"{self.own_name} ({short_name(self.apart)})" if self.apart else self.own_name

    @property
    def is_iax(self) -> bool:
        return is_iax(self.id, self.type)


class TrunkEvent(ApiModel):
    """Change of state in the PBX's own history; states as in TrunkStatus."""

    at: Epoch = Field(None, alias="timestamp")
    state: Text = ""
    previous: Text = Field("", alias="previousState")


class TrunkRow(ApiModel):
    """Trunk in the list, disabled ones included. `represent` is `SIP: Zadarma`."""

    id: Text = ""
    type: Text = ""
    represent: Plain = ""
    disabled: Truth = False
    username: Text = ""
    host: Text = ""
    registration: Text = Field("", alias="registration_type")
    note: Note = ""

    @property
    def name(self) -> str:
        told = self.represent.partition(": ")[2] or self.represent
        return short_name(told or self.username or self.host or self.id)

    @property
    def is_iax(self) -> bool:
        return is_iax(self.id, self.type)

    def without_state(self) -> TrunkStatus:
        """Return a TrunkStatus with an empty state, OFF if disabled."""
        return TrunkStatus(
            id=self.id,
            type="iax" if self.is_iax else "sip",
            state="OFF" if self.disabled else "",
            description=self.name,
            host=self.host,
            username=self.username,
        )


class Trunk(ApiModel):
    """Settings of one trunk. `secret` is MASK for one that registers with its provider, else in clear."""

    id: Text = ""
    type: Text = ""
    name: Text = Field("", alias="description")
    host: Text = ""
    port: Integer = None
    username: Text = ""
    secret: Secret = SecretStr("")
    registration: Text = Field("", alias="registration_type")
    transport: Text = ""
    dtmf: Text = Field("", alias="dtmfmode")
    qualify: Truth = False
    qualify_every: Integer = Field(None, alias="qualifyfreq")
    disabled: Truth = False
    note: Note = ""


class TrunkDraft(BaseModel):
    """Requested values of a trunk; None is unspecified."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str | None = Field(None, serialization_alias="description")
    host: str | None = None
    port: int | None = None
    username: str | None = None
    secret: SecretStr | None = None
    registration: str | None = Field(None, serialization_alias="registration_type")
    transport: str | None = None
    dtmf: str | None = Field(None, serialization_alias="dtmfmode")
    qualify: bool | None = None
    qualify_every: int | None = Field(None, serialization_alias="qualifyfreq")
    disabled: bool | None = None
    note: str | None = None

    def body(self) -> dict[str, Any]:
        """Return the request body: specified values only, the secret in clear."""
        body = self.model_dump(by_alias=True, exclude_none=True)
        if self.secret is not None:
            body["secret"] = self.secret.get_secret_value()
        return body


class Detail(ApiModel):
    """Status of one trunk with history.

    `availability` is the PBX's own figure in percent; None where it is wrong: the PBX counts lower-case states only, so
    a trunk whose provider registers with it always has 0.
    """

    status: TrunkStatus
    events: tuple[TrunkEvent, ...] = ()
    availability: Number = None


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
        return with_value(answer, one(Trunk, answer.value, _path(trunk_id)))

    async def detail(self, trunk_id: str) -> Answer[Detail]:
        """Return a fresh measurement, with the last events of its history."""
        path = f"{_path(trunk_id)}:getStatus"
        answer = await self._connection.read(path)
        status = one(TrunkStatus, answer.value, path)
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
        return one(Trunk, (await self._connection.write(path, draft.body())).data, path)

    async def update(self, trunk_id: str, draft: TrunkDraft) -> Trunk:
        """Change the specified values only.

        Measured: a password is accepted only together with the kind of registration, host and login, of SIP and IAX
        trunks; alone it is refused with `Undefined array key "registration_type"`. The kind of registration, too, needs
        all its fields. Those not in the draft are sent with their current values.
        """
        path = _path(trunk_id)
        if draft.secret is not None or draft.registration is not None:
            draft = _whole(draft, (await self.get(trunk_id)).value)
        return one(Trunk, (await self._connection.write(path, draft.body(), "PATCH")).data, path)

    async def switch(self, trunk_id: str, *, on: bool) -> None:
        """Enable or disable. Some versions of the PBX report success without doing it: read back."""
        await self._connection.write(f"{_path(trunk_id)}:updateStatus", {"disabled": not on})

    async def delete(self, trunk_id: str) -> None:
        """Delete the trunk. The PBX also deletes its inbound and outbound routes."""
        await self._connection.write(_path(trunk_id), {}, "DELETE")


def is_iax(trunk_id: str, kind: str = "") -> bool:
    """Return True for IAX; `kind` is the PBX's word for the type, if any."""
    return kind.lower() == "iax" or trunk_id.upper().startswith("IAX")


def distinct(trunks: Sequence[TrunkStatus]) -> list[TrunkStatus]:
    """Set `apart` on trunks that share a name: the account, else account and host, else the id.

    The PBX allows any number of trunks of one name.
    """
    ways: tuple[Callable[[TrunkStatus], str], ...] = (
        lambda trunk: trunk.username,
        lambda trunk: "@".join(part for part in (trunk.username, trunk.host) if part),
        lambda trunk: trunk.id,
    )
    by_name: dict[str, list[TrunkStatus]] = {}
    for trunk in trunks:
        by_name.setdefault(trunk.own_name.casefold(), []).append(trunk)
    apart: dict[str, str] = {}
    for same in by_name.values():
        if len(same) > 1:
            way = next((way for way in ways if len({way(one) for one in same} - {""}) == len(same)), ways[-1])
            apart |= {one.id: way(one) for one in same}
    return [trunk.model_copy(update={"apart": apart.get(trunk.id, "")}) for trunk in trunks]


def type_of(trunk_id: str) -> TrunkType:
    return "iax" if is_iax(trunk_id) else "sip"


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
