"""Injected faults: replace the responses to the bot's next calls."""

from dataclasses import dataclass
from enum import StrEnum

from bot.demo.telegram.bot_api.refusal import CONFLICT, BotApiRefused, bad_request, too_many_requests


class FaultKind(StrEnum):
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    HTML = "html"
    SLOW = "slow"
    CUT = "cut"
    LOST_ANSWER = "lost_answer"
    CONFLICT = "conflict"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    BAD_REQUEST = "bad_request"


@dataclass
class BotApiFault:
    """`count`: affected calls left, -1 = until cleared; empty `methods` and no `chat` mean all."""

    kind: FaultKind
    methods: frozenset[str] = frozenset()
    chat: int | None = None
    count: int = 1
    retry_after: int = 5
    seconds: float = 5.0
    description: str = ""
    # Status of an HTML page.
    status: int = 502

    def meets(self, method: str, chat: int | None) -> bool:
        return (
            self.count != 0
            and (not self.methods or method.lower() in self.methods)
            and (self.chat is None or self.chat == chat)
        )

    def refusal(self) -> BotApiRefused | None:
        match self.kind:
            case FaultKind.RATE_LIMIT:
                refusal = too_many_requests(self.retry_after)
            case FaultKind.SERVER_ERROR:
                refusal = BotApiRefused(500, "Internal Server Error")
            case FaultKind.CONFLICT:
                refusal = BotApiRefused(409, CONFLICT)
            case FaultKind.UNAUTHORIZED:
                refusal = BotApiRefused(401, "Unauthorized")
            case FaultKind.FORBIDDEN:
                refusal = BotApiRefused(403, "Forbidden: bot was blocked by the user")
            case FaultKind.BAD_REQUEST:
                refusal = bad_request("CHAT_ADMIN_REQUIRED")
            case _:
                return None
        refusal.description = self.description or refusal.description
        return refusal


class Faults:
    def __init__(self) -> None:
        self._ordered: list[BotApiFault] = []

    def order(self, fault: BotApiFault) -> None:
        self._ordered.append(fault)

    def clear(self) -> None:
        self._ordered.clear()

    def meet(self, method: str, chat: int | None) -> BotApiFault | None:
        for fault in self._ordered:
            if fault.meets(method, chat):
                fault.count -= fault.count > 0
                return fault
        return None
