"""Hours in which one of the chats is told of missed calls, of the played day and of the morning after."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Hours:
    """`opens` and `closes` on the played day, and on each other."""

    opens: datetime
    closes: datetime

    @classmethod
    def of_day(cls, begin: datetime, hours: float) -> "Hours":
        """Return the hours of a chat that sleeps for the first and the last fifth of the working day."""
        fifth = timedelta(minutes=hours * 60 // 5)
        return cls(begin + fifth, begin + 4 * fifth)

    @property
    def openings(self) -> tuple[datetime, datetime]:
        return self.opens, self.opens + timedelta(days=1)

    def include(self, moment: datetime) -> bool:
        return any(opens <= moment < opens + (self.closes - self.opens) for opens in self.openings)

    def opening_after(self, moment: datetime) -> datetime | None:
        """Return the opening at which the chat is told of what came while it was closed; None within the hours."""
        return None if self.include(moment) else next((opens for opens in self.openings if moment < opens), None)

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"
