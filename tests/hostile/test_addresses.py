"""Addresses from users: only public ones are requested, and the replies reveal no internal network."""

import asyncio
import contextlib
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from pydantic import TypeAdapter

from bot.config import addresses
from bot.config.station_settings import WebAddress
from bot.engine import calendar_feed
from bot.engine.calendar_feed import CalendarFault, CalendarFeed, NoCalendar
from bot.http import public_address, urls
from bot.http.public_address import NotPublic, PublicOnlyTransport, is_of_this_machine, is_public, without_keepalive
from tests.end_to_end.fleet_harness import running_fleet, running_harness
from tests.end_to_end.harness import ANNA, SAM, press
from tests.fixtures import stored

PUBLIC = ("93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808")
INSIDE = (
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.5", "172.16.0.1", "192.168.1.1"),
    # Link-local, cloud metadata services, provider networks.
    *("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
    # Multicast, test and documentation ranges, reserved, broadcast.
    *("224.0.0.1", "239.255.255.250", "192.0.2.1", "198.18.0.1", "203.0.113.1", "240.0.0.1", "255.255.255.255"),
    *("192.88.99.1", "::", "::1", "fe80::1", "fe80::1%1", "fd00:ec2::254", "fec0::1", "ff02::1", "100::1"),
    *("2001:db8::1", "3fff::1", "5f00::1", "4000::1"),
    # Embedded IPv4 address: mapped, compatible, translated, 6to4, Teredo.
    *(
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
    ),
    *("64:ff9b:1::808:808", "2002:7f00:1::1", "2001:0:7f00:1::1", "2001:20::1"),
    *("", "localhost", "127.1", "2130706433"),
)


def test_what_belongs_to_the_internet_and_what_does_not() -> None:
    assert [address for address in PUBLIC if not is_public(address)] == []
    assert [address for address in INSIDE if is_public(address)] == []


def test_the_addresses_of_this_machine_are_known_as_such() -> None:
    assert is_of_this_machine("127.0.0.1")
    assert not is_of_this_machine("8.8.8.8")


@dataclass
class World:
    """Fake network: the addresses of a host at each lookup, the answers, and the requests made."""

    names: dict[str, list[list[str]]] = field(default_factory=dict)
    answers: dict[str, httpx.Response] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    called: list[tuple[str, str, str]] = field(default_factory=list)

    async def resolve(self, host: str, _port: int) -> list[str]:
        times = self.names[host]
        return times.pop(0) if len(times) > 1 else times[0]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        named = request.extensions.get("sni_hostname", "")
        self.called.append((request.url.host, request.headers["Host"], named))
        if request.url.host in self.dead:
            raise httpx.ConnectError("refused")
        return self.answers.get(named, httpx.Response(200, text="a calendar"))

    def transport(self, *allowed: str) -> PublicOnlyTransport:
        return PublicOnlyTransport(frozenset(allowed), self.resolve, httpx.MockTransport(self._answer))

    async def fetch(self, url: str, monkeypatch: pytest.MonkeyPatch, *allowed: str) -> str:
        monkeypatch.setattr(calendar_feed, "PublicOnlyTransport", lambda *_: self.transport(*allowed))
        try:
            return await CalendarFeed(frozenset(allowed)).fetch(url, owner=1)
        except NoCalendar as error:
            return str(error.trouble)


async def test_a_name_that_leads_elsewhere_a_moment_later_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World({"rebind.example": [["8.8.8.8"], ["127.0.0.1"]]})
    assert await world.fetch("https://rebind.example/a.ics", monkeypatch) == "a calendar"
    assert world.called == [("8.8.8.8", "rebind.example", "rebind.example")]
    assert await world.fetch("https://rebind.example/a.ics", monkeypatch) == CalendarFault.INSIDE
    assert len(world.called) == 1


async def test_a_name_with_one_address_inside_is_not_called_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World({"both.example": [["8.8.8.8", "10.0.0.5"]]})
    assert await world.fetch("https://both.example/a.ics", monkeypatch) == CalendarFault.INSIDE
    assert world.called == []


async def test_of_several_addresses_the_next_is_called_when_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World({"two.example": [["2606:4700::1", "8.8.8.8"]]}, dead={"2606:4700::1"})
    assert await world.fetch("https://two.example:8443/a.ics", monkeypatch) == "a calendar"
    assert [(to, host) for to, host, _ in world.called] == [
        ("2606:4700::1", "two.example:8443"),
        ("8.8.8.8", "two.example:8443"),
    ]


@pytest.mark.parametrize(
    ("leads_to", "trouble"),
    [
        ("https://inner.example/admin", CalendarFault.INSIDE),
        ("https://127.0.0.1/admin", CalendarFault.INSIDE),
        ("//169.254.169.254/latest/meta-data/", CalendarFault.INSIDE),
        ("http://outer.example/", CalendarFault.PLAIN_HTTP),
        ("http://named.inside/", CalendarFault.PLAIN_HTTP),
        ("https://anna:secret@outer.example/", CalendarFault.UNUSABLE_ADDRESS),
        ("file:///etc/passwd", CalendarFault.PLAIN_HTTP),
        ("https://outer.example/again", CalendarFault.NOT_GIVEN),
        ("https://[::1", CalendarFault.NO_ANSWER),
        ("https://outer.example:70000/", CalendarFault.NOT_AN_ADDRESS),
        ("https://xn--/", CalendarFault.NO_ANSWER),
    ],
)
async def test_a_redirect_leads_nowhere_that_could_not_be_written(
    leads_to: str, trouble: CalendarFault, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(
        {"outer.example": [["8.8.8.8"]], "inner.example": [["10.0.0.5"]], "127.0.0.1": [["127.0.0.1"]]}
        | {"169.254.169.254": [["169.254.169.254"]]},
        answers={"outer.example": httpx.Response(302, headers={"Location": leads_to})},
    )
    assert await world.fetch("https://outer.example/a.ics", monkeypatch, "named.inside") == trouble
    assert {to for to, _, _ in world.called} == {"8.8.8.8"}
    assert len(world.called) <= 4


async def test_what_the_settings_name_is_called_at_its_usual_port_or_the_one_they_name() -> None:
    world = World({"named.inside": [["10.0.0.5"]], "other.inside": [["10.0.0.6"]]})
    async with httpx.AsyncClient(transport=world.transport("named.inside", "other.inside:8443")) as client:
        for right in ("https://named.inside/", "http://named.inside/", "https://other.inside:8443/"):
            assert (await client.get(right)).text == "a calendar"
        for wrong in ("https://named.inside:22/", "http://named.inside:8080/", "https://other.inside/"):
            with pytest.raises(NotPublic):
                await client.get(wrong)
    assert len(world.called) == 3


def certified(folder: Path, name: str) -> tuple[Path, Path]:
    """Create a certificate for one name; return its path and that of its key."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    named = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*made, *named, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@asynccontextmanager
async def speaking_tls(certificate: Path, key: Path) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """Serve TLS with a certificate; yield the port and a context that trusts it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\na calendar")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1], ssl.create_default_context(cafile=certificate)


async def test_the_certificate_is_checked_for_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Treats loopback as a public address.
    monkeypatch.setattr(public_address, "is_public", lambda _: True)
    monkeypatch.setattr(public_address, "is_of_this_machine", lambda _: False)
    world = World({"right.example": [["127.0.0.1"]], "wrong.example": [["127.0.0.1"]]})
    async with speaking_tls(*certified(tmp_path, "right.example")) as (port, trusting):
        through = PublicOnlyTransport(frozenset(), world.resolve, without_keepalive(trusting))
        async with httpx.AsyncClient(transport=through) as client:
            assert (await client.get(f"https://right.example:{port}/")).text == "a calendar"
            with pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
                await client.get(f"https://wrong.example:{port}/")


async def test_what_comes_before_a_calendar_does_not_come_for_ever() -> None:
    before = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 9000 + b"\r\n\r\n"
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000
    sent = [before + page, before * 10 + page]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent.pop(0))
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        source = CalendarFeed(frozenset({place}))
        assert await source.fetch(f"http://{place}/", owner=1) == "x" * 100_000
        with pytest.raises(NoCalendar):
            await source.fetch(f"http://{place}/", owner=1)


SECRET_TITLE = "internal secret title AKIA-x"


def calendar(*titles: str) -> bytes:
    begins = f"{datetime.now(UTC) - timedelta(days=2):%Y%m%d}"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for number, title in enumerate(titles):
        lines += ["BEGIN:VEVENT", f"UID:{number}", f"SUMMARY:{title}", f"DTSTART;VALUE=DATE:{begins}"]
        lines += ["RRULE:FREQ=DAILY", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


@contextmanager
def inner_server() -> Iterator[tuple[int, list[str]]]:
    """HTTP server on this machine: yield its port and the requested paths."""
    called: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(self.path)
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/to/"))
                self.end_headers()
                return
            pages = {"/unknown.ics": calendar(SECRET_TITLE), "/both.ics": calendar("Anna Ivanova", SECRET_TITLE)}
            self.send_response(500 if "admin" in self.path else 200)
            self.end_headers()
            self.wfile.write(pages.get(self.path, b"internal page"))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's own name)
            """Discard the log line."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port, called
        server.shutdown()
        thread.join(10)


def test_an_admin_of_one_pbx_learns_nothing_of_the_network_of_whoever_runs_the_bot(tmp_path: Path) -> None:
    with (
        inner_server() as (inner, called),
        inner_server() as (named, _),
        # A calendar is read by a process of its own, for which little time would be left.
        running_harness("acme", "beta", speed=2) as harness,
        running_fleet(harness, tmp_path, CALENDAR_HOSTS=f"127.0.0.1:{named}", ADMINS=str(ANNA)),
    ):
        for person in (ANNA, SAM):
            harness.asks(person, "/start")
        press(harness, harness.asks(ANNA, f"/grant {SAM} admin", harness["acme"].chat), "✅ Give", "✅ Given")
        unreachable = (
            *(f"http://127.0.0.1:{inner}{path}" for path in ("/both.ics", "/page", "/admin?do=reboot")),
            *(
                f"http://{host}:{inner}/both.ics"
                for host in ("localhost", "[::1]", "127.1", "2130706433", "a:b@127.0.0.1")
            ),
            *(f"https://{host}/both.ics" for host in (f"127.0.0.1:{inner}", "169.254.169.254", "x.invalid", "[::1]:1")),
            *("file:///etc/passwd", "http://127.0.0.1:1/", "my calendar"),
            f"http://127.0.0.1:{named}/to/http://127.0.0.1:{inner}/admin",
            f"http://127.0.0.1:{named}/to/https://127.0.0.1:{inner}/admin",
        )
        allowed = tuple(f"http://127.0.0.1:{named}{path}" for path in ("/page", "/admin", "/unknown.ics"))
        said = {harness.asks(SAM, f"/oncall import {url}").text for url in (*unreachable, *allowed)}
        assert len(said) == 1
        assert "The calendar could not be read from that address" in said.pop()
        assert called == []
        shown = harness.asks(SAM, f"/oncall import http://127.0.0.1:{named}/both.ics")
        assert "1 title names nobody whom I know" in shown
        assert SECRET_TITLE not in shown
        assert SECRET_TITLE not in press(harness, shown, "Use it", "1 title in the calendar names nobody", SAM)
        # Whoever runs the bot is told what is wrong.
        mine = "/oncall import acme "
        assert "CALENDAR_HOSTS" in harness.asks(ANNA, f"{mine}https://127.0.0.1:{inner}/both.ics")
        assert "does not give it out" in harness.asks(ANNA, f"{mine}http://127.0.0.1:{named}/admin")
        assert SECRET_TITLE in harness.asks(ANNA, f"{mine}http://127.0.0.1:{named}/unknown.ics")
        assert SECRET_TITLE in harness.asks(ANNA, "/oncall acme")
        assert SECRET_TITLE not in harness.asks(ANNA, "/oncall", harness["acme"].chat)
        outcomes = stored.in_folder(tmp_path).execute(
            "SELECT DISTINCT outcome FROM audit_outcomes JOIN audit ON audit.id = decision_id "
            "WHERE actor_id = ? AND what = '/oncall import'",
            SAM,
        )
        assert len(outcomes) == 2, outcomes


# Rejected by the HTTP client only while it decodes the host name, or not before the request.
NEVER_CALLED = ["https://xn--/", "https://xn--a/x", "https://[::1/x", "https://a.example:99999/x"]


@pytest.mark.parametrize("url", NEVER_CALLED)
@pytest.mark.parametrize("check", [addresses.check_heartbeat, TypeAdapter(WebAddress).validate_python, urls.host_of])
def test_a_setting_that_is_no_address_is_refused_at_the_start(url: str, check: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match=r"address|port|IPv6"):
        check(url)


def test_a_webhook_has_a_port_that_exists() -> None:
    with pytest.raises(ValueError, match=r"[Pp]ort"):
        addresses.read_webhook("https://bot.example.com:99999/telegram")
