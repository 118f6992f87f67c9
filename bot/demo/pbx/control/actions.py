"""Control API over HTTP: changes of the PBX and its surroundings, absent from a real one."""

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.demo.pbx import seed
from bot.demo.pbx.control import calling, calls, records, routing
from bot.demo.pbx.control.refusal import ControlRefused, boolean, number, word
from bot.demo.pbx.control.state import state
from bot.demo.pbx.registration.sights import AT_ONCE, CONDITIONS, DIALECTS
from bot.demo.pbx.registration.trunks import ProviderRecord
from bot.demo.pbx.web.faults import KINDS, WebFault
from bot.demo.pbx.web.keys import RIGHTS, Permissions
from bot.demo.pbx.web.limits import MODES
from bot.demo.pbx.world import StandinPbx

Body = Mapping[str, object]
Switch = Callable[[StandinPbx, Mapping[str, str], Body], object]


def routes(pbx: StandinPbx) -> list[Route]:
    return [
        Route("/control/state", _looking(pbx, lambda _: state(pbx))),
        Route("/control/requests", _looking(pbx, lambda request: {"requests": _requests(pbx, request)})),
        *(Route(f"/control/{path}", _switching(pbx, switch), methods=["POST"]) for path, switch in _SWITCHES.items()),
    ]


def _looking(pbx: StandinPbx, look: Callable[[Request], object]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        pbx.advance()
        return JSONResponse(look(request))

    return answer


def _switching(pbx: StandinPbx, switch: Switch) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        pbx.advance()
        try:
            done = switch(pbx, request.path_params, await _body(request))
        except ControlRefused as refusal:
            return JSONResponse({"error": str(refusal)}, refusal.status)
        return JSONResponse(done if done is not None else {"ok": True}, 201 if switch is _add_trunk else 200)

    return answer


async def _body(request: Request) -> Body:
    content = await request.body()
    try:
        body = json.loads(content or b"{}")
    except ValueError:
        raise ControlRefused("the body is not JSON") from None
    if not isinstance(body, dict):
        raise ControlRefused("the body is not a JSON object")
    return body


def _requests(pbx: StandinPbx, request: Request) -> list[dict[str, object]]:
    after = request.query_params.get("after", "0")
    return pbx.journal.after(int(after) if after.isdigit() else 0)


def _pace(pbx: StandinPbx, body: Body) -> float:
    return AT_ONCE if boolean(body, "instant", otherwise=True) else pbx.speed


def _trunk(pbx: StandinPbx, path: Mapping[str, str]) -> ProviderRecord:
    trunk = pbx.trunks.get(path["id"])
    if trunk is None:
        raise ControlRefused(f"no trunk {path['id']}", 404)
    return trunk


def _set_trunk(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    trunk, pace = _trunk(pbx, path), _pace(pbx, body)
    if body.get("condition") == "deleted":
        pbx.remove_trunk(trunk.id)
    elif body.get("condition") == "off":
        pbx.set_disabled(trunk, True, pace)
    else:
        pbx.set_condition(trunk, word(body, "condition", CONDITIONS), pace)
    if math.isinf(pace):
        pbx.forget_caches()


def _add_trunk(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> dict[str, str]:
    kind = word(body, "type", ("sip", "iax"), otherwise="sip").upper()
    record = seed.TRUNK_DEFAULTS | {
        "type": kind,
        "port": 4569 if kind == "IAX" else 5060,
        "description": str(body.get("name", "New trunk")),
        "host": str(body.get("host", "")),
        "username": str(body.get("username", "")),
        "secret": seed.secret(pbx.random),
        "registration_type": word(body, "registration", ("outbound", "inbound", "none"), otherwise="outbound"),
    }
    trunk = ProviderRecord(pbx.new_trunk_id(kind), record)
    pbx.add_trunk(trunk, _pace(pbx, body))
    pbx.forget_caches()
    return {"id": trunk.id}


def _set_asterisk(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    pace = _pace(pbx, body)
    pbx.set_asterisk(boolean(body, "running"), pace)
    if math.isinf(pace):
        pbx.forget_caches()


def _set_worker(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    pbx.worker.set_running(boolean(body, "running"), pbx.speed)


def _set_call_events(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    pbx.call_events_running = boolean(body, "running")


def _set_fault(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    paths, verbs = body.get("paths", []), body.get("verbs", [])
    if not isinstance(paths, list) or not isinstance(verbs, list):
        raise ControlRefused("paths is a list of resources, verbs one of HTTP verbs")
    kind, delay = word(body, "kind", KINDS), number(body, "delay", otherwise=0)
    pbx.fault = WebFault(kind, delay, tuple(map(str, paths)), tuple(map(str, verbs)))


def _set_key(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    if not {"revoked", "permissions", "missing_right"} & set(body):
        raise ControlRefused("revoked, permissions or missing_right is needed")
    if "revoked" in body:
        pbx.keys.revoke(boolean(body, "revoked"), remembered=boolean(body, "remembered", otherwise=False))
    if "missing_right" in body:
        # A newer release may answer 403 with its own text; not measured.
        pbx.keys.missing_right = str(body["missing_right"] or "") or None
    if "permissions" in body:
        pbx.keys.permit(_permissions(body["permissions"]))


def _permissions(wanted: object) -> Permissions:
    if wanted == "full":
        return Permissions()
    if not isinstance(wanted, dict):
        raise ControlRefused('permissions are "full" or a map of paths to read or write')
    return Permissions({str(path): word(wanted, path, RIGHTS) for path in wanted})


def _set_rate_limit(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    pbx.limit.set_mode(word(body, "mode", MODES))


def _set_extension(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    person = pbx.planner.person(path["number"])
    if person is None:
        raise ControlRefused(f"no extension {path['number']}", 404)
    if "online" in body:
        pbx.set_online(person, boolean(body, "online"))
    if "agent" in body and person.phone:
        person.phone.agent = str(body["agent"])
        pbx.forget_caches()
    if "secret" in body:
        # Not checked for strength, as an older version may have stored it.
        person.secret = str(body["secret"])


def _set_traffic(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """Switch random calls on or off; off, the calls that are up are removed, and none of them becomes a record."""
    pbx.traffic.running = boolean(body, "running")
    if not pbx.traffic.running:
        pbx.calls.clear()


def _set_speed(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    speed = number(body, "speed")
    if speed <= 0:
        raise ControlRefused("speed is greater than 0")
    pbx.speed = speed


def _set_dialect(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """Switch the release: at once, or as an update does it, if the machine `restarts`."""
    pbx.dialect = word(body, "release", DIALECTS)
    pbx.forget_caches()
    if boolean(body, "restarts", otherwise=False):
        pbx.restart_machine()


def _set_iax(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """`told`: the PBX reports the states of its IAX trunks, as a later release may."""
    pbx.tell_iax(boolean(body, "told"))
    pbx.forget_caches()


def _set_contact_words(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    pbx.short_words = boolean(body, "short")
    pbx.forget_caches()


def _set_banned(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """Add or remove a ban in the PBX's list only; the trunk behind the address follows its condition."""
    if boolean(body, "banned", otherwise=True):
        pbx.banned[str(body.get("address", ""))] = pbx.now()
    else:
        pbx.banned.pop(str(body.get("address", "")), None)


def _fail_sign_ins(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """Refuse passwords of an extension: `tries` from an `address`, the last one `ago` seconds ago."""
    address = str(body.get("address", ""))
    failures = pbx.auth_failures.setdefault(path["number"], {})
    before = failures.get(address, {}).get("count", 0)
    failures[address] = {
        "count": int(str(before)) + int(str(body.get("tries", 1))),
        "last_attempt": int(pbx.now() - float(str(body.get("ago", 0)))),
        "remote_address": f"IPV4/UDP/{address}/5060",
    }


def _set_advice(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """Set what the PBX advises: `advice` are its rows by level."""
    told = body.get("advice")
    levels = told.items() if isinstance(told, dict) else ()
    pbx.advice = {str(level): [dict(row) for row in rows] for level, rows in levels}


def _set_disk(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """Set the disk in MB; zeros where it is not known."""
    pbx.disk_mb = number(body, "total"), number(body, "free")


def _set_reload(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """Set the seconds from the last change of the PBX's records to Asterisk's reload."""
    pbx.reload.after = number(body, "after")


def _set_time_zone(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    name = str(body.get("zone", ""))
    try:
        pbx.zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ControlRefused(f"no time zone {name}") from None


_SWITCHES: dict[str, Switch] = {
    "trunks": _add_trunk,
    "trunks/{id}": _set_trunk,
    "asterisk": _set_asterisk,
    "worker": _set_worker,
    "call_events": _set_call_events,
    "fault": _set_fault,
    "key": _set_key,
    "rate_limit": _set_rate_limit,
    "extensions/{number}": _set_extension,
    "ami": calling.set_ami,
    "calls": calls.start,
    "calls/{linkedid}/answer": calls.answer,
    "calls/{linkedid}/hangup": calls.hang_up,
    "records": records.add,
    "recordings": records.set_recordings,
    "queues/{number}": routing.name_queue,
    "routes/{id}": routing.name_route,
    "traffic": _set_traffic,
    "speed": _set_speed,
    "reload": _set_reload,
    "dialect": _set_dialect,
    "iax": _set_iax,
    "contact_words": _set_contact_words,
    "banned": _set_banned,
    "advice": _set_advice,
    "disk": _set_disk,
    "sign_ins/{number}": _fail_sign_ins,
    "time_zone": _set_time_zone,
}
