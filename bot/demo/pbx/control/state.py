"""Actual state of the station for the control page, ahead of the PBX's own detection."""

from bot.demo.pbx.registration.trunks import ProviderRecord, round_trip
from bot.demo.pbx.telephony.calls import ActiveCall, state_of
from bot.demo.pbx.world import StandinPbx

_RESOURCES = (
    "providers",
    "sip-providers",
    "iax-providers",
    "sip",
    "pbx-status",
    "cdr",
    "employees",
    "passwords",
    "extensions",
    "system",
    "time-settings",
)


def state(pbx: StandinPbx) -> dict[str, object]:
    now = pbx.now()
    busy = pbx.calls.busy_numbers(now)
    return {
        "name": pbx.name,
        "asterisk": pbx.asterisk,
        "worker": "running" if pbx.worker.running else "frozen",
        "call_events": "running" if pbx.call_events_running else "frozen",
        "fault": {"kind": pbx.fault.kind, "delay": pbx.fault.delay},
        "key": {"revoked": pbx.keys.revoked, "denied": _denied(pbx)},
        "rate_limit": pbx.limit.mode,
        "speed": pbx.speed,
        "time_zone": pbx.zone.key,
        "recordings": {"megabytes": pbx.shelf.megabytes, "missing": pbx.shelf.missing},
        "traffic": pbx.traffic.running,
        "dialect": pbx.dialect,
        "restarting": pbx.machine.is_restarting,
        "disk": {"total": pbx.disk_mb[0], "free": pbx.disk_mb[1]},
        "advice": [str(row.get("messageTpl", "")) for rows in pbx.advice.values() for row in rows],
        "banned": [*pbx.banned],
        "iax_told": pbx.iax_told,
        "trunks": [_trunk(pbx, trunk, now) for trunk in pbx.trunks.values()],
        "extensions": [
            {
                "number": person.number,
                "name": person.name,
                "online": person.online,
                "busy": person.number in busy,
            }
            for person in sorted(pbx.employees.values(), key=lambda person: person.number)
        ],
        "calls": [_call(call, now) for call in pbx.calls if call.start <= now],
        "ami": _ami(pbx),
        "requests": {"total": pbx.journal.total, "writes": pbx.journal.writes},
    }


def _ami(pbx: StandinPbx) -> dict[str, object]:
    """Return the switches of AMI without its secret, and the calls it made for people."""
    ami = pbx.ami
    calls = [{"phone": one.phone, "number": one.number, "outcome": one.outcome} for one in ami.calls]
    return {
        "place": ami.place,
        "phone": ami.phone,
        "classes": sorted(ami.classes),
        "logins": ami.logins,
        "calls": calls,
    }


def _denied(pbx: StandinPbx) -> list[str]:
    """Return the resources that the key cannot read."""
    paths = pbx.keys.permissions.paths
    if paths is None:
        return []
    return [name for name in _RESOURCES if f"/api/v3/{name}" not in paths]


def _trunk(pbx: StandinPbx, trunk: ProviderRecord, now: float) -> dict[str, object]:
    sight = trunk.sight(now, pbx.dialect)
    return {
        "id": trunk.id,
        "name": trunk.text("description"),
        "type": trunk.text("type").lower(),
        "registration": trunk.registration,
        "host": trunk.text("host"),
        "username": trunk.text("username"),
        "condition": "off" if trunk.disabled else trunk.condition,
        # An unreported state is empty.
        "state": "" if trunk.is_iax and pbx.hides_iax() else sight.state,
        "contactStatus": sight.contact,
        "rtt": round_trip(trunk, sight, now),
        "disabled": trunk.disabled,
    }


def _call(call: ActiveCall, now: float) -> dict[str, object]:
    word, seconds = state_of(call, now)
    last = call.begun(now)[-1]
    return {
        "linkedid": call.linkedid,
        "kind": call.kind,
        "src": call.legs[0].src_num,
        "dst": last.dst_num,
        "trunk": call.trunk,
        "state": word,
        "seconds": int(seconds),
    }
