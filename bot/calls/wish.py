"""Calls that a chat wants to be told of. Pure."""

from dataclasses import dataclass

from bot.calls.ended_calls import EndedCall
from bot.calls.missed_calls import MissedCall
from bot.text.phone_numbers import same_number


@dataclass(frozen=True, slots=True)
class Wish:
    """Calls in which one of the `phones` rang, extensions or queues, or that came to one of the `numbers` of the PBX;
    every one if both are empty."""

    phones: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    def includes(self, call: MissedCall | EndedCall) -> bool:
        if not self.phones and not self.numbers:
            return True
        return any(phone in self.phones for phone, _ in call.rang) or same_number(call.did) in map(
            same_number, self.numbers
        )
