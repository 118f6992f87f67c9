"""Evaluate one poll of the trunks of a station: their next states, and the changes to report, with the facts that
templates show as plain JSON. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from bot.detection import trunk_cause, trunk_machine, trunk_state
from bot.detection.observation import Observation
from bot.detection.trunk_health import Cause, Health
from bot.detection.trunk_machine import Policy
from bot.detection.trunk_state import TrunkState
from bot.detection.unreported_trunks import UnreportedTrunks
from bot.incidents.model import StateChange, Transition


def evaluate_trunks(
    observation: Observation,
    before: Mapping[str, TrunkState],
    policy: Policy,
    evaluate_from: datetime | None,
    listed: UnreportedTrunks,
    *,
    excluded: Collection[str],
    knows_list: bool,
) -> tuple[dict[str, TrunkState], list[StateChange]]:
    """Return the states by subject, and the changes.

    `excluded` trunks keep their state. One that the PBX does not report any more keeps it unless `knows_list`: only the
    list shows if it was deleted.
    """
    after: dict[str, TrunkState] = {}
    changes: list[StateChange] = []

    def note(subject: str, memory: TrunkState, transition: Transition | None) -> None:
        if transition is not None:
            facts = facts_of_trunk(memory, observation, listed.contact(subject))
            changes.append(StateChange(subject, transition, facts))

    for subject, trunk in observation.trunks.items():
        memory = before.get(subject) or trunk_state.initial_state(trunk)
        if subject in excluded:
            after[subject] = memory
            continue
        after[subject], transition = trunk_machine.evaluate_trunk(memory, trunk, observation.at, policy, evaluate_from)
        note(subject, after[subject], transition)
    for subject in before.keys() - observation.trunks.keys():
        if not knows_list:
            after[subject] = before[subject]
            continue
        kept, transition = trunk_machine.evaluate_missing(before[subject], observation.at)
        if kept is not None:
            after[subject] = kept
        note(subject, before[subject], transition)
    return after, changes


def facts_of_station(observation: Observation) -> dict[str, Any]:
    return {"trouble": str(observation.trouble or ""), "row": observation.row}


def facts_of_trunk(memory: TrunkState, observation: Observation, contact: str) -> dict[str, Any]:
    """Return a trunk's facts; `contact` of its provider, "" if not noted in the PBX."""
    enabled = [trunk for trunk in observation.trunks.values() if trunk.health not in (Health.OFF, Health.UNWATCHED)]
    began = memory.bad_since or memory.since
    gives_up = trunk_cause.retries_end_at(memory.type, memory.state, Cause(memory.cause), began)
    return {
        "trunk": memory.name,
        "host": memory.host,
        "type": memory.type,
        "contact": contact,
        "state": memory.state,
        # The cause of a partial outage is unknown.
        "cause": str(Cause.UNKNOWN if memory.health is Health.PARTIAL else memory.cause),
        "registering_again": memory.registering_again,
        "up_since": memory.up_since.isoformat() if memory.up_since else None,
        "bad_since": began.isoformat(),
        "gives_up_at": gives_up.isoformat() if gives_up else None,
        "flaps": memory.flaps,
        "flapping_since": memory.flapping_since.isoformat() if memory.flapping_since else None,
        "downtime": memory.downtime,
        "loses_calls": memory.detour.loses_calls,
        "detour": list(memory.detour.trunks),
        "banned_until": memory.banned_until.isoformat() if memory.banned_until else None,
        "remaining": sum(trunk.health in (Health.UP, Health.DEGRADED) for trunk in enabled),
        "of": len(enabled),
    }
