"""Click to call: the PBX rings a person's phone, and once that is answered, dials the number."""

from enum import StrEnum

from bot.pbx.calling import packets
from bot.pbx.calling.ajam import CALLING, Ajam
from bot.pbx.errors import AmiClassMissing, Invalid, NotJson, ServerError, TimedOut, Uncertain
from bot.pbx.schema import MAX_TEXT

# Seconds that the phone rings.
RING = 25
# Seconds beyond them until the answer counts as lost.
GRACE = 10.0
# Measured at Asterisk 22: asked so that it waits, it answers when the phone is answered, and the class originate is
# enough. Asked not to wait, it tells what became of the call in events only, for which the account would have to read
# those of all calls of the PBX.
# As MikoPBX calls for its modules: the phone in this context, then the number by the routes of all phones. The dialplan
# takes the number from pt1c_cid, and the phone shows it while it rings.
PHONE_CONTEXT = "internal-originate"
NUMBER_CONTEXT = "all_peers"


class CallOutcome(StrEnum):
    """What became of the call to the person's own phone."""

    ANSWERED = "answered"
    # Not within RING seconds, busy, refused, or not registered.
    NOT_ANSWERED = "not_answered"


class Calling:
    """Calls that one PBX makes for people."""

    def __init__(self, ajam: Ajam) -> None:
        self._ajam = ajam

    async def close(self) -> None:
        await self._ajam.close()

    async def call(self, phone: str, number: str) -> CallOutcome:
        """Ring `phone`; once it is answered, the PBX dials `number` by its routes. Returns when the phone is answered
        or has rung in vain. Never retried.

        Raises PbxError: Uncertain if the answer is lost, after which the phone may still ring; with any other nothing
        was called. Invalid before anything is sent, for what no phone dials.
        """
        if not (packets.is_dialled(phone) and packets.is_dialled(number)):
            raise Invalid(("not a number that a phone can dial",), CALLING)
        async with self._ajam.session() as session:
            try:
                answer = await session.ask(
                    "Originate",
                    within=RING + GRACE,
                    is_write=True,
                    Channel=f"Local/{phone}@{PHONE_CONTEXT}",
                    Context=NUMBER_CONTEXT,
                    Exten=number,
                    Priority="1",
                    Timeout=str(RING * 1000),
                    Variable=f"pt1c_cid={number}",
                )
            except (TimedOut, ServerError, NotJson) as error:
                raise Uncertain(error, CALLING) from error
        if packets.is_call_failed(answer):
            return CallOutcome.NOT_ANSWERED
        if answer["response"] != "Success":
            raise Invalid((answer.get("message", "")[:MAX_TEXT],), CALLING)
        return CallOutcome.ANSWERED

    async def check(self) -> bool:
        """Check the account without a call; return True if it may read the files of the PBX's configuration, with all
        SIP passwords, which no call needs. Raises as `call` does."""
        async with self._ajam.session() as session:
            allowed = await session.ask("ListCommands")
        if "originate" not in allowed:
            raise AmiClassMissing("originate", CALLING)
        return "getconfig" in allowed
