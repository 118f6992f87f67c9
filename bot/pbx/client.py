"""MikoPBX client: one attribute for each resource, typed answers, one hierarchy of errors."""

import time
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.pbx.calling import AmiAccount, Calling
from bot.pbx.calling.ajam import Ajam
from bot.pbx.certificate import Certificate, read_certificate
from bot.pbx.http import PbxConnection
from bot.pbx.resources.advice import AdviceList
from bot.pbx.resources.calls import Calls
from bot.pbx.resources.employees import Employees
from bot.pbx.resources.extensions import Extensions
from bot.pbx.resources.firewall import Firewall
from bot.pbx.resources.kept_records import KeptRecords
from bot.pbx.resources.phone_book import PhoneBook
from bot.pbx.resources.records import CallRecords
from bot.pbx.resources.routing import Routing
from bot.pbx.resources.storage import Storage
from bot.pbx.resources.system_report import SystemReport, read_report
from bot.pbx.resources.trunk_models import TrunkStatus
from bot.pbx.resources.trunks import Trunks
from bot.pbx.responses import scalar
from bot.pbx.rights import Rights
from bot.pbx.schema import MAX_TEXT

SYSTEM_PATH = "sysinfo:getInfo"


class Dialect(StrEnum):
    """Dialects, named by the first release known to speak so."""

    EARLIER = "2026.1"
    FROM_2026_3_40 = "2026.3.40"


class Pbx:
    """Client of one station: `await pbx.trunks.statuses()`. Raises PbxError; a write without an answer raises
    Uncertain.

    `options` are those of PbxConnection: `verify`, `allow_http` (hosts to which the key may go over plain http;
    loopback always may), `budget`, `transport`, `clock`, `sleep`. `kept_records`: memory that PBXs share. `calling` is
    None without an account of AMI.
    """

    def __init__(
        self,
        url: str,
        key: SecretStr,
        *,
        name: str = "",
        kept_records: KeptRecords | None = None,
        ami: AmiAccount | None = None,
        **options: Any,
    ) -> None:
        self._connection = PbxConnection(url, key, **options)
        self.host = self._connection.host
        self._address = urlsplit(url)
        self.name = name or self.host
        self.trunks = Trunks(self._connection)
        self.employees = Employees(self._connection)
        clock = options.get("clock", time.monotonic)
        self._kept_records = kept_records or KeptRecords(clock)
        self.phone_book = PhoneBook(self.employees, clock)
        self.extensions = Extensions(self._connection, self.phone_book)
        self.calls = Calls(self._connection, self.phone_book)
        self.records = CallRecords(self._connection, self.phone_book, clock, self._kept_records)
        self.routing = Routing(self._connection)
        self.firewall = Firewall(self._connection)
        self.advice = AdviceList(self._connection)
        self.storage = Storage(self._connection)
        self.rights = Rights(self._connection)
        shared = {name: options[name] for name in ("verify", "allow_http", "transport", "clock") if name in options}
        self.calling = Calling(Ajam(ami, **shared)) if ami is not None else None

    def __repr__(self) -> str:
        return f"Pbx({self.name!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._kept_records.forget(self.records)
        await self._connection.close()
        if self.calling is not None:
            await self.calling.close()

    @property
    def wait_seconds(self) -> float:
        """Seconds until a command's next request may be sent."""
        return self._connection.wait_seconds

    def page(self, path: str) -> str:
        """Return the address of a page of the PBX's web interface."""
        return f"{self._address.scheme}://{self._address.netloc}/admin-cabinet/{path}"

    async def system(self) -> SystemReport:
        """Return what the PBX tells of its system; nothing if the key may not read it: no other answer has it."""
        if not await self._connection.is_key_accepted(SYSTEM_PATH):
            return SystemReport()
        data = (await self._connection.read(SYSTEM_PATH)).value
        return read_report(scalar(data.get("content")) if isinstance(data, Mapping) else "")

    @property
    def is_encrypted(self) -> bool:
        return self._address.scheme == "https"

    async def certificate(self) -> Certificate | None:
        """Return the certificate that the PBX shows, trusted or not; None over plain http."""
        if not self.is_encrypted:
            return None
        return await read_certificate(self.host, self._address.port or 443)

    async def time_zone(self) -> str | None:
        """Return the name of the PBX's zone, None if unknown."""
        data = (await self._connection.read("time-settings")).value
        name = data.get("PBXTimezone") if isinstance(data, Mapping) else None
        return scalar(name)[:MAX_TEXT] or None


def dialect_of(trunks: Iterable[TrunkStatus]) -> Dialect | None:
    """Return the release that shows its trunks so, None while no trunk shows it: no endpoint tells a version to a key.

    Measured: 2026.3.40 shows rejected and unregistered trunks red, the April release grey; only 2026.3.40 gives a
    half outage a reason."""
    for trunk in trunks:
        if trunk.degraded_reason:
            return Dialect.FROM_2026_3_40
        if trunk.state.strip().lower() in ("rejected", "unregistered") and trunk.color in ("red", "grey"):
            return Dialect.FROM_2026_3_40 if trunk.color == "red" else Dialect.EARLIER
    return None
