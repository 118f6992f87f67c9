"""Harness of several PBXs, each under its own path of one address, and one stand-in Telegram."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.demo import pbx, telegram
from bot.demo.pbx import StandinPbx
from bot.demo.pbx.registration.sights import NEWEST
from tests.end_to_end import secret_scan
from tests.end_to_end.clock import Clock
from tests.end_to_end.harness import ANNA, BORIS, SPEED, TOKEN, VERA, Json, Program, Seen, Standins, afternoon, alive
from tests.end_to_end.server import Server, serving


def key_of(name: str) -> str:
    return (name.encode().hex() + "c0ffee" * 12)[:64]


@dataclass
class Branch:
    """One PBX of the harness. `extra` are further lines of its table in the stations file."""

    harness: "FleetHarness"
    name: str
    station: StandinPbx
    title: str
    alert_chats: Sequence[int] = ()
    key: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def chat(self) -> int:
        """Return the chat that is notified of this PBX only."""
        return self.alert_chats[0]

    @property
    def path(self) -> str:
        return f"/pbx/{self.name}"

    def table(self) -> str:
        lines = {
            "name": f'"{self.name}"',
            "title": f'"{self.title}"',
            "url": f'"{self.harness.address}{self.path}"',
            "key": f'"{self.key or key_of(self.name)}"',
            "alert_chats": str(list(self.alert_chats)),
            **self.extra,
        }
        return "\n".join(["[[station]]", *(f"{field} = {value}" for field, value in lines.items())])

    def trunk_id(self, name: str) -> str:
        trunks: list[Json] = self.harness.get(f"{self.path}/control/state")["trunks"]
        return next(str(one["id"]) for one in trunks if one["name"] == name)

    def breaks(self, trunk: str, condition: str = "provider_dead") -> None:
        self.harness.post(f"{self.path}/control/trunks/{self.trunk_id(trunk)}", condition=condition, instant=True)

    def mends(self, trunk: str) -> None:
        self.breaks(trunk, "ok")

    def suffers(self, kind: str, delay: float = 0) -> None:
        self.harness.post(f"{self.path}/control/fault", kind=kind, delay=delay)

    def revokes_key(self) -> None:
        self.harness.post(f"{self.path}/control/key", revoked=True)

    def looks(self, after: int = 0) -> list[float]:
        """Return the times at which the bot polled its trunks."""
        requests = self.harness.get(f"{self.path}/control/requests", after=after)["requests"]
        return [float(one["at"]) for one in requests if "provider" in one["path"] and "getStatuses" in one["path"]]

    def wait_for_looks(self, number: int) -> None:
        """Wait for `number` more polls."""
        target = len(self.looks()) + number
        self.harness.wait_for(lambda: len(self.looks()) >= target or None, f"looks at {self.name}")


class FleetHarness(Standins):
    """The first PBX also answers without a path: it has the page's switches."""

    def __init__(self, server: Server, stations: Mapping[str, StandinPbx], chats: telegram.Telegram) -> None:
        super().__init__(server, next(iter(stations.values())), chats)
        for station in stations.values():
            station.journal.heard = lambda _entry: self._ring()
        self.branches = {name: Branch(self, name, station, station.name) for name, station in stations.items()}
        self.keys = {TOKEN, *map(key_of, stations)}

    def __getitem__(self, name: str) -> Branch:
        return self.branches[name]

    def secrets(self) -> set[str]:
        return self.keys.union(*(secret_scan.passwords(branch.station) for branch in self.branches.values()))

    def makes_group(self, title: str, members: Sequence[int] = (BORIS, VERA)) -> int:
        """Create a group to which Anna adds the bot; works without a running program."""
        body = {"title": title, "type": "supergroup", "creator": ANNA, "members": list(members)}
        chat: int = self.post("/client/chats", **body)["id"]
        return chat

    def write_stations(self, folder: Path, *names: str) -> None:
        (folder / "stations.toml").write_text("\n\n".join(self[name].table() for name in names))

    def wait_until_it_says(self, message: Seen, *parts: str) -> Seen:
        """Return the message once it contains all parts."""

        def look() -> Seen | None:
            found = self.again(message)
            return found if found is not None and all(part in found for part in parts) else None

        return self.wait_for(look, f"{parts} instead of {message.text}")

    def wait_until_watched(self, *names: str) -> None:
        for name in names:
            self[name].wait_for_looks(3)


@contextmanager
def running_harness(*names: str, speed: float = SPEED) -> Iterator[FleetHarness]:
    """Yield a harness with one alert chat for each PBX."""
    clock = Clock(speed)
    stations = {
        name: StandinPbx(
            name=name.title(),
            api_key=key_of(name),
            zone=afternoon(),
            seed=seed,
            now=clock.time,
            dialect=NEWEST,
            iax_told=True,
        )
        for seed, name in enumerate(names, 1)
    }
    chats = telegram.populated(TOKEN, now=clock.time)
    several = [pbx.behind(f"/pbx/{name}", station) for name, station in stations.items()]
    first = pbx.routes(next(iter(stations.values())))
    routes = [*several, *first, *telegram.routes(chats, {"": next(iter(names))})]
    with serving(routes, clock) as server, alive(FleetHarness(server, stations, chats)) as harness:
        for branch in harness.branches.values():
            branch.alert_chats = [harness.makes_group(branch.title)]
        yield harness
        harness.keep_their_secrets()


@contextmanager
def running_fleet(harness: FleetHarness, folder: Path, *names: str, **settings: str) -> Iterator[Program]:
    """Run the program with a STATIONS_FILE that names these PBXs."""
    harness.write_stations(folder, *(names or harness.branches))
    program = Program(
        harness, folder, STATIONS_FILE="stations.toml", PBX_URL="", PBX_API_KEY="", PBX_NAME="", **settings
    )
    try:
        yield program
        program.kept_its_secrets()
    finally:
        program.kill()
    program.kept_its_secrets()
