"""`/advice`: what the PBX itself finds wrong with its settings, its disk and its passwords."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.responses import Answer, scalar
from bot.pbx.schema import MAX_TEXT, mappings, with_value

# Kinds of advice of a PBX: 16 checks, one of them once for each employee with a weak password.
MAX_KINDS = 64
KEY = re.compile(r"adv_([A-Za-z0-9]{1,60})", re.ASCII)
# Page of the PBX that an advice names.
PAGE = re.compile(r"/admin-cabinet/[A-Za-z0-9/#_-]{1,120}", re.ASCII)


class AdviceLevel(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Advice:
    """Advice of one kind. `key` is that of the PBX's own text, without `adv_`; `page` a path of its web page, "" if it
    names none; `count` how many it is about, `free_mb` and `version` what it tells of the disk or of a new release."""

    key: str
    level: AdviceLevel
    page: str = ""
    count: int = 1
    free_mb: float | None = None
    version: str = ""


class AdviceList:
    def __init__(self, connection: PbxConnection) -> None:
        self._connection = connection

    async def current(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[Advice, ...]]:
        """Return the advice, one for each kind, the worst first. The PBX looks by itself, at most 10 days apart."""
        answer = await self._connection.read("advice:getList", priority=priority)
        data = answer.value
        groups = data.get("advice") if isinstance(data, Mapping) else None
        found: dict[str, Advice] = {}
        for level in AdviceLevel:
            rows = groups.get(level) if isinstance(groups, Mapping) else None
            for row in mappings(rows):
                _add(found, level, row)
        return with_value(answer, tuple(found.values()))


def _add(found: dict[str, Advice], level: AdviceLevel, row: Mapping[str, object]) -> None:
    named = KEY.fullmatch(scalar(row.get("messageTpl"))[:MAX_TEXT])
    if named is None:
        return
    key = named[1]
    if (known := found.get(key)) is not None:
        found[key] = Advice(key, known.level, known.page, known.count + 1, known.free_mb, known.version)
        return
    if len(found) >= MAX_KINDS:
        return
    given = row.get("messageParams")
    params = given if isinstance(given, Mapping) else {}
    page = scalar(params.get("url"))[:MAX_TEXT]
    found[key] = Advice(
        key,
        level,
        page if PAGE.fullmatch(page) else "",
        free_mb=_size(params.get("free")),
        version=_version(params.get("ver")),
    )


def _size(value: object) -> float | None:
    text = scalar(value)[:MAX_TEXT]
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII) else None


def _version(value: object) -> str:
    text = scalar(value)[:MAX_TEXT]
    return text if re.fullmatch(r"\d{1,5}(\.[\w-]{1,16}){0,4}", text, re.ASCII) else ""
