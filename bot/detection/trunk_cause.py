"""Why a trunk is down: what its own state does not tell, its neighbours do. Pure."""

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address

from bot.detection.trunk_health import SILENT, Cause, Contact, Health, cause_of, contact_of, is_inbound
from bot.pbx import TrunkStatus

BAD = frozenset({Health.DOWN, Health.PARTIAL, Health.DEGRADED})


def in_context(
    trunks: Iterable[tuple[TrunkStatus, Health]], banned: Collection[str] = (), reached: Collection[str] = ()
) -> Mapping[str, Cause]:
    """The cause of each trunk by its id, whatever its health: a cause is only shown for what is not well. `banned` are
    the ids of trunks whose provider the PBX's own firewall keeps out, `reached` of those that have been half out for so
    long that they have registered meanwhile."""
    seen = list(trunks)
    engine_sees_somebody = any(trunk.contact_status for trunk, _ in seen)
    causes = {trunk.id: _alone(trunk, engine_sees_somebody=engine_sees_somebody) for trunk, _ in seen}
    # A provider that answers for one account is not dead for the other.
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
    """With the internet gone; of an IAX trunk the PBX never says why."""
    silent = causes[trunk.id] in SILENT or (trunk.is_iax and causes[trunk.id] is Cause.UNKNOWN)
    return silent and causes[trunk.id] is not Cause.BANNED and not _is_near(trunk.host)


def _alone(trunk: TrunkStatus, *, engine_sees_somebody: bool) -> Cause:
    """Measured: a host whose name does not resolve leaves its trunk UNKNOWN without any contact, while the others have
    theirs."""
    unregistered = trunk.state.strip().lower() in ("unknown", "rejected", "unregistered")
    no_contact = contact_of(trunk.contact_status) is Contact.NONE and not is_inbound(trunk.state)
    if not trunk.is_iax and unregistered and no_contact and engine_sees_somebody:
        return Cause.NAME_NOT_RESOLVED if _is_name(trunk.host) else cause_of(trunk)
    return cause_of(trunk)


def _own_internet(
    seen: Iterable[tuple[TrunkStatus, Health]], causes: Mapping[str, Cause], reached: Collection[str]
) -> bool:
    """Return True if the PBX's own internet is down: of at least two outside hosts none answers."""
    outside = [(trunk, health) for trunk, health in seen if trunk.host and not _is_near(trunk.host)]
    silent = {
        t.host.lower()
        for t, health in outside
        if health in BAD and causes[t.id] in SILENT and causes[t.id] is not Cause.BANNED and t.id not in reached
    }
    return len(silent) > 1 and not any(trunk.id in reached or _is_heard(trunk, health) for trunk, health in outside)


def _is_heard(trunk: TrunkStatus, health: Health) -> bool:
    """Its provider answers, be it slowly or with a refusal. A trunk that the PBX does not probe counts as registered
    until that runs out, and says nothing."""
    contact = contact_of(trunk.contact_status)
    if health is Health.UP:
        return contact is not Contact.UNASKED
    return contact is Contact.ANSWERS and health is not Health.OFF


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False


def _is_near(host: str) -> bool:
    """In the office's own network, so that the internet has nothing to do with it."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return False
