"""Cluster of stand-in PBXs for the alert benchmarks, each on its own port, with a rate-limiting stand-in Telegram, all
in this process; the program monitors them as one fleet.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.demo import pbx, telegram
from bot.demo.pbx.registration.sights import AT_ONCE
from bot.demo.pbx.registration.trunks import ProviderRecord
from bot.demo.pbx.seed import TRUNK_DEFAULTS
from bot.messages.sanitize import WORD_JOINER
from tests.benchmarks.load import EVERY, Running
from tests.benchmarks.measured.chats import Json
from tests.benchmarks.measured.stage import KEY, PROGRAM, TOKENS, running, serving
from tests.fixtures import stores

ADMIN = 1001
# The PBXs are polled at least twice before anything happens to them.
SETTLING = 3 * EVERY


@dataclass(frozen=True)
class PbxCluster:
    pbxs: Sequence[pbx.StandinPbx]
    addresses: Sequence[str]
    telegram: telegram.Telegram
    telegram_address: str
    folder: Path
    shown: "Shown" = field(default_factory=lambda: Shown())

    def program(self, told: Callable[[int], Sequence[int]], settings: Mapping[str, str]) -> Running:
        """Run the program with an empty database. `told` returns the alert chats of the PBX of that number."""
        file = self.folder / "stations.toml"
        file.write_text(
            "".join(
                f'[[station]]\nname = "s{n}"\nurl = "{address}"\nkey = "{KEY}"\nalert_chats = {list(told(n))}\n\n'
                for n, address in enumerate(self.addresses)
            )
        )
        return running(
            self.folder,
            PROGRAM,
            {
                "TELEGRAM_TOKEN": TOKENS[0],
                "TELEGRAM_API_URL": self.telegram_address,
                "STATIONS_FILE": str(file),
                "POLL_INTERVAL": f"{EVERY:g}",
                "ADMINS": str(ADMIN),
                "DATABASE_URL": self.database,
                **settings,
            },
        )

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'bot.sqlite3'}"

    def begins_anew(self) -> None:
        """Reset: empty the database, restore every trunk, and clear the messages."""
        for file in self.folder.glob("bot.sqlite3*"):
            file.unlink()
        shutil.copy(stores.empty(), self.folder / "bot.sqlite3")
        for one in self.pbxs:
            for trunk in list(one.trunks.values()):
                one.remove_trunk(trunk.id)
            one.forget_caches()
        for chat in self.telegram.chats.values():
            chat.messages.clear()
        self.shown.when.clear()

    def has_trunk(self, number: int, name: str, host: str) -> ProviderRecord:
        """Add a working trunk; its name is the one that messages show."""
        one = self.pbxs[number]
        record = TRUNK_DEFAULTS | {"description": name, "host": host, "username": name}
        trunk = ProviderRecord(one.new_trunk_id("SIP"), record)
        one.add_trunk(trunk, AT_ONCE)
        one.forget_caches()
        return trunk

    def breaks(self, number: int, trunk: ProviderRecord) -> float:
        """Break the trunk; the PBX reports it at once. Returns the monotonic time."""
        one = self.pbxs[number]
        one.set_condition(trunk, "provider_dead", AT_ONCE)
        one.forget_caches()
        return time.monotonic()


class Shown:
    """History of the chats: for each chat its texts after each change, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.when: dict[int, list[tuple[float, tuple[str, ...]]]] = {}

    def listen(self, chats: telegram.Telegram) -> None:
        def heard(call: Json) -> None:
            if not call["ok"] or call["method"] not in ("sendMessage", "editMessageText", "deleteMessage"):
                return
            chat = int(call["params"]["chat_id"])
            texts = tuple(
                one.text.replace(WORD_JOINER, "")
                for one in chats.chats[chat].messages.values()
                if one.sender is chats.bot
            )
            self.when.setdefault(chat, []).append((time.monotonic(), texts))

        chats.log.heard = heard

    def first(self, chat: int, *names: str) -> float | None:
        """Return the time at which all names first stood in the chat together."""
        return next((at for at, texts in self._of(chat) if all(any(n in text for text in texts) for n in names)), None)

    def messages(self, chat: int, name: str) -> int:
        """Return the largest number of messages with the name."""
        return max((sum(name in text for text in texts) for _, texts in self._of(chat)), default=0)

    def _of(self, chat: int) -> Iterator[tuple[float, tuple[str, ...]]]:
        yield from self.when.get(chat, ())


@asynccontextmanager
async def cluster(pbxs: int, people: int = 0) -> AsyncIterator[PbxCluster]:
    """Yield a cluster with `people` more people, whose private chats with the bot are open."""
    chats = telegram.populated(TOKENS[0])
    for number in range(people):
        chats.new_person(f"Person {number}", language_code="en").started = True
    stations = [
        pbx.StandinPbx(name=f"Station {n}", api_key=KEY, traffic=False, seed=n, iax_told=True) for n in range(pbxs)
    ]
    await asyncio.to_thread(stores.empty)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mikopbx-bot-street-")))
        addresses = [await stack.enter_async_context(serving(pbx.app(one))) for one in stations]
        address = await stack.enter_async_context(serving(telegram.app(chats)))
        one = PbxCluster(stations, addresses, chats, address, folder)
        one.shown.listen(chats)
        yield one
