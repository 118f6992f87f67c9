"""Call records as the PBX lists them, and the filters that it applies. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from bot.pbx.resources.calls import CallLeg, Leg
from bot.pbx.resources.trunk_models import PREFIXES
from bot.pbx.schema import Count, Integer, Note, Text, Truth, mappings


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


class CallRecordLeg(CallLeg):
    id: Integer = None
    disposition: Text = ""
    from_account: Text = ""
    to_account: Text = ""
    is_app: Text = ""
    transfer: Truth = False
    dtmf: Text = Field("", alias="dtmf_digits")
    duration: Count = 0
    talk_seconds: Count = Field(0, alias="billsec")
    playback_url: Note = Field("", repr=False)
    download_url: Note = Field("", repr=False)
    # Of a leg that was read without addresses: the PBX sent one.
    had_address: Truth = False

    @property
    def came_by_trunk(self) -> bool:
        return self.from_account.startswith(PREFIXES)

    @property
    def went_by_trunk(self) -> bool:
        return self.to_account.startswith(PREFIXES)

    @property
    def is_recorded(self) -> bool:
        """Return True if the PBX sent an address; right after a call it may still be converting."""
        return self.had_address or bool(self.download_url or self.playback_url)


def _legs(value: object) -> list[Any]:
    """Accept legs that are already parsed."""
    return (
        value if isinstance(value, list) and all(isinstance(leg, CallRecordLeg) for leg in value) else mappings(value)
    )


class CallRecord(Leg):
    disposition: Text = ""
    talk_seconds: Count = Field(0, alias="totalBillsec")
    legs: Annotated[tuple[CallRecordLeg, ...], BeforeValidator(_legs)] = Field((), alias="records")

    @property
    def answered(self) -> bool:
        return self.disposition.upper() == "ANSWERED"

    @property
    def came_by_trunk(self) -> bool:
        return bool(self.did) or any(leg.came_by_trunk for leg in self.legs[:1])

    @property
    def went_by_trunk(self) -> bool:
        return any(leg.went_by_trunk for leg in self.legs)

    def named(self, names: Mapping[str, str]) -> Self:
        legs = tuple(leg.named(names) for leg in self.legs)
        record = super().named(names)
        same = all(leg is other for leg, other in zip(legs, self.legs, strict=True))
        return record if same else record.model_copy(update={"legs": legs})


@dataclass(frozen=True, slots=True)
class ServerFilter:
    """Filter applied by the PBX: part of a number, or of an employee's name.

    It matches single legs and returns too many rather than too few, so results must be filtered again. Set one field at
    most.
    """

    source: str = ""
    destination: str = ""
    did: str = ""
    search: str = ""
    answered: bool = False

    def query(self) -> dict[str, str]:
        fields = {"src_num": self.source, "dst_num": self.destination, "did": self.did, "search": self.search}
        return {name: text for name, text in fields.items() if text} | (
            {"disposition": "ANSWERED"} if self.answered else {}
        )


EVERYTHING = ServerFilter()
ANSWERED = ServerFilter(answered=True)


def direction(record: CallRecord) -> Direction:
    """Return the direction by the accounts of the legs: a trunk's or an extension's. The first leg decides: a call that
    came in and is forwarded to a mobile leaves through a trunk too."""
    if record.came_by_trunk:
        return Direction.INCOMING
    if record.went_by_trunk:
        return Direction.OUTGOING
    return Direction.INTERNAL
