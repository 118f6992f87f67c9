"""Names of roles and rights, marked for translation. Roles that a site defines itself are shown as it calls them."""

from collections.abc import Mapping

from bot.messages.message import TrustedText, mark

ROLES: Mapping[str, TrustedText] = {"viewer": mark("viewer"), "operator": mark("operator"), "admin": mark("admin")}
RIGHTS: Mapping[str, TrustedText] = {
    "status.read": mark("see the status"),
    "calls.read": mark("see current calls"),
    "cdr.read": mark("see calls that have ended"),
    "recordings.listen": mark("listen to recordings"),
    "numbers.read": mark("see whole phone numbers"),
    "employees.read": mark("see employees"),
    "employees.write": mark("create and change employees"),
    "employees.delete": mark("delete employees"),
    "employees.secrets": mark("see SIP passwords"),
    "trunks.read": mark("see trunks"),
    "trunks.check": mark("check trunks"),
    "trunks.write": mark("change trunks"),
    "firewall.write": mark("lift bans of addresses"),
    "incidents.read": mark("see incidents"),
    "incidents.acknowledge": mark("take incidents"),
    "incidents.mute": mark("mute alerts"),
    "extensions.watch": mark("have extensions watched"),
    "missed.follow": mark("be told of missed calls, and take them"),
    "calls.make": mark("have the PBX call missed callers"),
    "oncall.read": mark("see who is on call"),
    "oncall.take": mark("be on call"),
    "oncall.write": mark("set who is on call"),
    "access.read": mark("see who has access"),
    "access.grant": mark("give and take access"),
    "audit.read": mark("read the audit"),
}
