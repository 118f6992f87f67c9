"""MikoPBX REST API v3: client, models, errors. Knows nothing of Telegram or of the store."""

from bot.pbx.answers import Answer
from bot.pbx.budget import Budget, Priority
from bot.pbx.client import Pbx
from bot.pbx.errors import (
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotJson,
    PbxError,
    Refused,
    ServerError,
    TimedOut,
    Unauthorised,
    Uncertain,
    Unreachable,
    Untrusted,
)
from bot.pbx.models import (
    CallLeg,
    CallRecord,
    CallRecordLeg,
    Channel,
    Employee,
    EmployeeRow,
    ExtensionStatus,
    NewEmployee,
    PeerStatus,
    TrunkStatus,
)

__all__ = [
    "Answer",
    "Budget",
    "Busy",
    "CallLeg",
    "CallRecord",
    "CallRecordLeg",
    "Channel",
    "Conflict",
    "Employee",
    "EmployeeRow",
    "ExtensionStatus",
    "Forbidden",
    "Invalid",
    "NewEmployee",
    "NotFound",
    "NotJson",
    "Pbx",
    "PbxError",
    "PeerStatus",
    "Priority",
    "Refused",
    "ServerError",
    "TimedOut",
    "TrunkStatus",
    "Unauthorised",
    "Uncertain",
    "Unreachable",
    "Untrusted",
]
