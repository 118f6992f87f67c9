"""Evaluate one poll of the trunks of a station: their next states, and the changes to report. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime

from bot.detection import trunk_machine, trunk_state
from bot.detection.observation import Observation
from bot.detection.trunk_machine import Policy
from bot.detection.trunk_state import TrunkState
from bot.detection.unreported_trunks import UnreportedTrunks
from bot.engine import trunk_facts
from bot.incidents.model import StateChange, Transition


def evaluate_trunks(
    observation: Observation,
    before: Mapping[str, TrunkState],
    policy: Policy,
    judge_from: datetime | None,
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

    def note(subject: str, memory: TrunkState, told: Transition | None) -> None:
        if told is not None:
            facts = trunk_facts.of_trunk(memory, observation, listed.contact(subject))
            changes.append(StateChange(subject, told, facts))

    for subject, trunk in observation.trunks.items():
        memory = before.get(subject) or trunk_state.initial_state(trunk)
        if subject in excluded:
            after[subject] = memory
            continue
        after[subject], told = trunk_machine.evaluate_trunk(memory, trunk, observation.at, policy, judge_from)
        note(subject, after[subject], told)
    for subject in before.keys() - observation.trunks.keys():
        if not knows_list:
            after[subject] = before[subject]
            continue
        kept, told = trunk_machine.evaluate_missing(before[subject], observation.at)
        if kept is not None:
            after[subject] = kept
        note(subject, before[subject], told)
    return after, changes
