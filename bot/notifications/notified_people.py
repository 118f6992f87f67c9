"""People notified of an incident, kept in its facts: by id for decisions, by name for the alert messages. Pure.

`asked` and `asked_ids` are those of all steps together, `paged_ids` those of the newest one, `handed_id` the person it
was handed to. `lost_ids` are those whose message could not be delivered: they count as not asked, and are not retried
before their chat takes messages again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Facts = Mapping[str, Any]
People = Mapping[int, str]


def paged_so_far(facts: Facts) -> frozenset[int]:
    return frozenset(facts.get("asked_ids") or ())


def paged_last(facts: Facts) -> frozenset[int]:
    return frozenset(facts.get("paged_ids") or ())


def undeliverable(facts: Facts) -> frozenset[int]:
    return frozenset(facts.get("lost_ids") or ())


def already_tried(facts: Facts) -> frozenset[int]:
    """Return the people of the list that are skipped: they were asked, were handed the incident, or are unreachable."""
    handed = facts.get("handed_id")
    return paged_so_far(facts) | undeliverable(facts) | ({handed} if handed else frozenset())


def next_step(facts: Facts) -> datetime | None:
    """Return the time of the next escalation step; None for at once."""
    written = facts.get("step_due")
    return datetime.fromisoformat(written) if written else None


def due_at(when: datetime | None, *, shown: bool) -> dict[str, Any]:
    """`shown`: the alert messages show the time of the next step."""
    written = when.isoformat() if when else None
    return {"step_due": written, "next_at": written if shown else None}


def reset() -> dict[str, Any]:
    """Return the facts before the first step, and when the escalation starts again."""
    return {"asked": [], "asked_ids": [], "paged_ids": [], "lost_ids": [], "unreachable": [], "handed_id": None}


def add_targets(facts: Facts, targets: People, skipped: People) -> dict[str, Any]:
    """Return the facts with `targets` added to the people asked. Without any, those paged last stay paged."""
    return {
        "asked": [*(facts.get("asked") or ()), *targets.values()],
        "asked_ids": [*(facts.get("asked_ids") or ()), *targets],
        "paged_ids": list(targets) or list(facts.get("paged_ids") or ()),
        "lost_ids": [one for one in facts.get("lost_ids") or () if one not in targets],
        "unreachable": _without(facts, targets, skipped),
        # The hand-over was not acknowledged.
        "handed_to": None,
        "handed_by": None,
    }


def reassign(to: int, name: str, by: str) -> dict[str, Any]:
    return {"handed_to": name, "handed_id": to, "handed_by": by, "paged_ids": [to]}


def remove_person(facts: Facts, person: int, name: str) -> dict[str, Any]:
    """Return the facts without a person whose message could not be delivered."""
    ids, names = list(facts.get("asked_ids") or ()), list(facts.get("asked") or ())
    remaining = [(one, targets) for one, targets in zip(ids, names, strict=False) if one != person]
    was_handed = facts.get("handed_id") == person
    return {
        "asked": [targets for _, targets in remaining],
        "asked_ids": [one for one, _ in remaining],
        "paged_ids": [one for one in facts.get("paged_ids") or () if one != person],
        "lost_ids": [*undeliverable(facts) - {person}, person],
        "unreachable": [*(one for one in facts.get("unreachable") or () if one != name), name],
        "handed_to": None if was_handed else facts.get("handed_to"),
        "handed_by": None if was_handed else facts.get("handed_by"),
        "handed_id": None if was_handed else facts.get("handed_id"),
    }


def add_reachable(facts: Facts, person: int, name: str) -> dict[str, Any]:
    """Return the facts with a person added that is reachable again, and paged now."""
    return add_targets(facts, {person: name}, {}) | {"paged_ids": [*paged_last(facts), person]}


def _without(facts: Facts, targets: People, skipped: People) -> list[str]:
    """Return the names of unreachable people, without those asked now."""
    known = dict.fromkeys([*(facts.get("unreachable") or ()), *skipped.values()])
    return [name for name in known if name not in targets.values()]
