"""Cause of a trunk's outage, from its own state and its neighbours'. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address

from bot.detection.trunk_health import SILENT, Cause, ContactStatus, Health, cause_of, contact_of, is_inbound
from bot.pbx import TrunkStatus

BAD = frozenset({Health.DOWN, Health.PARTIAL, Health.DEGRADED})
# Registration retries by MikoPBX's SIP configuration: 200 of them, every 45 s without an answer and every 300 s after a
# refusal (`max_retries`, `retry_interval`, `forbidden_retry_interval`, `fatal_retry_interval`). After the last one the
# trunk stays down until its registration is restarted, even if the provider recovers.
TRIES = 200
UNANSWERED = timedelta(seconds=45)
REFUSED = timedelta(seconds=300)
WARN_BEFORE = timedelta(minutes=15)


def in_context(
    trunks: Iterable[tuple[TrunkStatus, Health]], banned: Collection[str] = (), reached: Collection[str] = ()
) -> Mapping[str, Cause]:
    """Return the cause of each trunk by id, healthy ones included.

    `banned` are ids of trunks whose provider the PBX's firewall bans, `reached` of trunks that have been partially down
    for so long that they have registered since.
    """
    seen = list(trunks)
    engine_sees_somebody = any(trunk.contact_status for trunk, _ in seen)
    causes = {trunk.id: _alone(trunk, engine_sees_somebody=engine_sees_somebody) for trunk, _ in seen}
    # A provider that answers for one account is not down for another.
    answering = {trunk.host.lower() for trunk, health in seen if health is Health.UP and trunk.host}
    for trunk, health in seen:
        if causes[trunk.id] in SILENT and trunk.id in banned:
            causes[trunk.id] = Cause.BANNED
        elif health is Health.DOWN and causes[trunk.id] is Cause.NO_ANSWER and trunk.host.lower() in answering:
            causes[trunk.id] = Cause.UNKNOWN
    if _own_internet(seen, causes, reached):
        cut_off = [trunk.id for trunk, health in seen if health in BAD and _is_cut_off(trunk, causes)]
        causes |= dict.fromkeys(cut_off, Cause.OWN_INTERNET)
    return causes


def _is_cut_off(trunk: TrunkStatus, causes: Mapping[str, Cause]) -> bool:
    """Return True if the internet outage explains this trunk; for IAX the PBX never gives a cause."""
    silent = causes[trunk.id] in SILENT or (trunk.is_iax and causes[trunk.id] is Cause.UNKNOWN)
    return silent and causes[trunk.id] is not Cause.BANNED and not _is_near(trunk.host)


def _alone(trunk: TrunkStatus, *, engine_sees_somebody: bool) -> Cause:
    """Return the cause by the trunk's own state.

    Measured: an unresolvable host leaves its trunk UNKNOWN without a contact, while others have one.
    """
    unregistered = trunk.state.strip().lower() in ("unknown", "rejected", "unregistered")
    no_contact = contact_of(trunk.contact_status) is ContactStatus.NONE and not is_inbound(trunk.state)
    if not trunk.is_iax and unregistered and no_contact and engine_sees_somebody:
        return Cause.NAME_NOT_RESOLVED if _is_name(trunk.host) else cause_of(trunk)
    return cause_of(trunk)


def _own_internet(
    seen: Iterable[tuple[TrunkStatus, Health]], causes: Mapping[str, Cause], reached: Collection[str]
) -> bool:
    """Return True if the PBX's own internet is down: of at least two outside hosts none answers."""
    silent = {
        t.host.lower()
        for t, health in seen
        if health in BAD and causes[t.id] in SILENT and causes[t.id] is not Cause.BANNED and t.id not in reached
    }
    return len({host for host in silent if _is_outside(host)}) > 1 and not any(
        trunk.id in reached or _provider_answers(trunk, health) for trunk, health in seen if _is_outside(trunk.host)
    )


def _provider_answers(trunk: TrunkStatus, health: Health) -> bool:
    """Return True if the provider answers, also slowly or with a refusal.

    A trunk without OPTIONS counts as registered until expiry, and proves neither.
    """
    contact = contact_of(trunk.contact_status)
    if health is Health.UP:
        return contact is not ContactStatus.UNASKED
    return contact is ContactStatus.ANSWERS and health is not Health.OFF


def _is_outside(host: str) -> bool:
    return bool(host) and not _is_near(host)


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False


def _is_near(host: str) -> bool:
    """Return True for an address in a private network, which does not depend on the internet."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def retries_end_at(type_: str, state: str, cause: Cause, began_at: datetime) -> datetime | None:
    """Return roughly when registration retries end; None without a limit:

    IAX, inbound registration, no registration.
    """
    if type_ != "sip" or is_inbound(state) or state.strip().lower() not in ("rejected", "unregistered"):
        return None
    return began_at + TRIES * (REFUSED if cause is Cause.CREDENTIALS_REFUSED else UNANSWERED)
