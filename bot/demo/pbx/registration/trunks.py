"""Trunk (provider): stored record, history of changes, and the status objects derived from both."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from bot.demo.pbx.registration.sightings import in_asterisk, sightings
from bot.demo.pbx.registration.sights import NEWEST, Condition, Dialect, Kind, TrunkChange, TrunkStatusView
from bot.demo.pbx.telephony import local_time

ANSWERING = ("Reachable", "NonQualified")
SECRET_MASK = "XXXXXXXX"  # noqa: S105 - shown instead of a secret
_CHECK_EVERY = 30

# state in lower case -> (text, color, description); the newer release shows unregistered trunks in red.
_WORDS = {
    "registered": ("Registered", "green", "Provider successfully registered and ready to work"),
    "ok": ("Working", "green", "Provider working normally"),
    "rejected": ("Rejected", "grey", "Provider registration rejected by server"),
    "unregistered": ("Not registered", "grey", "Provider not registered on server"),
    "unreachable": ("Unreachable", "yellow", "Provider does not respond to requests"),
    "lagged": ("High latency", "yellow", "Provider responds with high latency"),
    "off": ("Disabled", "grey", "Provider disabled by administrator"),
}
_RED = ("rejected", "unregistered")
_UNKNOWN = ("Unknown", "grey", "Provider state is unknown")
_EVENTS = {
    "registered": ("info", "Registration successful"),
    "ok": ("info", "Provider working"),
    "off": ("error", "Provider disabled"),
    "lagged": ("warning", "High latency"),
    "unreachable": ("warning", "Provider unreachable"),
    "unregistered": ("warning", "Registration lost"),
    "rejected": ("error", "Registration rejected"),
}


@dataclass
class ProviderRecord:
    """Trunk. `record` holds the fields of the API's record except `id`; the secret is in it in clear text.

    `loaded` is the record at Asterisk's last load; None before the first.
    """

    id: str
    record: dict[str, object]
    changes: list[TrunkChange] = field(default_factory=list)
    did: str = ""
    loaded: dict[str, object] | None = None
    # The PBX does not report the state of an IAX trunk.
    untold: bool = False

    def text(self, name: str) -> str:
        return str(self.record.get(name, ""))

    @property
    def disabled(self) -> bool:
        return bool(self.record["disabled"])

    @property
    def is_iax(self) -> bool:
        return self.record["type"] == "IAX"

    @property
    def registration(self) -> str:
        return self.text("registration_type")

    @property
    def kind(self) -> Kind:
        if self.is_iax:
            return "iax"
        if self.registration == "outbound":
            return "outbound"
        if self.registration == "inbound":
            return "inbound"
        return "none" if self.record["qualify"] else "unqualified"

    @property
    def condition(self) -> Condition:
        """Actual condition, detected by the PBX or not."""
        word: Condition = "ok"
        for change in self.changes:
            match change.what:
                case "created" | "disabled" | "enabled" | "loaded" | "unloaded":
                    pass
                case "unregistered_by_pbx" | "asterisk_stopped" | "asterisk_started":
                    pass
                case condition:
                    word = condition
        return word

    def seen(self, now: float, dialect: Dialect) -> list[tuple[float, TrunkStatusView]]:
        """Return the states shown by the PBX by `now`."""
        kind: Kind = "iax_untold" if self.is_iax and self.untold else self.kind
        return [(at, _said(self._asked(sight), kind, dialect)) for at, sight in sightings(kind, self.changes, now)]

    def sight(self, now: float, dialect: Dialect) -> TrunkStatusView:
        return self.seen(now, dialect)[-1][1]

    def in_asterisk(self, now: float) -> TrunkStatusView | None:
        """Return the state in Asterisk; None if the trunk is not loaded."""
        sight = in_asterisk(self.kind, self.changes, now)
        return self._asked(sight) if sight else None

    def _asked(self, sight: TrunkStatusView) -> TrunkStatusView:
        """Return the state; without `qualify` no OPTIONS are sent."""
        unasked = sight.contact and self.kind == "outbound" and not self.record["qualify"]
        return replace(sight, contact="NonQualified") if unasked else sight

    def up(self, now: float) -> bool:
        """Return True if it takes inbound calls, independent of the shown state."""
        sight = self.in_asterisk(now)
        return sight is not None and good(sight.state)

    def reaches_out(self, now: float) -> bool:
        """Return True if it takes outbound calls.

        Measured: Asterisk does not call a contact that does not answer OPTIONS.
        """
        sight = self.in_asterisk(now)
        return sight is not None and (sight.contact in ANSWERING or (sight.contact is None and good(sight.state)))


def _said(sight: TrunkStatusView, kind: Kind, dialect: Dialect) -> TrunkStatusView:
    """Return the state of the release: registered without answers to OPTIONS is a state of its own in the newer one."""
    half = dialect == NEWEST and kind == "outbound" and good(sight.state) and sight.contact == "Unreachable"
    return replace(sight, state="unreachable") if half else sight


def good(state: str) -> bool:
    return state.lower() in ("registered", "ok")


def round_trip(trunk: ProviderRecord, sight: TrunkStatusView, now: float) -> int | None:
    """Return milliseconds, varying slightly around the trunk's usual value."""
    if sight.state == "lagged":
        return 1800 + zlib.crc32(f"{trunk.id}{int(now) // 10}".encode()) % 700
    if sight.contact != "Reachable":
        return None
    usual = 4 + zlib.crc32(trunk.id.encode()) % 30
    return usual + zlib.crc32(f"{trunk.id}{int(now) // 10}".encode()) % 5


def state_changes(seen: Sequence[tuple[float, TrunkStatusView]]) -> list[tuple[float, str]]:
    """Return the times at which the state changed, oldest first; changes of the contact alone are left out."""
    turned: list[tuple[float, str]] = []
    for at, sight in seen:
        if not turned or turned[-1][1] != sight.state:
            turned.append((at, sight.state))
    return turned


def status(trunk: ProviderRecord, now: float, dialect: Dialect) -> dict[str, object]:
    """Return one entry of `getStatuses` at `now`; its keys depend on the state, as on the real PBX."""
    seen = trunk.seen(now, dialect)
    sight, turned = seen[-1][1], state_changes(seen)
    since = int(turned[-1][0])
    words, colour, description = _WORDS.get(sight.state.lower(), _UNKNOWN)
    if dialect == NEWEST and sight.state.lower() in _RED:
        colour = "red"
    rtt = round_trip(trunk, sight, now)
    if colour == "green" and rtt is not None and rtt > 100:
        colour = "yellow"
    return {
        "id": trunk.id,
        "type": trunk.text("type").lower(),
        "state": sight.state,
        "stateText": words,
        "stateColor": colour,
        "stateDescription": description,
        "host": trunk.text("host"),
        "username": trunk.text("username"),
        "description": trunk.text("description"),
        "lastUpdate": int(now),
        "lastChange": since,
        "rtt": rtt,
        "stateDuration": int(now) - since,
        "stateStartTime": since,
        **({"contactStatus": sight.contact} if sight.contact else {}),
        **_details(trunk, sight),
        **({"degradedReason": "registered_but_unreachable"} if _degraded(trunk, sight) else {}),
        **_durations(turned, sight.state, int(now)),
    }


def _degraded(trunk: ProviderRecord, sight: TrunkStatusView) -> bool:
    return trunk.kind == "outbound" and sight.state == "unreachable"


def _details(trunk: ProviderRecord, sight: TrunkStatusView) -> dict[str, object]:
    if trunk.is_iax and good(sight.state):
        peer = f"{trunk.text('host')}:{trunk.text('port')}"
        return {"registrationDetails": f"Registered with {peer}", "refreshInterval": "60"}
    if trunk.kind != "inbound" or sight.state == "OFF":
        return {}
    registered = sight.state.lower() != "unregistered"
    peer = f"{trunk.text('host') or '198.51.100.20'}:5060"
    return {"registrationDetails": f"Registered with {peer}" if registered else "Waiting for registration"}


def _durations(turned: Sequence[tuple[float, str]], state: str, now: int) -> dict[str, object]:
    if state.lower() not in _WORDS | {"unknown": _UNKNOWN} or state == "OFF":
        return {}
    duration = now - int(turned[-1][0])
    if good(state):
        return {"successDuration": duration}
    successes = [int(at) for at, word in turned if good(word)]
    if not successes:
        return {"failureDuration": duration}
    return {
        "failureDuration": duration,
        "lastSuccessTime": successes[-1],
        "timeSinceLastSuccess": now - successes[-1],
    }


def events(trunk: ProviderRecord, now: float, zone: ZoneInfo, dialect: Dialect) -> list[dict[str, object]]:
    """Return the history, newest first. The newer release leaves out changes from or to UNKNOWN."""
    before = "UNKNOWN"
    reported: list[dict[str, object]] = []
    for at, state in state_changes(trunk.seen(now, dialect)):
        if dialect == NEWEST and "UNKNOWN" in (before, state):
            before = state
            continue
        severity, event = _EVENTS.get(state.lower(), ("error", "Status change"))
        reported.append(
            {
                "timestamp": int(at),
                "date": local_time.seconds_text(at, zone),
                "type": severity,
                "event": event,
                "details": f"The status has changed from {_word(before)} to {_word(state)}",
                "state": state,
                "previousState": before,
            }
        )
        before = state
    return reported[::-1]


def _word(state: str) -> str:
    return _WORDS.get(state.lower(), _UNKNOWN)[0]


def statistics(trunk: ProviderRecord, since: float, now: float, dialect: Dialect) -> dict[str, object]:
    """Return statistics of the background checks since `since`.

    The PBX compares lower-case states only: inbound trunks count zero.
    """
    successes = failures = 0
    turned = state_changes(trunk.seen(now, dialect))
    for (at, state), end in zip(turned, [*(at for at, _ in turned[1:]), now], strict=True):
        checks = max(0, int((end - max(at, since)) // _CHECK_EVERY))
        successes += checks if state in ("registered", "OK") else 0
        failures += checks if state in ("rejected", "unregistered", "UNKNOWN", "unreachable", "lagged") else 0
    total = max(1, int((now - max(since, turned[0][0])) // _CHECK_EVERY))
    rtt = round_trip(trunk, trunk.sight(now, dialect), now)
    return {
        "totalChecks": total,
        "successCount": successes,
        "failureCount": failures,
        "availability": round(100 * successes / total, 2) if successes else 0,
        "averageRtt": rtt,
        "maxRtt": None if rtt is None else rtt + 3,
        "minRtt": None if rtt is None else max(0, rtt - 3),
    }
