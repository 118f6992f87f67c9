"""Employees on the PBX: accepted, found and stored values, as measured on a real one."""

from typing import Protocol

import httpx
import pytest

NEW = {"number": "243", "user_username": "John Smith", "sip_secret": "Qw3rtyUi9pAs"}


class Time(Protocol):
    def sleep(self, seconds: float) -> None: ...


@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        ("Ольга", ["205"]),
        ("ольга", ["205"]),
        ("CARTER", ["206"]),
        ("robert boneil", ["212"]),
        ("пётр", ["204"]),
        ("петр", []),
    ],
)
async def test_the_list_is_searched_in_both_spellings_and_any_case(
    api: httpx.AsyncClient, search: str, numbers: list[str]
) -> None:
    found = (await api.get("/employees", params={"search": search})).json()["data"]["data"]
    assert [row["number"] for row in found] == numbers


async def test_calls_are_found_by_a_name_in_lower_case(api: httpx.AsyncClient) -> None:
    totals = [
        (await api.get("/cdr", params={"search": search})).json()["data"]["pagination"]["total"]
        for search in ("Ольга", "ольга", "Johnson")
    ]
    assert totals[0] == 0 < min(totals[1:])


async def test_a_name_has_two_spellings(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    """Phones and calls show the name given to Asterisk: with a Latin `e`, without special characters."""
    names = {"243": ("Семён Ёжиков", "Семeн Eжиков"), "244": ("Boris O'Neil (2nd)", "Boris ONeil 2nd")}
    for number, (name, _) in names.items():
        assert (await api.post("/employees", json=NEW | {"number": number, "user_username": name})).status_code == 201
    people = {row["number"]: row["user_username"] for row in (await api.get("/employees")).json()["data"]["data"]}
    phones = (await api.get("/sip:getStatuses")).json()["data"]
    await control.post("/calls", json={"kind": "internal", "src": "243", "dst": "244"})
    [leg] = (await api.get("/pbx-status:getActiveCalls")).json()["data"]
    assert {number: (people[number], phones[number]["callerid"]) for number in names} == names
    assert (leg["src_name"], leg["dst_name"]) == tuple(caller_id for _, caller_id in names.values())


@pytest.mark.parametrize(
    ("secret", "errors"),
    [
        # From MikoPBX's own tests: hexadecimal, with a `cde` in it.
        ("5b66b92d5714f921cfcde78a4fda0f58", []),
        ("Qw3rtyUi9pAs", []),
        ("Kqwerty12345", []),
        ("12345", ["Default password is being used", "For security, password must have at least fair strength"]),
        ("1111111111", ["For security, password must have at least fair strength"]),
        (
            "abc",
            [
                "SIP password must be longer than 4 characters",
                "For security, password must have at least fair strength",
            ],
        ),
    ],
)
async def test_a_password_is_measured_as_the_pbx_does(api: httpx.AsyncClient, secret: str, errors: list[str]) -> None:
    answer = await api.post("/employees", json=NEW | {"sip_secret": secret})
    assert answer.json()["messages"] == ({"error": errors} if errors else [])


@pytest.mark.parametrize(
    ("forwarding", "ring", "status"),
    [
        ("201", 2, 422),
        ("201", 3, 201),
        ("201", 180, 201),
        ("201", 181, 422),
        ("201", None, 201),
        ("", 0, 201),
        ("243", 30, 422),
    ],
)
async def test_who_is_forwarded_rings_for_some_time_first(
    api: httpx.AsyncClient, forwarding: str, ring: int | None, status: int
) -> None:
    sent = {"fwd_forwarding": forwarding} | ({} if ring is None else {"fwd_ringlength": ring})
    answer = await api.post("/employees", json=NEW | sent)
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["data"]["fwd_ringlength"] == (45 if ring is None else ring)


async def test_whoever_is_needed_is_not_deleted_and_every_need_is_named(api: httpx.AsyncClient) -> None:
    await api.patch("/employees/112", json={"fwd_forwarding": "201"})
    answer = await api.delete("/employees/110")
    [text] = answer.json()["messages"]["error"]
    assert answer.status_code == 422
    for need in (
        "Zadarma to reception",
        "Employee routing settings - Melanie Collins",
        "IVR menu - Main voice menu",
    ):
        assert f"</i> {need}</a>" in text
    assert (await api.delete("/employees/111")).status_code == 422
    assert (await api.delete("/employees/114")).status_code == 200, "a queue lets its member go"
    queues = (await api.get("/call-queues")).json()["data"]
    assert "205" not in {member["extension"] for queue in queues for member in queue["members"]}
