"""Answers of `mikopbx-bot setup`: from options, over a pipe, wrong ones, and those of an earlier run."""

import asyncio
import io
import queue
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from dotenv import dotenv_values

from bot import cli
from bot.app.operation import service
from bot.app.setup import command
from bot.demo import pbx, telegram
from bot.demo.pbx.web.keys import Permissions
from tests.end_to_end.clock import Clock
from tests.end_to_end.harness import ANNA, BORIS, GROUP, KEY, TOKEN, Standins, alive
from tests.end_to_end.server import serving
from tests.fixtures.certificates import Made, make_certificate

# Certificates and other programs go by the machine's clock.
pytestmark = pytest.mark.usefixtures("real_time")

ASKED = ("TELEGRAM_TOKEN", "PBX_URL", "PBX_API_KEY", "ADMINS", "ALERT_CHATS", "PBX_NAME", "LANGUAGE")
WRONG_TOKEN = f"7654321:{'x' * 35}"
WRONG_KEY = "0" * 64


class Ended(NamedTuple):
    code: int
    shown: str


class Place:
    """Stand-ins, an empty working folder, and the files that options name."""

    def __init__(self, standins: Standins, folder: Path, only_telegram: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.standins, self.folder, self.only_telegram = standins, folder, only_telegram
        self._monkeypatch = monkeypatch
        for name in (*ASKED, "STATIONS_FILE", "PBX_TLS_FINGERPRINT", "TELEGRAM_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TELEGRAM_API_URL", standins.address)
        monkeypatch.chdir(folder)
        self.systemd = folder.parent / f"{folder.name}-systemd"
        monkeypatch.setattr(command, "SYSTEMD", self.systemd)
        self.file = folder.parent / f"{folder.name}-secrets"
        self.file.mkdir()
        (self.file / "token").write_text(f"{TOKEN}\n")
        (self.file / "key").write_text(f"{KEY}\n")

    @property
    def options(self) -> list[str]:
        """All answers."""
        return [
            *(f"--token-file={self.file / 'token'}", f"--key-file={self.file / 'key'}", "--admin", str(ANNA)),
            *(f"--pbx-url={self.standins.address}", "--group", str(GROUP), "--name=Head office", "--language=ru"),
        ]

    def without(self, *names: str) -> list[str]:
        """All answers but these."""
        kept, options = [], iter(self.options)
        for option in options:
            whole = [option] if "=" in option else [option, next(options)]
            kept += [] if option.partition("=")[0] in names else whole
        return kept

    def setup(self, *options: str, types: str = "") -> Ended:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(types))
        with self._monkeypatch.context() as patched:
            out = io.StringIO()
            patched.setattr("sys.stdout", out)
            patched.setattr("sys.stderr", out)
            code = cli.main(["setup", *options])
        shown = out.getvalue()
        assert TOKEN not in shown
        assert KEY not in shown
        assert "Traceback" not in shown
        return Ended(code, shown)

    @property
    def env(self) -> dict[str, str | None]:
        return dotenv_values(self.folder / ".env")


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Standins, str]]:
    clock = Clock(1.0)
    station = pbx.StandinPbx(name="Head office", api_key=KEY, now=clock.time, speed=1000)
    chats = telegram.populated(TOKEN, now=clock.time)
    with (
        serving([*pbx.routes(station), *telegram.routes(chats, {"": station.name})], clock) as server,
        serving(telegram.routes(telegram.populated(TOKEN, now=clock.time), {}), clock) as only_telegram,
        alive(Standins(server, station, chats)) as standins,
    ):
        yield standins, only_telegram.address


@pytest.fixture
def place(servers: tuple[Standins, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    standins, only_telegram = servers
    folder = tmp_path / "bot"
    folder.mkdir()
    yield Place(standins, folder, only_telegram, monkeypatch)
    standins.station.keys.permit(Permissions())
    standins.post(f"/bot{TOKEN}/deleteWebhook")


def test_options_answer_everything(place: Place) -> None:
    code, shown = place.setup(*place.options, "--yes")
    assert code == 0, shown
    assert "✓ The bot is MikoPBX, @mikopbx_demo_bot" in shown
    assert "✓ Anna Ivanova (1001)" in shown
    assert f"✓ PBX on call ({GROUP})" in shown
    assert "The key has 14 of 14 rows" in shown
    assert shown.count("\n  1. Start it here:") == shown.count("/test_alert") == shown.count("Press ✅") == 1
    expected = (TOKEN, place.standins.address, KEY, str(ANNA), str(GROUP), "Head office", "ru")
    # The way to Telegram, which only this environment has, stays for the service.
    way = {"TELEGRAM_API_URL": place.standins.address}
    assert place.env == dict(zip(ASKED, expected, strict=True)) | way
    assert [(file.name, stat.S_IMODE(file.stat().st_mode)) for file in place.folder.iterdir()] == [(".env", 0o600)]


def test_what_stands_in_env_stays_and_is_not_asked(place: Place) -> None:
    written = (
        f"# ours\nexport POLL_INTERVAL=5  # often\n\nTELEGRAM_TOKEN='{TOKEN}'\nPBX_URL=https://pbx.example.com # ?\n"
    )
    (place.folder / ".env").write_text(written)
    (place.folder / ".env").chmod(0o644)
    code, shown = place.setup(*place.without("--token-file"), "--yes")
    assert code == 0, shown
    text = (place.folder / ".env").read_text()
    assert text.startswith(written.replace("https://pbx.example.com", place.standins.address))
    assert stat.S_IMODE((place.folder / ".env").stat().st_mode) == 0o600
    # Once more: everything is there, and nothing changes.
    assert place.setup("--yes").code == 0
    assert (place.folder / ".env").read_text() == text


def test_a_copied_example_answers_nothing(place: Place) -> None:
    (place.folder / ".env").write_text("PBX_URL=https://pbx.example.com\nPBX_API_KEY=\n")
    code, shown = place.setup(*place.without("--pbx-url"))
    assert (code, "PBX_URL is missing: give --pbx-url" in shown) == (2, True), shown
    code, shown = place.setup(*place.without("--key-file"))
    assert (code, "PBX_API_KEY is missing: give --key-file" in shown) == (2, True), shown


def test_an_env_that_is_wrong_elsewhere_is_written_and_said(place: Place) -> None:
    (place.folder / ".env").write_text("OPERATORS=@boris\n")
    code, shown = place.setup(*place.options, "--yes")
    assert code == 2
    assert "OPERATORS: has '@boris' in it" in shown
    assert place.env["PBX_NAME"] == "Head office"


def test_an_earlier_answer_that_is_wrong_is_not_tried_for_ever(place: Place) -> None:
    (place.folder / ".env").write_text("PBX_URL=http://127.0.0.1:1\n")
    code, shown = place.setup(*place.without("--pbx-url"), "--yes")
    assert (code, shown.count("nothing listens at port 1")) == (2, 1), shown


def test_quotes_that_the_environment_keeps_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PBX_API_KEY", f'"{KEY}"')
    code, shown = place.setup(*place.without("--key-file"), "--yes")
    assert (code, shown) == (
        2,
        "PBX_API_KEY: has quotes around its value, which the environment keeps; take them out\n",
    )


def test_a_fingerprint_for_plain_http_is_not_passed_over(place: Place) -> None:
    code, shown = place.setup(*place.options, "--yes", f"--fingerprint={'ab' * 32}")
    assert (code, "plain http, without a certificate; leave --fingerprint out" in shown) == (2, True), shown


def test_secrets_come_from_standard_input_in_their_order(place: Place) -> None:
    rest = place.without("--token-file", "--key-file")
    code, shown = place.setup("--token-file=-", "--key-file=-", *rest, types=f"{TOKEN}\n{KEY}\n")
    assert code == 0, shown


@pytest.mark.parametrize(
    ("left_out", "typed", "told"),
    [
        ("--token-file", f"hello\n{WRONG_TOKEN}\n{TOKEN}\n", ["is not a bot token", "Telegram does not know this"]),
        ("--key-file", f"two words\n{WRONG_KEY}\n{KEY}\n", ["has spaces or unusual", "refuses the key: it is wrong"]),
        ("--pbx-url", "ftp://pbx\nno-such-host.invalid\nhttp://127.0.0.1:1\n{only_telegram}\n{pbx}\n", [
            "is not a web address", "no host no-such-host.invalid", "listens at port 1", "not that of MikoPBX"]),
        ("--admin", "", ["brings the messages of this bot to other.example", "ADMINS is missing: give --admin"]),
        ("--group", "", ["ALERT_CHATS is missing: give --group"]),
        ("--group", "maybe\nn\n", ["Answer y or n"]),
        ("--name", f"{'x' * 65}\nHead office\n", ["at most 64 characters"]),
        ("--name", "${{HOME}}\nHead office\n", ["cannot be written into .env"]),
        ("--language", "de\nen\n", ["is not a language the bot speaks"]),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_explained_and_asked_again(place: Place, left_out: str, typed: str, told: list[str]) -> None:
    addresses = {"only_telegram": place.only_telegram, "pbx": place.standins.address}
    if left_out == "--admin":
        place.standins.post(f"/bot{TOKEN}/setWebhook", url="https://other.example/hook")
    code, shown = place.setup(*place.without(left_out), types=typed.format(**addresses))
    assert all(one in shown for one in told), shown
    assert code == (0 if typed else 2), shown
    assert WRONG_TOKEN not in shown
    assert WRONG_KEY not in shown


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--token-file", WRONG_TOKEN, "--token-file: Telegram does not know this token"),
        ("--key-file", WRONG_KEY, " refuses the key: it is wrong, deleted"),
        ("--key-file", "", "--key-file is empty"),
        (
            "--pbx-url",
            "http://127.0.0.1:1",
            "--pbx-url: 127.0.0.1 is there, but nothing listens at port 1; correct the port",
        ),
        ("--admin", "@anna", "--admin: ADMINS: has '@anna' in it"),
        ("--group", "-100:x", "--group: ALERT_CHATS: has '-100:x' in it"),
        ("--name", "a\tb", "--name: A name has at most"),
    ],
)
def test_a_wrong_option_ends_it(place: Place, option: str, value: str, told: str) -> None:
    if option.endswith("-file"):
        (place.file / "wrong").write_text(value)
        value = str(place.file / "wrong")
    code, shown = place.setup(*place.without(option), f"{option}={value}", "--yes")
    assert (code, told in shown) == (2, True), shown
    assert not (place.folder / ".env").exists()


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(place: Place, content: bytes | None) -> None:
    if content is not None:
        (place.file / "broken").write_bytes(content)
    code, shown = place.setup("--token-file", str(place.file / "broken"))
    assert code == 2
    assert str(place.file / "broken") in shown


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (".env", ".env is not UTF-8, see line 1"),
        (".env.setup", ".env.setup: the answers so far cannot be read"),
    ],
)
def test_an_env_that_cannot_be_read_is_named(place: Place, name: str, told: str) -> None:
    (place.folder / name).write_bytes(b"PBX_NAME=\xcf\xf0\xe8\n")
    code, shown = place.setup(*place.options)
    assert (code, told in shown) == (2, True), shown
    assert (place.folder / name).read_bytes() == b"PBX_NAME=\xcf\xf0\xe8\n"


def test_missing_rows_are_told_with_what_they_cost(place: Place) -> None:
    paths = ("providers", "sip", "pbx-status", "cdr", "employees", "sip-providers")
    place.standins.station.keys.permit(Permissions({f"/api/v3/{path}": "read" for path in paths}))
    code, shown = place.setup(*place.without("--key-file"), types=f"{KEY}\n\n")
    assert code == 0, shown
    assert "The key has 4 of 14 rows" in shown
    assert "✗ Employees Management (write too): employees cannot be added, changed or deleted" in shown
    assert "✗ IAX Providers (Read and write): no cards of IAX trunks" in shown
    assert "· Firewall (Read and write): no /bans, and a provider that the PBX itself has banned" in shown
    # Asked once, and not of a key that is there already.
    assert shown.count("Go on without them?") == 1
    assert "Go on without them?" not in place.setup(types="").shown


def test_a_key_without_rows_is_looked_at_again(place: Place) -> None:
    place.standins.station.keys.permit(Permissions({}))
    code, shown = place.setup(*place.without("--key-file"), types=f"{KEY}\n")
    assert code == 2, shown
    assert "or has none of the rows" in shown


def test_a_chat_that_the_bot_does_not_know_is_told(place: Place) -> None:
    code, shown = place.setup(
        *place.without("--admin", "--group"), "--admin", f"{BORIS},4242", "--group=-100777", "--yes"
    )
    assert code == 0
    assert "✗ 4242: the bot does not know this chat yet; they must press Start" in shown
    assert "✗ -100777: the bot does not know this chat yet; add the bot to it" in shown


def test_a_bot_that_runs_already_is_noticed(place: Place) -> None:
    stop = threading.Event()

    def polls() -> None:
        while not stop.is_set():
            place.standins.http.get(f"/bot{TOKEN}/getUpdates", params={"timeout": 5})

    other = threading.Thread(target=polls)
    other.start()
    try:
        code, shown = place.setup(*place.without("--admin"), types="")
    finally:
        stop.set()
        place.standins.http.get(f"/bot{TOKEN}/getUpdates", params={"timeout": 0})
        other.join()
    assert code == 4, shown
    assert "probably the bot runs already" in shown
    assert "systemctl stop mikopbx-bot" in shown


@contextmanager
def behind_tls(address: str, made: Made) -> Iterator[str]:
    """Yield the https address at which a server with this certificate passes on to a plain one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.file, made.key)
    host, _, port = address.removeprefix("http://").rpartition(":")
    served: queue.Queue[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                writer.write(piece)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def passes_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copied(reader, forth), copied(back, writer))

    async def serves() -> None:
        stop = asyncio.Event()
        async with await asyncio.start_server(passes_on, "127.0.0.1", 0, ssl=context) as server:
            at = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            served.put((at, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serves()))
    thread.start()
    at, loop, stop = served.get(timeout=10)
    try:
        yield at
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def test_a_certificate_of_its_own_is_shown_and_pinned(place: Place, tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    other = "AB:" * 31 + "CD"
    with behind_tls(place.standins.address, made) as address:
        options = [*place.without("--pbx-url"), f"--pbx-url={address}"]
        code, shown = place.setup(*options, "--yes")
        assert code == 2
        assert "nobody agrees; give --fingerprint" in shown
        code, shown = place.setup(*options, types="\n")
        assert code == 1
        assert not (place.folder / ".env").exists()
        code, shown = place.setup(*options, "--yes", f"--fingerprint={other}")
        assert code == 2
        assert f"--fingerprint={made.fingerprint}" in shown
        code, shown = place.setup(*options, types="y\n")
        assert code == 0, shown
        assert "for mikopbx, until" in shown
        assert "self-signed" in shown
        assert place.env["PBX_TLS_FINGERPRINT"] == made.fingerprint
        # Known now: not asked again, and a copy elsewhere may be told it.
        assert place.setup(types="").code == 0
        # Another address has another certificate, or none that needs to be pinned.
        second = make_certificate(tmp_path, "second")
        with behind_tls(place.standins.address, second) as elsewhere:
            code, shown = place.setup(*place.without("--pbx-url"), f"--pbx-url={elsewhere}", types="y\n")
        assert (code, place.env["PBX_TLS_FINGERPRINT"]) == (0, second.fingerprint), shown
        moved = [*place.without("--pbx-url"), f"--pbx-url={place.standins.address}"]
        assert place.setup(*moved, "--yes").code == 0
        assert place.env["PBX_TLS_FINGERPRINT"] == ""
        (place.folder / ".env").unlink()
        given = made.fingerprint.replace(":", "").lower()
        code, shown = place.setup(*options, "--yes", f"--fingerprint={given}")
        assert code == 0, shown


@pytest.mark.parametrize(("typed", "wanted"), [("y\n", True), ("\n", False), ("", False)])
def test_a_service_is_made_where_somebody_wants_it(
    place: Place, typed: str, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.systemd.mkdir()
    monkeypatch.setattr(service, "SYSTEM_FOLDER", place.systemd)
    monkeypatch.setattr(service, "program_command", lambda: ("/opt/mikopbx-bot/bin/mikopbx-bot",))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    code, shown = place.setup(*place.options, types=typed)
    assert code == 0, shown
    assert (place.systemd / "mikopbx-bot.service").exists() is wanted
    assert ("1. Start it by the commands above" in shown) is wanted
    assert ("systemctl enable --now mikopbx-bot" in shown) is wanted


def test_a_certificate_that_is_trusted_is_shown_and_not_asked_about(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_certificate(tmp_path)
    monkeypatch.setenv("PBX_TLS_VERIFY", str(made.file))
    with behind_tls(place.standins.address, made) as address:
        code, shown = place.setup(*place.without("--pbx-url"), f"--pbx-url={address}", "--yes")
    assert code == 0, shown
    assert made.fingerprint in shown
    assert "PBX_TLS_FINGERPRINT" not in place.env


def test_an_address_is_found_without_its_scheme_and_plain_http_is_agreed_to(place: Place) -> None:
    port = place.standins.address.rpartition(":")[2]
    # Which is this machine too, but not known to be.
    for typed, code in (("", 2), ("n\n", 1), ("y\n", 0)):
        ended = place.setup(*place.without("--pbx-url"), f"--pbx-url=0.0.0.0:{port}", types=typed)
        assert ended.code == code, ended.shown
        assert "Only plain http answers" in ended.shown
        assert ("name the host: PBX_ALLOW_HTTP=0.0.0.0" in ended.shown) is (typed == "")
        assert (place.folder / ".env").exists() is (code == 0)
    assert (place.env["PBX_URL"], place.env["PBX_ALLOW_HTTP"]) == (f"http://0.0.0.0:{port}", "0.0.0.0")


def test_the_pbxs_of_a_file_are_left_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.folder / "stations.toml").write_text('[[station]]\nname = "a"\nurl = "https://a.example"\nkey = "k"\n')
    (place.folder / ".env").write_text("STATIONS_FILE=stations.toml\n")
    code, shown = place.setup(*place.without("--pbx-url", "--key-file", "--name"))
    assert code == 0, shown
    assert "PBX_URL" not in place.env


STRANGE = (
    "",
    " ",
    "\0",
    "\x1b[2J",
    "🙂" * 50,
    "y",
    "n",
    "-1",
    "${X}",
    "'\"\\",
    "a\u202eb",
    "x" * 20_000,
    "http://[",
    "%s{0}",
)


def test_nothing_that_is_typed_ends_in_a_traceback(place: Place) -> None:
    typed = "\n".join(STRANGE) + "\n"
    for left_out in ("--token-file", "--pbx-url", "--key-file", "--name", "--language"):
        code, shown = place.setup(*place.without(left_out), types=typed)
        assert code in (0, 1, 2), shown
        for name in (".env", ".env.setup"):
            (place.folder / name).unlink(missing_ok=True)
