"""Hostile names of callers and phones: every message shows them as plain text."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.messages.sanitize import visible
from bot.spreadsheet.reader import read
from handlers.employee_import.files import employee_table
from tests.end_to_end.harness import ANNA, BORIS, GROUP, KEY, Json, Seen, Standins, running_bot, running_standins

# As stored by the PBX, and as shown: in one line, without invisible characters.
TEXTS = {
    '</b><a href="https://evil.example">Boss</a> {{ 7 * 7 }} %(name)s &lt;': None,
    "Pay at https://evil.example/x?y=1 or evil.com, t.me/evil, пример.рф": None,
    "boss@evil.com 192.168.0.1:8080 tg://resolve?domain=evil": None,
    "@durov calls (@anna_ivanova) /@durov": None,
    "\u202egnp.exe\u2066 at\u200b\u2028once\u200f": "gnp.exe at once",
    "/delete_trunk@mikopbx_demo_bot Zadarma /start": None,
    "#sale #распродажа $BTC #·x": None,
    "😀" * 4096: "😀" * 100,
}
READ = [seen or text for text, seen in TEXTS.items()]
EVERYTHING = " ".join(text for text in TEXTS if len(text) < 60)
SHOWN = EVERYTHING.translate({0x2028: " "} | dict.fromkeys(map(ord, "\u202e\u2066\u200b\u200f")))
# Routes of the first trunk, and of the last, which has none.
ROUTES = {0: (READ[2], READ[4]), -1: ()}
# By a route, by one queue and by the other.
NEEDED_BY = {0: READ[2], 1: READ[0], 7: READ[1]}
EVIL_PERSON = 1010
TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
PRESSED = {"text_link", "url", "mention", "text_mention", "bot_command", "hashtag", "cashtag", "email"}

Room = Callable[[], int]


def patch(standins: Standins, path: str, **fields: object) -> None:
    answer = standins.http.patch(f"/pbxcore/api/v3/{path}", json=fields, headers={"Authorization": f"Bearer {KEY}"})
    assert answer.is_success, answer.text


def api(standins: Standins, path: str) -> Any:
    return standins.http.get(f"/pbxcore/api/v3/{path}", headers={"Authorization": f"Bearer {KEY}"}).json()["data"]


def name_employees(standins: Standins) -> None:
    for person, text in zip(
        sorted(api(standins, "employees")["data"], key=lambda p: str(p["number"])), TEXTS, strict=False
    ):
        patch(standins, f"employees/{person['id']}", user_username=text)
        standins.post(f"/control/extensions/{person['number']}", agent=f"Phone {text} 108.86.0.20")


def name_trunks(standins: Standins) -> None:
    names = [EVERYTHING, *TEXTS]
    for place in range(len(names) - len(standins.get("/control/state")["trunks"])):
        standins.post("/control/trunks", name=f"New {place}", host="sip.example.com", username="1")
    for trunk, name in zip(standins.get("/control/state")["trunks"], names, strict=True):
        fields = {"description": name, "host": f"host {name}", "username": f"login {name}", "note": f"note {name}"}
        patch(standins, f"{trunk['type']}-providers/{trunk['id']}", **fields)


def name_queues_and_routes(standins: Standins) -> None:
    for number, text in zip(("2001", "2002"), TEXTS, strict=False):
        standins.post(f"/control/queues/{number}", name=text)
    routes = [route["id"] for kind in ("incoming", "outbound") for route in api(standins, f"{kind}-routes")]
    for route, text in zip(routes, list(TEXTS)[2:], strict=False):
        standins.post(f"/control/routes/{route}", name=text)


def put_records(standins: Standins) -> None:
    """Yesterday each text was missed and answered once; one call went through all of them."""
    answer = standins.http.get("/pbxcore/api/v3/cdr?limit=1", headers={"Authorization": f"Bearer {KEY}"}).json()
    day = datetime.fromisoformat(answer["meta"]["timestamp"]).date() - timedelta(days=1)
    trunks = standins.get("/control/state")["trunks"]

    def leg(place: int, hour: int, disposition: str, **more: object) -> Json:
        text, number = list(TEXTS)[place], 201 + place
        times = {"start": f"{day} {hour}:{place:02}:00", "endtime": f"{day} {hour}:{place:02}:30"}
        who: Json = {"src_num": f"8916111110{place}", "src_name": text, "dst_num": str(number), "dst_name": text}
        accounts = {"from_account": trunks[place]["id"], "to_account": str(number)}
        answered = {"answer": f"{day} {hour}:{place:02}:10"} if disposition == "ANSWERED" else {}
        return times | who | accounts | answered | {"disposition": disposition} | more

    places = range(len(TEXTS))
    through = [leg(place, 12, "NOANSWER", src_num=EVERYTHING, dtmf_digits=EVERYTHING[:60]) for place in places[:-1]]
    queue = leg(1, 12, "NOANSWER", is_app=True, dst_num="2001", to_account="")
    calls = [[leg(place, 10, "NOANSWER")] for place in places] + [[leg(place, 11, "ANSWERED")] for place in places]
    standins.post("/control/records", clear=True, records=[{"legs": legs} for legs in [*calls, [queue, *through]]])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standins]:
    """Harness in which every name is hostile; Telegram must not refuse a single call."""
    # The newer release rejects such a host.
    with running_standins(dialect="2026.1") as standins:
        standins.post("/control/traffic", running=False)
        name_employees(standins)
        name_trunks(standins)
        name_queues_and_routes(standins)
        put_records(standins)
        standins.post("/client/people", id=EVIL_PERSON, first_name="<b>@durov</b> evil.com")
        standins.post("/client/members", by=ANNA, chat=GROUP, user=EVIL_PERSON, status="member")
        people = f"{BORIS} {EVIL_PERSON}"
        folder = tmp_path_factory.mktemp("hostile")
        # Slower polling leaves the request budget to the many cards opened here.
        named = {"PBX_NAME": "Office #one @durov evil.com", "OPERATORS": people, "POLL_INTERVAL": "3"}
        with running_bot(standins, folder, **named) as bot:
            yield standins
            # Only command menus of people without a private chat may be refused.
            assert not [c for c in standins.calls() if not c["ok"] and c["method"] != "setMyCommands"]
            assert "of a template refused" not in bot.log.read_text()


@pytest.fixture
def room(shared: Standins) -> Room:
    """A new group for every question, to avoid Telegram's rate limits."""

    return shared.new_group


def is_mere_text(message: Seen, *names: str) -> Seen:
    written = str(message.raw["text"] or message.raw["caption"])
    assert len(written.encode("utf-16-le")) // 2 <= 4096
    assert not TURNING.search(written + str(message.buttons))
    assert not [message.under(e) for e in message.raw["entities"] if e["type"] in PRESSED]
    assert not [name for name in names if name not in message.text], message.text
    return message


def pressed(shared: Standins, message: Seen, label: str, *names: str) -> Seen:
    """Press a button and check the message afterwards."""
    toast = shared.presses(ANNA, message, label)
    assert not TURNING.search(toast.get("text") or "")
    return is_mere_text(shared.another(message, label), *names)


def test_calls_that_are_up(shared: Standins, room: Room) -> None:
    trunks = shared.get("/control/state")["trunks"]
    started = [
        shared.post(
            "/control/calls",
            kind="incoming",
            src=f"7916111110{place}",
            src_name=text,
            dst=str(201 + place),
            trunk=trunks[place % 3]["id"],
            ring_seconds=0,
            talk_seconds=600,
        )["linkedid"]
        for place, text in enumerate(TEXTS)
    ]
    is_mere_text(shared.asks(ANNA, "/calls", room()), *READ)
    is_mere_text(shared.asks(ANNA, "/calls evil.com", room()), "“evil.com”")
    for linkedid in started:
        shared.post(f"/control/calls/{linkedid}/hangup")


def test_the_picture_of_everything(shared: Standins, room: Room) -> None:
    shown = is_mere_text(shared.asks(ANNA, "/status", room()), *READ)
    shown = pressed(shared, shown, "Trunks", *READ[:4])
    pressed(shared, shown, "Extensions", *READ)


@pytest.mark.parametrize("place", [0, -1])
def test_one_trunk(shared: Standins, room: Room, place: int) -> None:
    trunk, name = shared.get("/control/state")["trunks"][place], [SHOWN, *READ][place]
    is_mere_text(shared.asks(ANNA, f"/status {trunk['id']}", room()), name, f"host {name}")
    parts = [f"{what}{name}" for what in ("", "host ", "login ", "note ")]
    card = is_mere_text(shared.asks(ANNA, f"/trunks {trunk['id']}", room()), *parts, *ROUTES[place])
    is_mere_text(shared.asks(ANNA, f"/edit_trunk {trunk['id']} note=x", room()), name, f"note {name}", " → x")
    is_mere_text(shared.asks(ANNA, f"/delete_trunk {trunk['id']}", room()), name, *ROUTES[place])
    pressed(shared, card, "Edit", name)


@pytest.mark.parametrize("place", NEEDED_BY)
def test_one_employee(shared: Standins, room: Room, place: int) -> None:
    number, name = 201 + place, READ[place]
    is_mere_text(shared.asks(ANNA, f"/status {number}", room()), name)
    is_mere_text(shared.asks(ANNA, f"/employees {number}", room()), name)
    is_mere_text(shared.asks(ANNA, f"/edit_employee {number} name=New", room()), name, " → New")
    is_mere_text(shared.asks(ANNA, f"/delete_employee {number}", room()), f"{number} {name}", NEEDED_BY[place])
    is_mere_text(shared.asks(ANNA, f"/add_employee {number} Anna", room()), name)


def test_all_employees_and_all_trunks(shared: Standins, room: Room) -> None:
    is_mere_text(shared.asks(ANNA, "/employees", room()), *READ)
    is_mere_text(shared.asks(ANNA, "/employees evil.com", room()), READ[1], "“evil.com”")
    first = is_mere_text(shared.asks(ANNA, "/trunks", room()))
    second = pressed(shared, first, "Next")
    assert not [name for name in READ if name not in first.text + second.text]
    several = is_mere_text(shared.asks(ANNA, "/trunks host", room()))
    assert any(READ[3] in label for row in several.buttons for label in row)


def test_somebody_new_with_such_a_name(shared: Standins, room: Room) -> None:
    name = "@durov evil.com #sale"
    question = is_mere_text(shared.asks(ANNA, f'/add_employee 243 name="{name}" email=boss@evil.com', room()), name)
    done = pressed(shared, question, "Create", f"Created: 243 {name}", "boss@evil.com")
    secret = shared.wait_for(lambda: next((m for m in shared.from_bot(ANNA) if "Password" in m.text), None))
    is_mere_text(secret, f"243 {name}")
    pressed(shared, done, "Undo")


def test_calls_that_have_ended(shared: Standins, room: Room) -> None:
    is_mere_text(shared.asks(ANNA, "/cdr yesterday answered", room()), *READ)
    is_mere_text(shared.asks(ANNA, "/cdr yesterday evil.com", room()), "evil.com")


def test_the_way_of_a_call(shared: Standins, room: Room) -> None:
    listed = is_mere_text(shared.asks(ANNA, "/cdr yesterday 12:00-12:59", room()))
    pressed(shared, listed, "1", *READ[:-1], "queue " + READ[0])


def test_who_called_in_vain(shared: Standins, room: Room) -> None:
    is_mere_text(shared.asks(ANNA, "/missed yesterday", room()), *READ)


def test_figures(shared: Standins, room: Room) -> None:
    figures = is_mere_text(shared.asks(ANNA, "/stats yesterday", room()))
    pressed(shared, figures, "By employee", *READ)
    figures = shared.asks(ANNA, "/stats yesterday", room())
    callers = pressed(shared, figures, "Callers")
    assert sum(name in callers.text for name in READ) >= 4
    trunks = pressed(shared, shared.asks(ANNA, "/stats yesterday", room()), "By trunk", SHOWN, *READ[:-1])
    pressed(shared, trunks, "By hour")


def test_a_file_of_all_employees(shared: Standins, room: Room) -> None:
    before = shared.says(ANNA, "/export_employees", room())
    file = shared.wait_for(lambda: next((m for m in shared.from_bot(ANNA) if m.raw["document"]), None), str(before))
    is_mere_text(file)
    names = [line.cells.get("name") for line in employee_table(read(shared.file_of(file))).lines]
    # A name is one line without invisible marks, as an import reads it.
    stored = [" ".join(visible(person["user_username"]).split()) for person in api(shared, "employees")["data"]]
    assert not [name for name in stored if name not in names]


def test_an_alert_from_its_sound_to_its_end(shared: Standins) -> None:
    shared.wait_for(lambda: shared.looks() > 2 or None, "the bot knows that all trunks work")
    shared.breaks(EVERYTHING)
    alert = is_mere_text(shared.wait_for_message("🔴"), SHOWN, f"host {SHOWN}")
    shared.presses(EVIL_PERSON, alert, "on it")
    taken = shared.wait_for(lambda: (m := shared.again(alert)) and (m if "is on it" in m.text else None), "taken")
    is_mere_text(taken, "<b>@durov</b> evil.com is on it")
    shared.mends(EVERYTHING)
    is_mere_text(shared.wait_for_message("🟢", after=alert.id), SHOWN)
    over = shared.wait_for(lambda: (m := shared.again(alert)) and (m if "🔴" not in m.text else None), "over")
    is_mere_text(over, SHOWN)
    shared.breaks(EVERYTHING, "off")
    is_mere_text(shared.wait_for_message("⚪", after=alert.id), SHOWN)
    shared.mends(EVERYTHING)
