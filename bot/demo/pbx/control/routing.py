"""Rename call queues and routes, as the PBX's own pages can."""

from collections.abc import Mapping

from bot.demo.pbx.control.refusal import ControlRefused
from bot.demo.pbx.world import StandinPbx

Body = Mapping[str, object]


def name_queue(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    queue = next((queue for queue in pbx.queues if queue.number == path["number"]), None)
    if queue is None:
        raise ControlRefused(f"no queue {path['number']}", 404)
    queue.name = _name(body)


def name_route(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    routes = (*pbx.incoming_routes, *pbx.outbound_routes)
    route = next((route for route in routes if route["id"] == path["id"]), None)
    if route is None:
        raise ControlRefused(f"no route {path['id']}", 404)
    route["rulename"] = _name(body)


def _name(body: Body) -> str:
    name = str(body.get("name", ""))
    if not name:
        raise ControlRefused("a name is needed")
    return name
