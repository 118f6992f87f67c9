"""Judge all four chats of a played day."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.played_days.calls import PlayedCall
from tests.played_days.office import AT_ANY_HOUR, BY_DAY, EVERY_CALL, REMIND_AFTER, VOICEMAIL, Office
from tests.played_days.openings import judge_openings, told_at_once
from tests.played_days.received import received
from tests.played_days.reminders import Reminders
from tests.played_days.told_calls import ToldVerdict, judge_told
from tests.played_days.verdict import Verdict, judge


@dataclass(frozen=True)
class DayVerdict:
    """Verdict of each chat. `openings`, `reminders`: messages of the chat with hours; `claims`: cards taken there."""

    at_any_hour: Verdict
    every_call: ToldVerdict
    voicemail: ToldVerdict
    by_day: Verdict
    openings: int
    reminders: int
    claims: int
    faults: list[str] = field(default_factory=list)


def judge_day(one: Office, calls: Sequence[PlayedCall]) -> DayVerdict:
    """Compare what the chats of the office received with what happened."""
    incoming = [call for call in calls if call.way == "incoming"]
    mailed = [call for call in incoming if call.reached_voicemail]
    messages, told = one.telegram.of_chat(BY_DAY), received(one.telegram.of_chat(BY_DAY))
    at_any_hour = judge(calls, one.telegram.of_chat(AT_ANY_HOUR))
    every_call = judge_told(incoming, one.telegram.of_chat(EVERY_CALL))
    voicemail = judge_told(mailed, one.telegram.of_chat(VOICEMAIL))
    by_day = judge(calls, messages, has_own_card=told_at_once(one.hours), are_taken=True)
    reminders = Reminders(calls, messages, one.claims, one.hours, REMIND_AFTER, one.clock.now)
    found = {
        "missed calls": at_any_hour.faults,
        "every call": every_call.faults,
        "voicemail": voicemail.faults,
        "missed calls by day": by_day.faults,
        "hours": judge_openings(calls, messages, one.hours),
        "reminders": reminders.judge(),
    }
    return DayVerdict(
        at_any_hour,
        every_call,
        voicemail,
        by_day,
        openings=len(told.openings),
        reminders=len(told.reminders),
        claims=len(one.claims),
        faults=[f"{chat}: {fault}" for chat, faults in found.items() for fault in faults],
    )
