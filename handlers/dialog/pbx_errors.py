"""Errors of the PBX as facts for the templates."""

from collections.abc import Mapping
from typing import Any

from bot.pbx import (
    AmiClassMissing,
    AmiLoginRefused,
    AmiOff,
    Busy,
    Conflict,
    ConnectionRefused,
    ConnectTimedOut,
    Expired,
    Forbidden,
    HttpsPort,
    Invalid,
    KeyTooNarrow,
    NoRoute,
    NoSuchHost,
    NotFound,
    NotJson,
    NotMikoPbx,
    NotYetValid,
    OtherFingerprint,
    PbxError,
    PlainHttpPort,
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
from bot.pbx.calling import CALLING
from handlers.dialog.pbx_messages import INTERNALS, NO_SUCH_FUNCTION, sentence

KINDS: tuple[tuple[type[PbxError], str], ...] = (
    (NoSuchHost, "no_such_host"),
    (ConnectionRefused, "refuses_connection"),
    (ConnectTimedOut, "connect_timed_out"),
    (NoRoute, "no_route"),
    (Unreachable, "unreachable"),
    (PlainHttpPort, "plain_http_port"),
    (HttpsPort, "https_port"),
    (WrongName, "wrong_name"),
    (Expired, "expired"),
    (NotYetValid, "not_yet_valid"),
    (OtherFingerprint, "other_fingerprint"),
    (Untrusted, "untrusted"),
    (TimedOut, "timed_out"),
    (NotMikoPbx, "not_mikopbx"),
    (NotJson, "not_json"),
    (Unauthorised, "unauthorised"),
    (Forbidden, "forbidden"),
    (KeyTooNarrow, "key_too_narrow"),
    (NotFound, "not_found"),
    (Conflict, "conflict"),
    (Invalid, "invalid"),
    (Busy, "busy"),
    (ServerError, "server_error"),
    (TooLarge, "too_large"),
    (AmiOff, "ami_off"),
    (AmiLoginRefused, "ami_login_refused"),
    (AmiClassMissing, "ami_class_missing"),
    (Uncertain, "uncertain"),
    (WriteRefused, "refused"),
)


def describe(error: PbxError) -> dict[str, Any]:
    """Plain facts: `kind`, and those that its sentence needs: row and needs, wait in seconds, messages,
    what a certificate shows; `for_calls` of the address and the account of AMI."""
    kind = next((name for cls, name in KINDS if isinstance(error, cls)), "other")
    facts: dict[str, Any] = {"kind": kind}
    if isinstance(error, Forbidden):
        facts |= {"row": error.permission_row, "needs": error.needs}
    if isinstance(error, Untrusted):
        facts["shown"] = error.shown
    if isinstance(error, KeyTooNarrow):
        facts["row"] = error.permission_row
    if error.resource == CALLING:
        facts["for_calls"] = True
    if isinstance(error, AmiClassMissing):
        facts["ami_class"] = error.ami_class
    if isinstance(error, Unauthorised | AmiLoginRefused):
        facts["wait"] = error.again_in
    if isinstance(error, Busy):
        facts["wait"] = error.retry_after
    if isinstance(error, Invalid | Conflict):
        facts["messages"] = [sentence(text)._asdict() for text in error.messages]
    if isinstance(error, Invalid | NotFound):
        text = " ".join(error.messages)
        facts["kind"] = "server_error" if INTERNALS.search(text) else facts["kind"]
        facts["kind"] = "no_such_function" if NO_SUCH_FUNCTION.search(text) else facts["kind"]
    return facts


def is_same_error(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Return True when two requests failed for the same reason, which is then shown once. The time to wait is not
    compared: it grew shorter between the two."""
    if one is None or other is None:
        return False
    return {**one, "wait": None} == {**other, "wait": None}
