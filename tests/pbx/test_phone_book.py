"""Spelling of names: that of `/employees`, where the PBX uses others."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.pbx import EmployeeDraft, Pbx
from bot.text.person_names import folded, is_named, respelled

EMPLOYEES = [
    {"id": 1, "number": "205", "user_username": "Пётр Сёмин"},
    {"id": 2, "number": "206", "user_username": "Boris O'Neil"},
]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Пeтр Сeмин", "Петр Семин"),
        ("Eжиков Ольга", "Ежиков Ольга"),
        ("Boris ONeil", "Boris ONeil"),
        ("ООО Contact", "ООО Contact"),
        ("Отдел IT-поддержки", "Отдел IT-поддержки"),
        ("iPhoneИвана", "iPhoneИвана"),
        ("", ""),
    ],
)
def test_a_word_of_two_alphabets_is_put_into_one(stored: str, shown: str) -> None:
    assert respelled(stored) == shown


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Пётр Сёмин", "петр"),
        ("Пётр Сёмин", "Пeтр"),
        ("Пeтр Сeмин", "семин пётр"),
        ("Eжиков Ольга", "ЕЖИК"),
        ("Boris O'Neil", "oneil"),
        ("Boris ONeil", "O’Neil"),
        ("Анна‑Мария", "анна-мария"),
    ],
)
def test_a_name_is_found_by_any_spelling(name: str, wanted: str) -> None:
    assert is_named(name, wanted)


@pytest.mark.parametrize(
    ("name", "wanted"), [("Anna", "Анна"), ("Пётр", ""), ("Пётр", "'"), ("Пётр Сёмин", "петр иванов")]
)
def test_and_not_by_another_name(name: str, wanted: str) -> None:
    assert not is_named(name, wanted)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


class Phones:
    """PBX with its own spelling of names; counts the requests."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seconds = 0.0
        self.refuses = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/pbxcore/api/v3/")
        self.asked.append(path)
        if path == "employees" and request.method == "GET" and self.refuses:
            return httpx.Response(500)
        data: Any = {
            "employees": {"data": EMPLOYEES},
            "sip:getStatuses": {
                "205": {"extension": "205", "callerid": "Пeтр Сeмин", "status": "Available"},
                "206": {"extension": "206", "callerid": "Boris ONeil", "status": "Available"},
                "299": {"extension": "299", "callerid": "Eжиков", "status": "Available"},
            },
            "sip/205:getStatus": {"extension": "205", "callerid": "Пeтр Сeмин", "status": "Available"},
            "pbx-status:getActiveCalls": [{"linkedid": "1", "src_num": "205", "src_name": "Пeтр Сeмин"}],
            "cdr": {
                "records": [
                    {
                        "linkedid": "1",
                        "src_num": "205",
                        "src_name": "Пeтр Сeмин",
                        "records": [
                            {"src_num": "205", "src_name": "Пeтр Сeмин", "dst_num": "206", "dst_name": "Boris ONeil"}
                        ],
                    },
                    {
                        "linkedid": "2",
                        "src_num": "205",
                        "src_name": "Anothеr house",
                        "did": "74951110001",
                        "records": [{"src_num": "205", "src_name": "Another", "from_account": "SIP-TRUNK-44BBC135"}],
                    },
                ]
            },
        }[path]
        if request.method == "POST":
            data = {"id": "9", "number": "207"}
        return httpx.Response(200, json={"result": True, "data": data, "messages": {}})

    def client(self) -> Pbx:
        async def at_once(_seconds: float) -> None:
            return None

        transport = httpx.MockTransport(self.answer)
        return Pbx("https://pbx", SecretStr("key"), transport=transport, sleep=at_once, clock=lambda: self.seconds)

    def times(self, path: str) -> int:
        return self.asked.count(path)


async def test_everywhere_a_person_is_called_as_in_the_list_of_employees() -> None:
    async with Phones().client() as pbx:
        statuses = (await pbx.extensions.statuses()).value
        assert [phone.name for phone in statuses.values()] == ["Пётр Сёмин", "Boris O'Neil", "Ежиков"]
        assert (await pbx.extensions.status("205")).value.name == "Пётр Сёмин"
        assert [leg.source_name for leg in (await pbx.calls.active()).value] == ["Пётр Сёмин"]
        record = await pbx.records.find("1")
        assert record is not None
        assert (record.source_name, record.legs[0].source_name) == ("Пётр Сёмин", "Пётр Сёмин")
        assert record.legs[0].destination_name == "Boris O'Neil"


async def test_a_caller_from_outside_is_no_employee_whatever_the_number_says() -> None:
    async with Phones().client() as pbx:
        record = await pbx.records.find("2")
        assert record is not None
        assert (record.source_name, record.legs[0].source_name) == ("Anothеr house", "Another")


async def test_the_employees_are_asked_for_once_in_five_minutes_and_after_a_change() -> None:
    phones = Phones()
    async with phones.client() as pbx:
        for _ in range(10):
            await pbx.extensions.statuses()
        assert phones.times("employees") == 1
        phones.seconds += 301
        await pbx.extensions.statuses()
        assert phones.times("employees") == 2
        await pbx.employees.create(EmployeeDraft(number="207", name="Ольга"))
        await pbx.extensions.statuses()
        assert phones.times("employees") == 4


async def test_without_the_employees_names_are_those_of_the_pbx_in_one_alphabet() -> None:
    phones = Phones()
    phones.refuses = True
    async with phones.client() as pbx:
        assert (await pbx.extensions.statuses()).value["205"].name == "Петр Семин"
        asked = phones.times("employees")
        await pbx.extensions.statuses()
        assert phones.times("employees") == asked
