"""Routing of the API: paths to actions, and the two errors of unknown ones."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bot.demo.pbx.actions.cdr import CdrActions
from bot.demo.pbx.actions.employees import EmployeeActions
from bot.demo.pbx.actions.health import HealthActions
from bot.demo.pbx.actions.provider_writes import ProviderWrites
from bot.demo.pbx.actions.providers import ProviderActions
from bot.demo.pbx.actions.sip import SipActions
from bot.demo.pbx.actions.station import StationActions
from bot.demo.pbx.web import passwords
from bot.demo.pbx.web.envelope import ActionCall, ActionResult, Plain

if TYPE_CHECKING:
    from bot.demo.pbx.world import StandinPbx

Action = Callable[[ActionCall], ActionResult | Plain]
Verbs = Mapping[str, Action]
Methods = Mapping[str, tuple[str, Action]]
ROOT = "/pbxcore/api/v3/"
_GRAMMAR = re.compile(r"(?P<resource>[a-z0-9-]+)(?:/(?P<id>[^/:]+))?(?::(?P<method>\w+))?/?")
_EMPTY_LISTS = ("conference-rooms", "ivr-menu", "off-work-times", "sound-files", "dialplan-applications")


@dataclass(frozen=True)
class Resource:
    """Resource.

    `ids` is the pattern of an id; another id is another path, so a 404. `blocked`: methods by the verb they have on
    other resources and not on this one.
    """

    ids: str = r"\d+"
    collection: Verbs = field(default_factory=dict)
    item: Verbs = field(default_factory=dict)
    methods: Methods = field(default_factory=dict)
    item_methods: Methods = field(default_factory=dict)
    blocked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ActionTarget:
    """Existing path.

    `action` None: method unknown or not for this verb (a 405). `needs_id`: an item's method without an id (a 400).
    """

    resource: str
    id: str
    method: str
    ids: str
    action: Action | None
    needs_id: bool = False

    def is_id(self, text: str) -> bool:
        return re.fullmatch(self.ids, text) is not None


def resources(pbx: "StandinPbx") -> dict[str, Resource]:
    station, cdr, health = StationActions(pbx), CdrActions(pbx), HealthActions(pbx)
    lists = {name: Resource(collection={"GET": station.nothing}) for name in _EMPTY_LISTS}
    return lists | {
        "providers": _providers(pbx, "(?:SIP|IAX)-[A-Z0-9-]+", whole=False),
        "sip-providers": _providers(pbx, "SIP-[A-Z0-9-]+", whole=True),
        "iax": Resource(methods={"getRegistry": ("GET", ProviderActions(pbx).get_iax_registry)}),
        "firewall": Resource(
            methods={"getBannedIps": ("GET", health.banned_ips), "unbanIp": ("POST", health.unban_ip)}
        ),
        "advice": Resource(methods={"getList": ("GET", health.advice)}),
        "storage": Resource(methods={"usage": ("GET", health.storage_usage)}),
        "iax-providers": _providers(pbx, "IAX-[A-Z0-9-]+", whole=True),
        "employees": _employees(EmployeeActions(pbx)),
        "sip": _sip(SipActions(pbx), station),
        "pbx-status": Resource(
            collection={"GET": station.no_list},
            methods={
                "getActiveCalls": ("GET", station.get_active_calls),
                "getActiveChannels": ("GET", station.get_active_channels),
            },
        ),
        "cdr": Resource(
            ids=r"\d+|mikopbx-[\d.]+",
            collection={"GET": cdr.get_list, "DELETE": cdr.delete},
            item={"GET": cdr.get_record, "DELETE": cdr.delete},
            methods={
                "getMetadata": ("GET", cdr.get_metadata),
                "getStatsByProvider": ("GET", cdr.get_stats_by_provider),
                "playback": ("GET", cdr.playback),
                "download": ("GET", cdr.download),
            },
        ),
        "passwords": Resource(
            methods={
                "generate": ("GET", passwords.generate),
                "validate": ("POST", passwords.validate),
                "checkDictionary": ("POST", passwords.check_dictionary),
            }
        ),
        "system": Resource(
            methods={
                "ping": ("GET", station.ping),
                "checkAuth": ("GET", station.check_auth),
                "datetime": ("GET", station.date_time),
                "getAvailableLanguages": ("GET", station.languages),
            }
        ),
        "sysinfo": Resource(methods={"getInfo": ("GET", station.info)}),
        "time-settings": Resource(collection={"GET": station.time_settings}),
        "extensions": Resource(
            collection={"GET": station.extensions}, methods={"getForSelect": ("GET", station.extensions_for_select)}
        ),
        "call-queues": Resource(collection={"GET": station.call_queues}),
        "incoming-routes": Resource(collection={"GET": station.incoming_routes}, item={"GET": station.incoming_route}),
        "outbound-routes": Resource(collection={"GET": station.outbound_routes}, item={"GET": station.outbound_route}),
    }


def _providers(pbx: "StandinPbx", ids: str, *, whole: bool) -> Resource:
    """Build a provider resource.

    `/providers` reads, enables and disables both kinds; only the other two create and change.
    """
    reads, writes = ProviderActions(pbx), ProviderWrites(pbx)
    changes = {"PUT": writes.put, "PATCH": writes.patch, "DELETE": writes.delete} if whole else {}
    return Resource(
        ids=ids,
        blocked={} if whole else {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"},
        collection={"GET": reads.get_list} | ({"POST": writes.create} | changes if whole else {}),
        item={"GET": reads.get_record} | changes,
        methods={
            "getStatuses": ("GET", reads.get_statuses),
            "getDefault": ("GET", reads.get_default),
            "getForSelect": ("GET", reads.get_for_select),
        },
        item_methods={
            "getStatus": ("GET", reads.get_status),
            "forceCheck": ("POST", reads.force_check),
            "getHistory": ("GET", reads.get_history),
            "getStats": ("GET", reads.get_stats),
            "copy": ("GET", reads.copy_record),
            "updateStatus": ("POST", writes.update_status),
        },
    )


def _employees(actions: EmployeeActions) -> Resource:
    changes = {"PUT": actions.put, "PATCH": actions.patch, "DELETE": actions.delete}
    return Resource(
        collection={"GET": actions.get_list, "POST": actions.create} | changes,
        item={"GET": actions.get_record} | changes,
        methods={
            "getDefault": ("GET", actions.get_default),
            "batchCreate": ("POST", actions.batch_create),
            "batchDelete": ("POST", actions.batch_delete),
        },
    )


def _sip(actions: SipActions, station: StationActions) -> Resource:
    return Resource(
        collection={"GET": station.no_list},
        methods={
            "getStatuses": ("GET", actions.get_statuses),
            "getPeersStatuses": ("GET", actions.get_peers),
            "getRegistry": ("GET", actions.get_registry),
        },
        item_methods={
            "getStatus": ("GET", actions.get_status),
            "getSecret": ("GET", actions.get_secret),
            "getAuthFailureStats": ("GET", actions.get_auth_failures),
        },
    )


def find(table: Mapping[str, Resource], path: str, verb: str) -> ActionTarget | None:
    """Return the target; None for an unknown path, which the PBX reports before it checks the key."""
    parts = _GRAMMAR.fullmatch(unquote(path).removeprefix(ROOT)) if path.startswith(ROOT) else None
    resource = table.get(parts["resource"]) if parts else None
    if parts is None or resource is None or verb in ("HEAD", "OPTIONS"):
        return None
    id_, method = parts["id"] or "", parts["method"] or ""
    if id_ and not re.fullmatch(resource.ids, id_):
        return None
    if method:
        wanted, action = (resource.item_methods if id_ else resource.methods).get(method, ("", None))
        alone = not id_ and not wanted and method in resource.item_methods
        return ActionTarget(parts["resource"], id_, method, resource.ids, action if wanted == verb else None, alone)
    plain = (resource.item if id_ else resource.collection).get(verb)
    if plain is None and verb in resource.blocked:
        return ActionTarget(parts["resource"], id_, resource.blocked[verb], resource.ids, None)
    return ActionTarget(parts["resource"], id_, "", resource.ids, plain) if plain else None
