"""AMI account of the stand-in PBX, its sessions, and the calls that it originates."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Final, Literal, get_args

USER = "mikopbx-bot"
# A person's own phone: it answers, rings in vain, or is busy; or the PBX carries out the action and its answer is lost,
# or it never answers at all.
Phone = Literal["answers", "does_not_answer", "busy", "lost_answer", "hangs"]
PHONES: Final[tuple[Phone, ...]] = get_args(Phone)
# An address without AMI, or with a page of another program.
Place = Literal["on", "off", "html"]
PLACES: Final[tuple[Place, ...]] = get_args(Place)
# Seconds that a session lives without an action.
SESSION_SECONDS = 60


@dataclass
class Originated:
    """Call for a person: the phone was rung for the number."""

    at: float
    phone: str
    number: str
    outcome: str = "ringing"


@dataclass
class Manager:
    """AMI. `classes` are those of write access. `rings`: seconds until a phone answers; `talks`: those of the call to
    the number, None if that is not answered."""

    user: str = USER
    secret: str = field(default_factory=partial(secrets.token_hex, 16), repr=False)
    classes: frozenset[str] = frozenset({"originate"})
    place: Place = "on"
    phone: Phone = "answers"
    rings: float = 2.0
    talks: float | None = 60.0
    calls: list[Originated] = field(default_factory=list)
    logins: int = 0
    _sessions: dict[str, float] = field(default_factory=dict)
    _serials: Iterator[int] = field(default_factory=lambda: count(0x2E03F24E, 0x1F31))

    def log_in(self, user: str, secret: str, now: float) -> str | None:
        """Return the id of a new session; None for another user or secret, which get the same answer."""
        self.logins += 1
        if (user, secret) != (self.user, self.secret):
            return None
        id_ = self.new_id()
        self._sessions[id_] = now + SESSION_SECONDS
        return id_

    def new_id(self) -> str:
        return f"{next(self._serials) & 0xFFFFFFFF:08x}"

    def knows(self, id_: str, now: float) -> bool:
        return self._sessions.get(id_, 0.0) > now

    def log_off(self, id_: str) -> None:
        self._sessions.pop(id_, None)

    def forget_sessions(self) -> None:
        """Forget all sessions, as a restarted Asterisk does."""
        self._sessions.clear()
