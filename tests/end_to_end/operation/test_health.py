"""Health reports of the real program, and its shutdown without loss."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.end_to_end.harness import (
    ANNA,
    BORIS,
    GROUP,
    PATIENCE,
    TOKEN,
    VERA,
    Program,
    Standins,
    running_bot,
    running_standins,
)

PING = "/ping/5ecret-0f-the-monitor"


@contextmanager
def monitor() -> Iterator[tuple[str, list[str]]]:
    """Receiver of heartbeats: yields its address and the requests."""
    calls: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PING}", calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def systemd(address: Path) -> Iterator[list[str]]:
    """Messages to the service manager; it reads at once, as the real one does."""
    told: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(address))

        def listen() -> None:
            while (said := channel.recv(1000).decode()) != "enough":
                told.append(said)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.sendto(b"enough", str(address))
            thread.join(10)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port: int = taken.getsockname()[1]
        return port


def test_monitors_and_systemd_hear_that_it_lives(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    health = f"127.0.0.1:{free_port()}"
    standins.keys.add(PING.rsplit("/", 1)[1])
    standins.post("/client/faults", kind="server_error", count=-1, methods=["getUpdates"])
    with monitor() as (url, beats), systemd(tmp_path / "notify") as told:
        bot = start_bot(
            HEALTH_ADDRESS=health,
            HEARTBEAT_URL=url,
            NOTIFY_SOCKET=str(tmp_path / "notify"),
            WATCHDOG_USEC="1000000",
        )

        def hears(part: str) -> None:
            standins.wait_for(lambda: any(part in one for one in told) or None, part, every=0.1)

        hears("READY=1\nSTATUS=listening as @")
        hears("WATCHDOG=1")
        standins.wait_until_known()
        assert httpx.get(f"http://{health}/healthz").text == "ok"
        # It reports no problem yet, but has not proved that it receives updates.
        assert beats == []
        standins.post("/client/faults", kind="none")
        standins.asks(ANNA, "/id")
        standins.wait_for(lambda: beats or None, "the heartbeat")
        assert "mikopbx_bot_last_tick_timestamp_seconds 1" in httpx.get(f"http://{health}/metrics").text
        assert bot.stop() == 0
        hears("STOPPING=1")
        assert set(beats) == {PING}
        assert PING not in bot.log.read_text()


def test_a_signal_and_another_one_in_the_middle_of_work_lose_nothing(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    bot = start_bot()
    standins.wait_until_known()
    standins.post("/control/fault", kind="slow", delay=20)
    asked = {person: standins.says(person, "/status") for person in (ANNA, BORIS, VERA)}
    standins.wait_for(lambda: taken_in(bot) >= len(asked) or None, "the commands are taken in")
    bot.terminate()
    bot.terminate()
    assert bot.wait(15) == 0
    standins.post("/control/fault", kind="none", delay=0)
    start_bot()
    for person, number in asked.items():
        standins.wait_for(
            lambda p=person, n=number: next((m for m in standins.from_bot(p, p) if m.id > n), None),  # type: ignore[misc]
            "an answer",
        )


def taken_in(bot: Program) -> int:
    ((count,),) = bot.database.execute("SELECT count(*) FROM inbox")
    return int(count)


REFUSALS = (
    {"kind": "unauthorized"},
    {"kind": "html", "status": 404},
    {"kind": "html", "status": 401},
    {"kind": "html", "status": 409},
)


def test_strange_refusals_and_a_foreign_webhook_do_not_end_it(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    for refusal in REFUSALS:
        standins.post("/client/faults", **refusal, methods=["getMe"])
    bot = start_bot()
    standins.wait_until_known()
    for method in ("getUpdates", "sendMessage"):
        for refusal in REFUSALS:
            standins.post("/client/faults", **refusal, methods=[method])
    standins.breaks("Zadarma")
    standins.wait_for_message("Zadarma")
    assert "Zadarma" in standins.asks(ANNA, "/status")
    standins.post(f"/bot{TOKEN}/setWebhook", url="http://localhost:9/hook/5ecret")
    note = standins.wait_for_message("set a webhook for my token", ANNA)
    assert "localhost" in note
    assert "5ecret" not in note.text
    standins.asks(ANNA, "/id")
    assert not standins.alerts("another copy|second copy", ANNA)
    assert bot.stop() == 0


def test_a_token_that_is_refused_for_minutes_ends_it_with_a_clear_line(tmp_path: Path) -> None:
    with running_standins(speed=40) as standins:
        standins.post("/client/faults", kind="unauthorized", count=-1)
        with running_bot(standins, tmp_path) as bot:
            assert bot.wait(PATIENCE) == 3
            assert "Telegram rejects TELEGRAM_TOKEN" in bot.log.read_text()


def test_an_id_that_lost_its_minus_is_found_before_the_first_outage_which_reaches_the_administrators(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    bot = start_bot(ALERT_CHATS=str(abs(GROUP)), ADMINS=f"{ANNA},1")
    note = standins.wait_for_message("Alerts would not arrive", ANNA)
    assert f"Did you mean {GROUP}, PBX on call?" in note
    assert "1 (ADMINS): nobody with the id 1 has started me" in note
    standins.wait_until_known()
    standins.breaks("Zadarma")
    standins.wait_for_message("Zadarma", ANNA, note.id)
    assert f"did you mean {GROUP}" in bot.log.read_text()


def test_an_outage_lasts_as_long_as_it_really_did_whatever_the_machines_clock_is_set_to(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    wrong_by = tmp_path / "wrong-by"

    def set_clock(hours: float) -> None:
        new = tmp_path / "new"
        new.write_text(str(hours * 3600))
        new.replace(wrong_by)

    def is_followed(times: int) -> None:
        standins.wait_for(lambda: bot.log.read_text().count("system clock was set") >= times or None, "followed")

    # As on a machine without a battery, until the network sets its clock.
    set_clock(-3)
    bot = start_bot(TESTS_CLOCK_WRONG_BY=str(wrong_by), ESCALATE_AFTER="1800")
    standins.wait_until_known()
    standins.breaks("Zadarma")
    alert = standins.wait_for_message("Zadarma is down")
    for times, hours in enumerate((0, 3, 0), start=1):
        set_clock(hours)
        is_followed(times)
        standins.wait_for_looks(2)
    standins.mends("Zadarma")
    over = standins.wait_for(lambda: (m := standins.again(alert)) and (m if "It lasted" in m else None), "its end")
    lasted = re.search(r"It lasted ([^:]+):", over.text)
    assert lasted
    assert re.fullmatch(r"(1 min )?\d+ s|[1-4] min", lasted[1]), lasted[1]
    # That the machine's own clock was wrong may be told, if the daily check came upon it.
    told = [one.text for chat in (GROUP, ANNA) for one in standins.from_bot(chat)]
    everything = "\n".join(one for one in told if "The clock of my machine is 3 h wrong" not in one)
    assert not re.search("given up|hand|Nobody|nobody|blind|clock", everything), everything
