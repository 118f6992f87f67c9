"""Invalid answers of the PBX: the client returns a result or raises PbxError, no other error."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.pbx import EmployeeDraft, Pbx, PbxError, TrunkDraft
from bot.pbx.resources.record_models import CallRecordLeg
from tests.fixtures.examples import examples

DAY = datetime(2026, 3, 17), datetime(2026, 3, 17, 23, 59, 59)  # noqa: DTZ001 (PBX local time)
DRAFT = EmployeeDraft(number="231", name="John Smith", secret=SecretStr("Qw3rtyUi9pAs"))
RECORDED = CallRecordLeg(download_url="/pbxcore/api/v3/cdr:download?token=abc")
TRUNK = TrunkDraft(name="Zadarma", host="sip.zadarma.com", registration="none")


async def records(pbx: Pbx) -> list[object]:
    return [record async for record in pbx.records.between(*DAY)]


EVERY_USE: dict[str, Callable[[Pbx], Awaitable[object]]] = {
    "trunks.statuses": lambda pbx: pbx.trunks.statuses(),
    "trunks.list": lambda pbx: pbx.trunks.list(),
    "trunks.get": lambda pbx: pbx.trunks.get("SIP-TRUNK-44BBC135"),
    "trunks.detail": lambda pbx: pbx.trunks.detail("SIP-TRUNK-44BBC135"),
    "trunks.registrations": lambda pbx: pbx.trunks.registrations(),
    "trunks.history": lambda pbx: pbx.trunks.history("SIP-TRUNK-44BBC135"),
    "trunks.create": lambda pbx: pbx.trunks.create(TRUNK),
    "trunks.update": lambda pbx: pbx.trunks.update("SIP-TRUNK-44BBC135", TRUNK),
    "trunks.switch": lambda pbx: pbx.trunks.switch("SIP-TRUNK-44BBC135", on=False),
    "trunks.delete": lambda pbx: pbx.trunks.delete("SIP-TRUNK-44BBC135"),
    "extensions.statuses": lambda pbx: pbx.extensions.statuses(),
    "extensions.status": lambda pbx: pbx.extensions.status("201"),
    "extensions.peers": lambda pbx: pbx.extensions.peers(),
    "extensions.failed_sign_ins": lambda pbx: pbx.extensions.failed_sign_ins("201"),
    "calls.active": lambda pbx: pbx.calls.active(),
    "calls.channels": lambda pbx: pbx.calls.channels(),
    "records.between": records,
    "records.find": lambda pbx: pbx.records.find("mikopbx-1"),
    "records.recording": lambda pbx: pbx.records.recording(RECORDED, "mp3", 1000),
    "phone_book.names": lambda pbx: pbx.phone_book.names(),
    "phone_book.named": lambda pbx: pbx.phone_book.named("x"),
    "phone_book.nearest": lambda pbx: pbx.phone_book.nearest("xyz"),
    "employees.list": lambda pbx: pbx.employees.list("x"),
    "employees.find": lambda pbx: pbx.employees.find("201"),
    "employees.get": lambda pbx: pbx.employees.get("7"),
    "employees.next_free_number": lambda pbx: pbx.employees.next_free_number(),
    "employees.create": lambda pbx: pbx.employees.create(DRAFT),
    "employees.update": lambda pbx: pbx.employees.update("7", DRAFT),
    "employees.delete": lambda pbx: pbx.employees.delete("7"),
    "employees.create_many": lambda pbx: pbx.employees.create_many([DRAFT, DRAFT]),
    "routing.incoming": lambda pbx: pbx.routing.incoming(),
    "routing.outbound": lambda pbx: pbx.routing.outbound(),
    "firewall.banned": lambda pbx: pbx.firewall.banned(),
    "firewall.unban": lambda pbx: pbx.firewall.unban("203.0.113.7"),
    "advice.current": lambda pbx: pbx.advice.current(),
    "storage.usage": lambda pbx: pbx.storage.usage(),
    "routing.queues": lambda pbx: pbx.routing.queues(),
    "rights.probe": lambda pbx: pbx.rights.probe(),
    "time_zone": lambda pbx: pbx.time_zone(),
    "system": lambda pbx: pbx.system(),
}
# Names that the PBX uses, so that generated answers reach deep into the parsers.
KEYS = st.sampled_from(
    [
        "sip",
        "iax",
        "data",
        "records",
        "pagination",
        "hasMore",
        "id",
        "number",
        "state",
        "results",
        "index",
        "status",
        "errors",
        "statistics",
        "availability",
        "recentEvents",
        "events",
        "timestamp",
        "members",
        "start",
        "answer",
        "sip_secret",
        "secret",
        "port",
        "devices",
        "rtt",
        "billsec",
        "linkedid",
        "represent",
        "PBXTimezone",
        "extension",
        "providerid",
        "fwd_ringlength",
        "lastChange",
        "content",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("created"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)
BODIES = st.fixed_dictionaries({"result": st.booleans() | ANYTHING, "data": ANYTHING, "messages": ANYTHING}) | ANYTHING


TOPICS = sorted({use.partition(".")[0] for use in EVERY_USE})


@pytest.mark.parametrize("topic", TOPICS)
@examples(daily=20, ci=150)
@given(body=BODIES, status=st.sampled_from([200, 200, 200, 201, 400, 404, 422]))
def test_anything_is_an_answer_or_a_pbx_error(topic: str, body: Any, status: int) -> None:
    """Each body answers every request of a topic: generating one takes longer than parsing it."""
    content = json.dumps(body).encode()

    async def no_sleep(_seconds: float) -> None:
        return None

    async def ask(use: str) -> None:
        response = httpx.Response(status, content=content)
        transport = httpx.MockTransport(lambda _request: response)
        async with Pbx("https://pbx", SecretStr("key"), transport=transport, sleep=no_sleep) as pbx:
            with contextlib.suppress(PbxError):
                await EVERY_USE[use](pbx)

    async def ask_all() -> None:
        for use in EVERY_USE:
            if use.partition(".")[0] == topic:
                try:
                    await ask(use)
                except Exception as wrong:
                    wrong.add_note(f"the use: {use}")
                    raise

    asyncio.run(ask_all())


def test_every_method_of_the_client_is_tried() -> None:
    async def offered() -> set[str]:
        async with Pbx("https://pbx", SecretStr("key")) as pbx:
            topics = {name: topic for name, topic in vars(pbx).items() if not name.startswith("_")}
            return {
                f"{name}.{method}"
                for name, topic in topics.items()
                if not isinstance(topic, str)
                for method, value in vars(type(topic)).items()
                if not method.startswith("_") and not isinstance(value, property)
            }

    assert asyncio.run(offered()) <= EVERY_USE.keys()
