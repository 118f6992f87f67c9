"""Facts as handlers build them, with phone numbers in every possible place, by template."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from bot.messages.message import mark
from tests.telegram.delivery.delivery_harness import NOON

CALLER, MOBILE, DID, LOCAL = "79161112233", "79267654321", "74952345678", "7654321"
NUMBERS = (CALLER, MOBILE, DID, LOCAL)
WRITTEN = "Ivan +7 (916) 111-22-33"

PERIOD = {"first": date(2026, 11, 23), "last": date(2026, 11, 23), "one_day": True, "times": None}
TODAY = datetime(2026, 11, 23, 11, 55)  # noqa: DTZ001 (the PBX's wall clock)
PARTY = {"number": CALLER, "name": WRITTEN}
WANTED = dict.fromkeys(
    (
        "ending",
        "direction",
        "longer_than",
        "shorter_than",
        "source",
        "destination",
        "party",
        "did",
        "trunk",
        "trunk_name",
        "search",
    ),
    "",
)
RECORD = {
    "start": TODAY,
    "incoming": True,
    "internal": False,
    "answered": True,
    "after_hours": False,
    "source": CALLER,
    "source_name": WRITTEN,
    "target": MOBILE,
    "target_name": f"Boris {LOCAL}",
    "talk": 134,
}
LEG = {
    "start": TODAY,
    "source": PARTY,
    "from_outside": True,
    "target": {"number": MOBILE, "name": f"Boris {LOCAL}"},
    "machine": False,
    "queue": None,
    "transfer": True,
    "dtmf": LOCAL,
    "outcome": "answered",
    "rang": 9.0,
    "talk": 134,
}
EMPLOYEE = {"station": "Head office", "number": "203", "name": f"Melanie {CALLER}"}
SETTINGS = [
    {"key": "number", "label": mark("Number"), "value": "203"},
    {"key": "name", "label": mark("Name"), "value": f"Melanie {CALLER}"},
    {"key": "mobile", "label": mark("Mobile"), "value": MOBILE},
    {"key": "dial", "label": mark("Mobile dial string"), "value": f"9{MOBILE}"},
    {"key": "ring", "label": mark("Ring time"), "value": 45},
    {"key": "forward", "label": mark("Forward always"), "value": "+7 495 234-56-78"},
]
CHANGES = [
    {"key": "mobile", "label": mark("Mobile"), "old": "", "new": f"+{MOBILE}"},
    {"key": "forward", "label": mark("Forward always"), "old": CALLER, "new": "hangup"},
]
STATE = {"health": "up", "cause": None, "state": "registered", "contact": "Reachable"}
TRUNK = {
    "station": "Head office",
    "name": f"Line {DID}",
    "username": DID,
    "host": "sip.zadarma.com",
    "type": "sip",
    "rtt": 12,
    "since": NOON,
    "now": NOON,
    **STATE,
}
TRUNK_SETTINGS = [
    {"key": "host", "label": mark("Host"), "value": "192.168.100.200"},
    {"key": "username", "label": mark("Login"), "value": DID},
    {"key": "note", "label": mark("Note"), "value": WRITTEN},
]
TRUNK_CHANGES = [{"key": "username", "label": mark("Login"), "old": DID, "new": CALLER}]
CALL = {
    "caller": CALLER,
    "caller_name": WRITTEN,
    "from_outside": True,
    "callees": [{"number": "202", "name": f"Boris {LOCAL}"}],
    "more": 0,
    "trunk": f"Line {DID}",
    "talking": True,
    "lasts": 134,
    "suspicious": TODAY,
}
ENDED = {
    "start": "2026-11-23T11:55:00",
    "incoming": True,
    "internal": False,
    "answered": True,
    "after_hours": False,
    "source": CALLER,
    "source_name": WRITTEN,
    "target": MOBILE,
    "target_name": f"Boris {LOCAL}",
    "rang": [{"number": "202", "name": f"Boris {LOCAL}"}],
    "more": 1,
    "did": DID,
    "passed_to": [],
    "waited": 12,
    "talk": 185,
    "voicemail": None,
    "message": False,
}
MISSED = {
    "number": CALLER,
    "name": WRITTEN,
    "times": 2,
    "at": TODAY,
    "after_hours": False,
    "rang": [{"number": "203", "name": f"Melanie {LOCAL}"}],
    "more": 0,
    "spoken": TODAY,
    "called_back": True,
    "by": MOBILE,
    "contact_that_day": True,
}
FACTS: Mapping[str, list[dict[str, Any]]] = {
    "calls": [
        {
            "station": "Head office",
            "now": NOON,
            "wanted": CALLER,
            "unknown": False,
            "near": 0,
            "total": 1,
            "trunks": [{"name": f"Line {DID}", "calls": 1}],
            "calls": [CALL],
            "unseen": False,
        },
        {"station": "Head office", "now": NOON, "wanted": CALLER, "total": 0, "unseen": False, "unknown": False},
    ],
    "cdr": [
        PERIOD
        | {"station": "Head office", "total": 1, "answered": 1, "missed": 0, "after_hours": 0, "not_reached": 0}
        | {"average": 134, "begin": 1, "until": 1, "records": [RECORD]}
        | {
            "unknown": "",
            "near": False,
            "wanted": WANTED | {"source": CALLER, "destination": MOBILE, "did": DID, "search": LOCAL},
        },
    ],
    "cdr_record": [
        {
            "station": "Head office",
            "start": TODAY,
            "way": "incoming",
            "outcome": "answered",
            "after_hours": False,
            "source": PARTY,
            "target": {"number": DID, "name": ""},
            "did": DID,
            "by": {"number": MOBILE, "name": f"Boris {LOCAL}"},
            "waited": 9.0,
            "talk": 134,
            "trunk": f"Line {DID}",
            "legs": [LEG, LEG | {"machine": True, "queue": f"Sales {LOCAL}"}],
            "more": 0,
            "recorded": 1,
            "may_listen": False,
        }
    ],
    "missed": [
        PERIOD
        | {"station": "Head office", "total": 2, "open": 0, "without_number": 0, "after_hours": 0, "callers": [MISSED]}
        | {"page": 1, "pages": 1}
    ],
    "stats": [
        PERIOD
        | {"station": "Head office", "view": "callers", "total": 3, "different": 1}
        | {"callers": [{"number": CALLER, "name": WRITTEN, "calls": 3}]},
        PERIOD
        | {"station": "Head office", "view": "employees", "total": 3, "more": 0}
        | {"employees": [{"number": LOCAL, "name": f"Anna {MOBILE}", "called": 1, "answered": 2, "talk": 134}]},
        PERIOD
        | {"station": "Head office", "view": "trunks", "total": 3, "more": 0}
        | {"trunks": [{"name": f"Line {DID}", "incoming": 1, "outgoing": 2, "answered": 3, "missed": 0}]},
    ],
    "employees": [
        {
            "station": "Head office",
            "search": MOBILE,
            "total": 1,
            "phones_known": True,
            "page": 1,
            "pages": 1,
            "employees": [
                {"number": "203", "name": f"Melanie {CALLER}", "mobile": MOBILE, "disabled": False, "online": True}
            ],
        }
    ],
    "employee": [EMPLOYEE | {"settings": SETTINGS, "online": False, "problem": None, "devices": []}],
    "employee_preview": [EMPLOYEE | {"settings": SETTINGS, "chosen": True, "own_password": False}],
    "employee_created": [
        EMPLOYEE | {"settings": SETTINGS, "differences": CHANGES, "late": False, "delivered": True, "private": False}
    ],
    "employee_difference": [EMPLOYEE | {"differences": CHANGES, "new_password": False}],
    "employee_edited": [
        EMPLOYEE | {"done": CHANGES, "left": CHANGES, "new_password": False, "delivered": None, "late": False}
    ],
    "employee_enough": [{"station": "Head office", "settings": SETTINGS}],
    "employee_step": [
        {
            "station": "Head office",
            "step": "ring",
            "label": mark("Ring time"),
            "place": 1,
            "of": 9,
            "settings": SETTINGS,
        }
    ],
    "mobile_taken": [EMPLOYEE | {"mobile": MOBILE}],
    "import_preview": [
        {"station": "Head office", "lines": 1, "create": 1, "there": 0, "conflicts": 0, "bad": 0, "more": 0}
        | {"people": [{"number": "203", "name": f"Melanie {CALLER}", "mobile": MOBILE}]}
        | {"unknown": [], "wrong": [], "takes": 2.0}
    ],
    "recording": [
        {
            "station": "Head office",
            "start": TODAY,
            "source": PARTY,
            "target": {"number": DID, "name": ""},
            "talk": 134,
            "from_outside": True,
        }
    ],
    "trunks": [
        {
            "station": "Head office",
            "now": NOON,
            "total": 1,
            "trunks": [TRUNK | {"registration": "outbound"}],
            "first": 1,
            "page": 1,
            "pages": 1,
            "engine_is_silent": False,
        }
    ],
    "trunk": [
        TRUNK
        | {"settings": TRUNK_SETTINGS, "available": 99.9, "problem": None}
        | {"events": [{"at": NOON, "state": "registered", "health": "up"}]}
        | {"routes": {"incoming": [f"From {DID}"], "outbound": [f"To {LOCAL}"], "problems": []}}
    ],
    "trunk_preview": [TRUNK | {"settings": TRUNK_SETTINGS, "with_password": True, "twin": f"Line {DID}"}],
    "trunk_difference": [TRUNK | {"differences": TRUNK_CHANGES, "new_password": False}],
    "trunk_done": [
        {"station": "Head office", "name": f"Line {DID}", "done": "changed", "changes": TRUNK_CHANGES}
        | {"left": TRUNK_CHANGES, "state": STATE, "waited": 9, "waiting": False}
    ],
    "trunk_password": [{"station": "Head office", "name": f"Line {DID}", "username": CALLER, "new": True}],
    "missed_card": [
        {"station": "Head office", "number": CALLER, "name": WRITTEN, "times": times, "at": "2026-11-23T11:55:00"}
        | {"after_hours": False, "rang": [{"number": "202", "name": f"Boris {LOCAL}"}], "more": 1, "waited": 42}
        | {"voicemail": 34, "message": times > 1, "keys": "2"}
        | {"claimed_by": f"Anna {MOBILE}", "claimed_at": "2026-11-23T11:56:00+00:00"}
        | {"outcome": outcome, "closed_by": MOBILE, "after": 360, "rings": "202" if times > 3 else None}
        for times, outcome in (
            (1, None),
            (2, "called_back"),
            (3, "reached_us"),
            (1, "answered"),
            (1, "by_hand"),
            (1, "not_needed"),
            (1, "not_told"),
            (4, None),
        )
    ],
    "call_not_made": [
        {"station": "Head office", "by": f"Anna {MOBILE}", "phone": "202", "end": end, "problem": problem}
        | {"is_closed": end == "unknown"}
        for end, problem in (
            ("not_answered", None),
            ("unknown", None),
            ("interrupted", None),
            *(
                ("refused", {"kind": kind, "wait": 300.0, "ami_class": "originate", "shown": "", "for_calls": True})
                for kind in ("ami_login_refused", "ami_class_missing", "ami_off", "expired")
            ),
        )
    ],
    "which_phone": [{"station": "Head office", "person": f"Anna {MOBILE}"}],
    "missed_card_details": [
        {"station": "Head office", "number": CALLER, "left": 1}
        | {
            "calls": [
                {
                    "start": "2026-11-23T11:55:00",
                    "after_hours": True,
                    "rang": [{"number": DID, "name": f"Boris {LOCAL}"}],
                }
            ]
        }
    ],
    "call_card": [
        {"station": "Head office", "calls": [ENDED | more]}
        for more in (
            {"answered": True, "passed_to": [{"number": LOCAL, "name": f"Boris {LOCAL}"}]},
            {"answered": True, "voicemail": 34, "message": True},
            {"answered": False, "voicemail": 34},
            {"answered": False, "rang": [], "after_hours": True},
        )
    ],
    "call_list": [
        {"station": "Head office", "calls": [ENDED, ENDED | {"answered": False, "voicemail": 34}], "left": ["a"]}
    ],
    "missed_gathering": [
        {"station": "Head office", "storm": storm, "calls": 3, "callers": 2, "open": left, "more": 1}
        | {"since": "2026-11-23T11:00:00+00:00", "until": None, "given_up": 1 - left}
        | {
            "lines": [
                {"place": 1, "number": CALLER, "name": WRITTEN, "times": 2, "at": "2026-11-23T11:55:00"}
                | {"claimed_by": f"Anna {MOBILE}", "outcome": outcome}
                for outcome in (None, "called_back")
            ]
        }
        for storm in (False, True)
        for left in (0, 1)
    ],
    "missed_again": [
        {"station": "Head office", "number": CALLER, "name": WRITTEN, "times": 2, "at": "2026-11-23T11:55:00"}
    ],
    "missed_reminder": [
        {"station": "Head office", "number": CALLER, "name": WRITTEN, "waited": 900, "callers": 1},
    ],
    "notify": [
        {"station": "Head office", "in_private": False, "private": False, "may_read": True, "unread_since": None}
        | {"unknown": []}
        | {
            "told": [
                {"kind": kind, "phones": [{"number": "202", "name": "Anna"}], "numbers": [DID]}
                for kind in ("missed", "calls", "voicemail")
            ]
        }
        | {"always": False, "hours_from": "chat", "remind": 900}
        | {"hours": [{"every_day": False, "days": [0, 1, 2, 3, 4], "times": ["09:00–18:00"]}]}
    ],
}
