"""Trunks as MikoPBX describes them: state, history, list, settings, and a draft of settings."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bot.pbx.schema import ApiModel, Epoch, Integer, Note, Number, Plain, Secret, Text, Truth, Word, short_name

TrunkType = Literal["sip", "iax"]
# Prefixes of trunk ids; an extension's account is its number.
PREFIXES = ("SIP-", "IAX-")
# Sent by the PBX instead of the password of a trunk that registers with its provider.
MASK = "XXXXXXXX"


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

    @cached_property
    def without_state(self) -> TrunkStatus:
        """TrunkStatus with an empty state, OFF if disabled."""
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

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, defer_build=True)

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
    return [_with_apart(trunk, apart.get(trunk.id, "")) for trunk in trunks]


def _with_apart(trunk: TrunkStatus, apart: str) -> TrunkStatus:
    return trunk if trunk.apart == apart else trunk.model_copy(update={"apart": apart})


def type_of(trunk_id: str) -> TrunkType:
    return "iax" if is_iax(trunk_id) else "sip"
