"""MikoPBX REST API v3: client, models, errors. Independent of Telegram and the database."""

from bot.pbx.client import Dialect, Pbx, dialect_of
from bot.pbx.errors import (
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    KeyTooNarrow,
    NotFound,
    NotJson,
    PbxError,
    ServerError,
    TimedOut,
    TooLarge,
    Unauthorised,
    Uncertain,
    Unreachable,
    Untrusted,
    WriteRefused,
    WrongName,
)
from bot.pbx.rate_limit import Priority, RequestBudget
from bot.pbx.resources.calls import CallLeg, Channel
from bot.pbx.resources.employees import Employee, EmployeeDraft, EmployeeRow
from bot.pbx.resources.extensions import ExtensionStatus, PeerStatus
from bot.pbx.resources.firewall import Ban
from bot.pbx.resources.record_models import CallRecord, CallRecordLeg
from bot.pbx.resources.routing import IncomingRoute, OutboundRoute, Queue
from bot.pbx.resources.trunk_models import Trunk, TrunkDraft, TrunkEvent, TrunkRow, TrunkStatus
from bot.pbx.responses import Answer

__all__ = [
    "Answer",
    "Ban",
    "Busy",
    "CallLeg",
    "CallRecord",
    "CallRecordLeg",
    "Channel",
    "Conflict",
    "Dialect",
    "Employee",
    "EmployeeDraft",
    "EmployeeRow",
    "ExtensionStatus",
    "Forbidden",
    "IncomingRoute",
    "Invalid",
    "KeyTooNarrow",
    "NotFound",
    "NotJson",
    "OutboundRoute",
    "Pbx",
    "PbxError",
    "PeerStatus",
    "Priority",
    "Queue",
    "RequestBudget",
    "ServerError",
    "TimedOut",
    "TooLarge",
    "Trunk",
    "TrunkDraft",
    "TrunkEvent",
    "TrunkRow",
    "TrunkStatus",
    "Unauthorised",
    "Uncertain",
    "Unreachable",
    "Untrusted",
    "WriteRefused",
    "WrongName",
    "dialect_of",
]
