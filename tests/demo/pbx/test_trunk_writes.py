"""Changes to a trunk: accepted fields, and the time until Asterisk applies them."""

from typing import Protocol

import httpx
import pytest

from bot.demo.pbx import StandinPbx
from bot.demo.pbx.registration.sights import DIALECTS, NEWEST, Dialect

TRUNK, IAX = "SIP-TRUNK-44BBC135", "IAX-TRUNK-5D1E9A27"
PATH = f"/sip-providers/{TRUNK}"
FULL = {"registration_type": "outbound", "host": "sip.zadarma.com", "username": "74951110001"}
# Seconds from the last change to Asterisk's reload, and to the registration of a new trunk.
RELOAD, REGISTERED = 5, 10


class Time(Protocol):
    def sleep(self, seconds: float) -> None: ...


async def state(api: httpx.AsyncClient, trunk: str = TRUNK) -> str:
    body = (await api.get("/providers:getStatuses?forceCheck=true")).json()
    word: str = body["data"]["sip"][trunk]["state"]
    return word


async def rows(api: httpx.AsyncClient, trunk: str = TRUNK) -> list[tuple[str, str]]:
    """Return the trunk's rows of the registry."""
    found = (await api.get("/sip:getRegistry")).json()["data"]
    return [(row["id"], row["state"]) for row in found if row["id"].startswith(trunk)]


async def switch(api: httpx.AsyncClient, *, on: bool) -> None:
    assert (await api.post(f"{PATH}:updateStatus", json={"disabled": not on})).status_code == 200


@pytest.mark.parametrize("path", [PATH, f"/iax-providers/{IAX}"])
@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ({"secret": "N3wSecret"}, 422, ['Undefined array key "registration_type"']),
        (
            {"secret": "N3wSecret", "registration_type": "outbound"},
            422,
            ["Enter the server name or IP address of the provider", "Enter your login to log in to your provider."],
        ),
        (FULL, 422, ["Enter password for authorization"]),
        (FULL | {"secret": "N3wSecret"}, 200, None),
        (FULL | {"secret": "XXXXXXXX"}, 200, None),
        ({"note": "Call Ivan"}, 200, None),
        ({"disabled": True}, 200, None),
        ({"host": "sip2.zadarma.com", "port": 5061}, 200, None),
    ],
    ids=str,
)
async def test_a_change_of_a_trunk_that_names_its_registration_brings_all_of_it(
    api: httpx.AsyncClient, path: str, body: dict[str, object], status: int, errors: list[str] | None
) -> None:
    answer = await api.patch(path, json=body)
    assert (answer.status_code, answer.json()["messages"]) == (status, {"error": errors} if errors else [])


async def test_what_was_refused_is_not_stored(api: httpx.AsyncClient, pbx: StandinPbx) -> None:
    before = dict(pbx.trunks[TRUNK].record)
    await api.patch(PATH, json={"secret": "N3wSecret", "host": "elsewhere.example"})
    assert pbx.trunks[TRUNK].record == before


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_off_and_on_at_once_does_not_register_anew(
    api: httpx.AsyncClient, pbx: StandinPbx, clock: Time, dialect: Dialect
) -> None:
    """The older release: Asterisk never sees the change. The newer: its un-REGISTER ends the registration for good."""
    pbx.dialect = dialect
    await switch(api, on=False)
    assert await state(api) == "OFF"
    assert (TRUNK, "OFF") in await rows(api)
    await switch(api, on=True)
    left = "unregistered" if dialect == NEWEST else "registered"
    for wait in (0, RELOAD + 1, 660):
        clock.sleep(wait)
        assert await state(api) == left
        assert await rows(api) == [(f"{TRUNK}-REG", left.upper())]
    await api.patch(PATH, json={"note": "wake up"})
    clock.sleep(60)
    assert await state(api) == left


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_off_until_asterisk_has_forgotten_it_and_on_registers_anew(
    api: httpx.AsyncClient, pbx: StandinPbx, clock: Time, dialect: Dialect
) -> None:
    pbx.dialect = dialect
    await switch(api, on=False)
    clock.sleep(RELOAD - 1)
    registration = "UNREGISTERED" if dialect == NEWEST else "REGISTERED"
    assert await rows(api) == [(f"{TRUNK}-REG", registration), (TRUNK, "OFF")]
    clock.sleep(1)
    assert await rows(api) == [(TRUNK, "OFF")]
    await switch(api, on=True)
    assert (await state(api), await rows(api)) == ("UNKNOWN", [])
    clock.sleep(RELOAD + 2)
    assert await state(api) == "unregistered"
    clock.sleep(REGISTERED - RELOAD - 2)
    assert await state(api) == "registered"


async def test_each_change_puts_the_reload_off(api: httpx.AsyncClient, clock: Time) -> None:
    await switch(api, on=False)
    for _ in range(3):
        clock.sleep(RELOAD - 1)
        await api.patch("/employees/110", json={"user_email": "a@b.example"})
    assert (f"{TRUNK}-REG", "REGISTERED") in await rows(api)
    clock.sleep(RELOAD)
    assert await rows(api) == [(TRUNK, "OFF")]


async def test_a_corrected_password_is_taken_at_asterisk_s_next_try_or_by_registering_anew(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    async def correct_it(password: str) -> None:
        await control.post(f"/trunks/{TRUNK}", json={"condition": "wrong_password", "instant": True})
        clock.sleep(100)
        assert (await api.patch(PATH, json=FULL | {"secret": password})).status_code == 200

    await correct_it("R1ghtOne")
    clock.sleep(150)
    assert await state(api) == "rejected"
    clock.sleep(60)
    assert await state(api) == "registered"
    await correct_it("R1ghtTwo")
    await switch(api, on=False)
    clock.sleep(RELOAD)
    await switch(api, on=True)
    clock.sleep(REGISTERED)
    assert await state(api) == "registered"


async def test_another_host_is_registered_with_anew(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    await control.post(f"/trunks/{TRUNK}", json={"condition": "provider_dead", "instant": True})
    await api.patch(PATH, json={"host": "sip2.zadarma.com"})
    clock.sleep(RELOAD - 1)
    assert await state(api) == "rejected"
    clock.sleep(REGISTERED)
    assert await state(api) == "registered"


async def test_what_changes_while_asterisk_is_stopped_is_read_at_its_start(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    await control.post("/asterisk", json={"running": False})
    await switch(api, on=False)
    clock.sleep(60)
    await control.post("/asterisk", json={"running": True})
    assert await rows(api) == [(TRUNK, "OFF")]
    await switch(api, on=True)
    await control.post("/asterisk", json={"running": False})
    await control.post("/asterisk", json={"running": True})
    assert await state(api) == "registered"


async def test_a_new_phone_registers_when_asterisk_knows_its_number(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    async def seen() -> str:
        word: str = (await api.get("/sip/243:getStatus")).json()["data"]["status"]
        return word

    await api.post("/employees", json={"number": "243", "user_username": "John", "sip_secret": "Qw3rtyUi9pAs"})
    await control.post("/extensions/243", json={"online": True})
    clock.sleep(RELOAD - 1)
    assert await seen() == "Unavailable"
    assert not any(row["id"] == "243" for row in (await api.get("/sip:getPeersStatuses")).json()["data"])
    clock.sleep(1)
    assert await seen() == "Available"


async def test_how_long_a_reload_takes_is_a_matter_of_the_machine(
    api: httpx.AsyncClient, control: httpx.AsyncClient, clock: Time
) -> None:
    await control.post("/reload", json={"after": 24})
    await control.post("/speed", json={"speed": 4})
    await switch(api, on=False)
    clock.sleep(5.9)
    assert (f"{TRUNK}-REG", "REGISTERED") in await rows(api)
    clock.sleep(0.1)
    assert await rows(api) == [(TRUNK, "OFF")]
