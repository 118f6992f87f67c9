"""Probes of the key's rights, at the stand-in PBX: each row is told, and nothing is changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import SecretStr

from bot.demo.pbx import StandinPbx
from bot.demo.pbx.web.front import app
from bot.demo.pbx.web.keys import Permissions, Right
from bot.pbx import Pbx
from bot.pbx.key_check import ROWS
from bot.pbx.resources.system_report import SystemReport
from bot.pbx.rights import FEW_REFUSED, RIGHTS

ALL: dict[str, Right] = {f"/api/v3/{right.resource}": "write" if right.write_probe else "read" for right in RIGHTS}


@asynccontextmanager
async def limited(permissions: dict[str, Right]) -> AsyncIterator[tuple[Pbx, StandinPbx]]:
    station = StandinPbx(traffic=False, speed=1e6)
    station.keys.permit(Permissions(permissions))
    transport = httpx.ASGITransport(app=app(station), client=("10.0.0.7", 1))
    async with Pbx("https://pbx", SecretStr(station.api_key), transport=transport) as pbx:
        yield pbx, station


async def test_a_key_with_the_rows_of_the_readme_has_all_rights() -> None:
    async with limited(ALL) as (pbx, station):
        before = dict(station.employees), dict(station.trunks)
        assert [held.right.row for held in await pbx.rights.probe() if not held.is_complete] == []
        assert (dict(station.employees), dict(station.trunks)) == before
        assert {entry["status"] for entry in station.journal.after(0) if entry["method"] != "GET"} == {405}


@pytest.mark.parametrize("missing", [right.resource for right in RIGHTS])
async def test_a_missing_row_is_told_alone(missing: str) -> None:
    async with limited({path: held for path, held in ALL.items() if path != f"/api/v3/{missing}"}) as (pbx, _station):
        lacking = [held for held in await pbx.rights.probe() if not held.is_complete]
    assert [(held.right.resource, held.reads) for held in lacking] == [(missing, False)]


async def test_a_row_with_read_alone_is_told() -> None:
    async with limited(ALL | {"/api/v3/employees": "read"}) as (pbx, _station):
        lacking = [held for held in await pbx.rights.probe() if not held.is_complete]
    assert [(held.right.resource, held.reads, held.writes) for held in lacking] == [("employees", True, False)]


async def test_a_release_is_read_by_a_key_that_may() -> None:
    async with limited({"/api/v3/sysinfo": "read"}) as (pbx, _station):
        assert (await pbx.system()).release == "2026.1.233-dev"
    async with limited(ALL) as (pbx, _station):
        assert await pbx.system() == SystemReport()


async def test_of_a_key_that_is_refused_few_rights_are_probed() -> None:
    async with limited({}) as (pbx, station):
        assert not any(held.reads for held in await pbx.rights.probe())
        assert len(station.journal.after(0)) == FEW_REFUSED


def test_the_rows_are_the_labels_of_the_pbxs_page_of_api_keys() -> None:
    """The page shows the first tag of each resource as it stands in MikoPBX's source; only its specification of the API
    translates tags, and calls that of `advice` “Advice and recommendations”. Measured; by the source of 2026.1.223."""
    assert ROWS["advice"] == "System Advice"
    assert ROWS["storage"] == "Storage"
    assert ROWS["firewall"] == "Firewall"
    assert ROWS["sysinfo"] == "Sysinfo"
    assert {right.resource for right in RIGHTS} <= ROWS.keys()
