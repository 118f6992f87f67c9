"""Table of MikoPBX's releases and their faults: the one that ships with the program, or the file of KNOWN_RELEASES."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.config.errors import sentence
from bot.text.normalization import decoded

log = structlog.get_logger(__name__)

Version = tuple[int, ...]

REMEDIES = {
    "missing": "is missing; add it",
    "extra_forbidden": "is not known; take it out",
    "list_type": "is not a list; begin each one with a line in double brackets, like [[release]]",
    "date_type": "is not a date; write it like 2026-11-20, without quotes",
    "string_pattern_mismatch": "has other characters; use small letters, digits and _",
}

SHIPPED = Path(__file__).with_name("known_releases.toml")
# Thousands of releases.
MAX_BYTES = 1_000_000
VERSION = re.compile(r"\d{1,5}(\.\d{1,5}){1,3}", re.ASCII)


def version_of(text: str) -> Version:
    """Return the numbers of a version: 2026.1.233-dev is (2026, 1, 233)."""
    return tuple(int(number[:9]) for number in re.findall(r"\d+", text.partition("-")[0])[:4])


class _Versioned(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("version", "fixed_in", check_fields=False)
    @classmethod
    def _is_version(cls, value: str) -> str:
        if not VERSION.fullmatch(value):
            raise ValueError("is not a version; write it like 2026.6.99")
        return value


class Release(_Versioned):
    """Release that is out. `security`: it closes a hole, as its authors say."""

    version: str
    released: date | None = None
    security: bool = False


class KnownFault(_Versioned):
    """Fault of all releases before `fixed_in`: what it costs and what to do, as a part of a sentence."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    fixed_in: str
    costs: str = Field(min_length=1, max_length=200)
    remedy: str = Field(min_length=1, max_length=300)
    costs_ru: str = Field(default="", max_length=200)
    remedy_ru: str = Field(default="", max_length=300)

    def facts(self) -> dict[str, Any]:
        """Return its words by language: plain JSON."""
        return {
            "name": self.name,
            "costs": {"en": self.costs, "ru": self.costs_ru or self.costs},
            "remedy": {"en": self.remedy, "ru": self.remedy_ru or self.remedy},
        }


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    release: list[Release] = Field(default_factory=list, max_length=1000)
    fault: list[KnownFault] = Field(default_factory=list, max_length=100)


@dataclass(frozen=True, slots=True)
class KnownReleases:
    """Releases, the oldest first, and faults, that fixed last first."""

    releases: tuple[Release, ...]
    faults: tuple[KnownFault, ...]


def read_known_releases(path: Path) -> KnownReleases:
    """Read a table. Raises ValueError with the remedy, in one line."""
    # A device or a pipe may never end.
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is no file; write the path of one, like known_releases.toml")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}; write its whole path") from None
    if len(raw) > MAX_BYTES:
        raise ValueError(f"{path} is too large; name a table of releases")
    try:
        content = tomllib.loads(decoded(raw))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8; save it anew as that") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}; text stands in quotes") from None
    except RecursionError:
        raise ValueError(f"{path} is not TOML: its lists are nested too deep; take some out") from None
    return _table(path, content)


def _table(path: Path, content: Mapping[str, Any]) -> KnownReleases:
    try:
        read = _Content.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{path}: {_complaint(error)}") from None
    if not read.release:
        raise ValueError(f"{path} names no release; begin each with a line [[release]]")
    twice = [name for name, count in Counter(_names(read)).items() if count > 1]
    if twice:
        raise ValueError(f"{path} has {twice[0]} twice; take one out")
    releases = sorted(read.release, key=lambda one: version_of(one.version))
    faults = sorted(read.fault, key=lambda one: version_of(one.fixed_in), reverse=True)
    return KnownReleases(tuple(releases), tuple(faults))


def _names(read: _Content) -> Iterator[str]:
    """Yield the release versions and fault names, each of which must be unique."""
    yield from (f"release {'.'.join(map(str, version_of(one.version)))}" for one in read.release)
    yield from (f"fault {one.name}" for one in read.fault)


def _complaint(error: ValidationError) -> str:
    """Return the first complaint, with the place of it; as many as there are would be no line."""
    first = error.errors()[0]
    place = " ".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    if remedy := REMEDIES.get(first["type"]):
        return f"{place} {remedy}"
    said = sentence(first["type"], first["msg"], first.get("ctx", {}))
    return f"{place} {said[:1].lower()}{said[1:]}"


def _checked(path: Path) -> Path:
    read_known_releases(path)
    return path


KnownReleasesFile = Annotated[Path, AfterValidator(_checked)]


@cache
def shipped_releases() -> KnownReleases:
    return read_known_releases(SHIPPED)


class ReleaseTable:
    """Table in use. Without a path it is the one that ships with the program; a file is read again when it changes, and
    one that is broken then leaves the table as it was."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._table = shipped_releases() if path is None else read_known_releases(path)
        self._stamp = self._stamped()

    @property
    def current(self) -> KnownReleases:
        if self._path is not None and (stamp := self._stamped()) != self._stamp:
            self._stamp = stamp
            try:
                self._table = read_known_releases(self._path)
            except ValueError as error:
                log.error("known releases not read again, the table stays as it was", reason=str(error))
            else:
                log.info("known releases read again", releases=len(self._table.releases))
        return self._table

    def _stamped(self) -> tuple[int, int] | None:
        """Return what changes with the file; None without one."""
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
