"""The PBX's own health: advice, disk, bans."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from bot.demo.pbx.web.envelope import ActionCall, ActionResult

if TYPE_CHECKING:
    from bot.demo.pbx.world import StandinPbx

_BAN_SECONDS = 3 * 3600
_CATEGORIES = (
    "call_recordings",
    "cdr_database",
    "system_logs",
    "modules",
    "backups",
    "system_caches",
    "s3_cache",
    "other",
)


@dataclass(frozen=True)
class HealthActions:
    pbx: "StandinPbx"

    def advice(self, call: ActionCall) -> ActionResult:
        """Return the advice by level; a level without any is left out."""
        told = {level: rows for level, rows in self.pbx.advice.items() if rows}
        return ActionResult(
            {"advice": told}, function="getList", processor="Advice\\GetAdviceListAction::main", cost=0.07
        )

    def storage_usage(self, call: ActionCall) -> ActionResult:
        total, free = self.pbx.disk_mb
        used = total - free
        share = round(100 * used / total, 2) if total else 0
        # Half of what is used are recordings, and the rest is not told apart.
        sizes = dict.fromkeys(_CATEGORIES, 0.0) | {"call_recordings": used / 2, "other": used / 2}
        data = {
            "total_size": _whole(total),
            "used_space": _whole(used),
            "free_space": _whole(free),
            "usage_percentage": _whole(share),
            "categories": {
                name: {"size": _whole(size), "percentage": _whole(share / 2 if size else 0), "paths": []}
                for name, size in sizes.items()
            },
            "remote_storage": {"s3": {"enabled": False, "size": 0, "files_count": 0, "bucket": "", "endpoint": ""}},
        }
        return ActionResult(data, function="usage", processor="Storage\\GetUsageAction::main", cost=0.05)

    def banned_ips(self, call: ActionCall) -> ActionResult:
        """Return bans by address; times are UTC seconds."""
        rows = {
            address: {
                "country": "",
                "countryName": "",
                "bans": [{"jail": "asterisk_v2", "timeofban": int(at), "timeunban": int(at) + _BAN_SECONDS, "v": "2"}],
            }
            for address, at in self.pbx.banned.items()
        }
        return ActionResult(rows, function="getBannedIps", processor="Firewall\\GetBannedIpsAction::main", cost=0.02)

    def unban_ip(self, call: ActionCall) -> ActionResult:
        """Lift the bans of an address. What is no address is refused with a plain list, as by the source."""
        address = str(call.params.get("ip", "")).strip()
        answer = ActionResult(True, function="unbanIp", processor="Firewall\\UnbanIpAction::main", cost=0.3)
        try:
            ip_address(address)
        except ValueError:
            text = f"Not valid ip '{address}'."
            return ActionResult(
                result=False, messages=[text], status=422, function="unbanIp", processor=answer.processor
            )
        self.pbx.banned.pop(address, None)
        return answer


def _whole(number: float) -> float:
    """Return an int where it is one, as PHP writes it."""
    return int(number) if number == int(number) else number
