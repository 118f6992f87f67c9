"""Initial data: a small office with four working trunks and a disabled one."""

from random import Random

from bot.demo.pbx.employees import EmployeeRecord, Phone
from bot.demo.pbx.office import Office, TrunkNames
from bot.demo.pbx.registration.sights import AT_ONCE, TrunkChange
from bot.demo.pbx.registration.trunks import ProviderRecord

DAY = 86400
TRUNK_DEFAULTS: dict[str, object] = {
    "type": "SIP",
    "note": "",
    "disabled": False,
    "username": "",
    "secret": "",
    "host": "",
    "port": 5060,
    "transport": "udp,tcp",
    "qualify": True,
    "qualifyfreq": 60,
    "registration_type": "outbound",
    "description": "",
    "networkfilterid": "none",
    "networkfilter_represent": '<i class="globe icon"></i> Connections from any addresses are allowed',
    "manualattributes": "",
    "dtmfmode": "auto",
    "fromuser": "",
    "fromdomain": "",
    "outbound_proxy": "",
    "disablefromuser": False,
    "cid_source": "default",
    "cid_custom_header": "",
    "cid_parser_start": "",
    "cid_parser_end": "",
    "cid_parser_regex": "",
    "did_source": "default",
    "did_custom_header": "",
    "did_parser_start": "",
    "did_parser_end": "",
    "did_parser_regex": "",
    "cid_did_debug": False,
    "additionalHosts": [],
}
# number, mobile, phone (None: offline)
_STAFF: tuple[tuple[str, str, str | None], ...] = (
    ("201", "79161110201", "Yealink SIP-T46U 108.86.0.20"),
    ("202", "79161110202", "Yealink SIP-T31P 124.86.0.40"),
    ("203", "", "Grandstream GXP2170 1.0.11.64"),
    ("204", "79161110204", "Yealink SIP-T46U 108.86.0.20"),
    ("205", "79161110205", "Telephone 1.6"),
    ("206", "", None),
    ("207", "79161110207", "MicroSIP/3.21.3"),
    ("208", "", "Yealink SIP-T31P 124.86.0.40"),
    ("209", "", "Zoiper v2.10.19"),
    ("210", "", "Grandstream HT802 1.0.43.11"),
    ("211", "79161110211", None),
    ("212", "", "Linphone/5.2.5"),
)
FIRST_USER_ID = 110
IAX_TRUNK = "IAX-TRUNK-5D1E9A27"


def employees(random: Random, office: Office) -> list[EmployeeRecord]:
    return [
        EmployeeRecord(
            id=FIRST_USER_ID + place,
            number=number,
            name=name,
            secret=secret(random),
            email=f"{mailbox}@office.example" if mailbox else "",
            mobile=mobile,
            mobile_dialstring=mobile,
            avatar=f"/avatars/user_{FIRST_USER_ID + place}.jpg",
            transport="udp,tcp",
            forwarding_unavailable=mobile,
            phone=Phone(f"192.168.1.{100 + place}", agent or "", round(random.uniform(0.3, 4.5), 2)),
            online=agent is not None,
        )
        for place, ((number, mobile, agent), (name, mailbox)) in enumerate(zip(_STAFF, office.staff, strict=True))
    ]


def secret(random: Random) -> str:
    return "".join(random.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=20))


def trunks(random: Random, now: float, office: Office) -> list[ProviderRecord]:
    """Return the trunks.

    Ids are fixed, so that a page or a test may name them; one ends in a letter on purpose (see keys).
    """
    first, second, branch, gateway, old = office.trunks
    return [
        _trunk("SIP-TRUNK-44BBC135", "74951110001", now, random, first),
        _trunk("SIP-TRUNK-C07C8D8E", "74951110002", now, random, second),
        _trunk(IAX_TRUNK, "", now, random, branch, type="IAX", port=4569),
        _trunk("SIP-TRUNK-8DAFEDB5", "", now, random, gateway, registration_type="none"),
        _trunk("SIP-TRUNK-8F96BC91", "", now, random, old, disabled=True),
    ]


def _trunk(id_: str, did: str, now: float, random: Random, names: TrunkNames, **more: object) -> ProviderRecord:
    named: dict[str, object] = names._asdict() | {"secret": secret(random)}
    if more.get("registration_type") == "none":
        named["secret"] = ""
    record = TRUNK_DEFAULTS | named | more
    born = now - 29 * DAY
    begun = [TrunkChange(born, "created", AT_ONCE), TrunkChange(born, "loaded", AT_ONCE)]
    if record["disabled"]:
        ended = now - 20 * DAY
        off = [TrunkChange(ended, "disabled", AT_ONCE), TrunkChange(ended, "unloaded", AT_ONCE)]
        return ProviderRecord(id_, record, begun + off, did, dict(record))
    trouble = now - random.uniform(3, 9) * DAY
    troubles = [TrunkChange(trouble, "provider_silent"), TrunkChange(trouble + random.uniform(300, 2400), "ok")]
    return ProviderRecord(id_, record, begun + troubles, did, dict(record))
