"""Settings of one PBX, and their parsing."""

import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from bot.access.policy import Destination
from bot.config.certificate_files import check_ca_file, fingerprints
from bot.config.parsing import DEFAULT_HEALTH_ALERTS, destination, health_topics, words
from bot.config.working_hours import WorkingHours, read_hours
from bot.http import urls
from bot.text.phone_numbers import is_country

SHORTEST_AMI_SECRET = 8


def _web_address(value: str) -> str:
    url = value if "//" in value else f"https://{value}"
    parts = urls.split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not a web address; write it like https://pbx.example.com")
    urls.host_of(url)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be a plain address without user, password or query")
    # People copy the address from the browser.
    path = re.sub(r"/(admin-cabinet|pbxcore|asterisk)(/.*)?$", "", parts.path.rstrip("/"))
    return f"{parts.scheme}://{parts.netloc}{path}"


def _key(value: SecretStr) -> SecretStr:
    # A line end in a header would raise an error that quotes the key.
    if not re.fullmatch(r"[\x21-\x7e]+", value.get_secret_value()):
        raise ValueError("has spaces or unusual characters in it; copy the key again from the PBX")
    return value


def _verification(value: object) -> object:
    text = str(value).strip()
    if text.lower() in ("true", "yes", "1", "on"):
        return True
    if text.lower() in ("false", "no", "0", "off"):
        return False
    check_ca_file(Path(text))
    return Path(text)


def _fingerprints(value: object) -> object:
    if isinstance(value, frozenset):
        return value
    return fingerprints(",".join(map(str, value)) if isinstance(value, list) else str(value))


def _zone(value: object) -> object:
    try:
        return ZoneInfo(str(value).strip())
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone; write it like Europe/Moscow") from None


def _country(value: object) -> object:
    code = str(value).strip().upper()
    if not is_country(code):
        raise ValueError("is not a country; write its two letters, like RU")
    return code


def _hosts(value: object) -> object:
    return value if isinstance(value, frozenset) else frozenset(word.lower() for word in _listed(value))


def _destinations(value: object) -> object:
    return value if isinstance(value, tuple) else tuple(destination(word) for word in _listed(value))


def _health_topics(value: object) -> object:
    return value if isinstance(value, frozenset) else health_topics(" ".join(_listed(value)))


def _listed(value: object) -> list[str]:
    """Return the words of a TOML list or of a string from the environment."""
    return words(" ".join(map(str, value)) if isinstance(value, list) else value)


WebAddress = Annotated[str, AfterValidator(_web_address)]


def _ami_user(value: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{1,64}", value):
        raise ValueError("has spaces or unusual characters in it; copy the name of the AMI account from the PBX")
    return value


def _ami_secret(value: SecretStr) -> SecretStr:
    # MikoPBX accepts a secret of any length; a guessed one allows calls at the company's cost.
    if len(value.get_secret_value()) < SHORTEST_AMI_SECRET:
        raise ValueError(f"is too short; give the AMI account one of at least {SHORTEST_AMI_SECRET} characters")
    # A line end would end the field of AMI, and begin another.
    if not re.fullmatch(r"[\x20-\x7e]+", value.get_secret_value()):
        raise ValueError("has unusual characters in it; copy the password of the AMI account again from the PBX")
    return value


ApiKey = Annotated[SecretStr, AfterValidator(_key)]
AmiUser = Annotated[str, AfterValidator(_ami_user)]
AmiSecret = Annotated[SecretStr, AfterValidator(_ami_secret)]
Verification = Annotated[bool | Path, BeforeValidator(_verification)]
Fingerprints = Annotated[frozenset[str], BeforeValidator(_fingerprints)]
Hosts = Annotated[frozenset[str], BeforeValidator(_hosts)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Country = Annotated[str, BeforeValidator(_country)]
Destinations = Annotated[tuple[Destination, ...], BeforeValidator(_destinations)]
Hours = Annotated[WorkingHours, BeforeValidator(lambda value: read_hours(str(value)))]
HealthAlerts = Annotated[frozenset[str], BeforeValidator(_health_topics)]
PollInterval = Annotated[float, Field(ge=1, le=600)]
AlertAfter = Annotated[float, Field(ge=0, le=3600)]
PartialAfter = Annotated[float, Field(ge=0, le=86_400)]
EscalateAfter = Annotated[float, Field(ge=1, le=86_400)]
RemindEvery = Annotated[float, Field(ge=1, le=604_800)]
PageAgainEvery = Annotated[float, Field(ge=0, le=86_400)]
NoCallsAfter = Annotated[int, Field(ge=0, le=1440)]


# Fields of STATIONS_FILE that name the variable of a secret.
SECRET_OF = {"key_env": "key", "ami_secret_env": "ami_secret"}


class StationSettings(BaseModel):
    """Settings of one PBX.

    `name` is typed in commands and identifies the station in the database, `formerly` is its previous name; `title` is
    shown; `ami_url`, `ami_user` and `ami_secret`, all or none, are for calls; `country` applies to numbers without a
    plus. With a `tls_fingerprint`, `tls_verify` is not used. Times are seconds, `no_calls_after` minutes. Empty
    `alert_chats` means the chats bound to the station, or the fleet's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)

    name: str = Field(max_length=64)
    title: str = Field(min_length=1, max_length=64)
    formerly: str | None = Field(default=None, min_length=1, max_length=64)
    url: WebAddress
    key: ApiKey
    ami_url: WebAddress | None = None
    ami_user: AmiUser | None = None
    ami_secret: AmiSecret | None = None
    tls_verify: Verification = True
    tls_fingerprint: Fingerprints = frozenset()
    allow_http: Hosts = frozenset()
    timezone: Zone | None = None
    country: Country | None = None
    alert_chats: Destinations = ()
    poll_interval: PollInterval = 10
    alert_after: AlertAfter = 30
    partial_after: PartialAfter = 150
    escalate_after: EscalateAfter = 600
    remind_every: RemindEvery = 1800
    page_again_every: PageAgainEvery = 120
    no_calls_after: NoCallsAfter = 0
    no_calls_hours: Hours = read_hours("mon-fri 09:00-18:00")
    health_alerts: HealthAlerts = DEFAULT_HEALTH_ALERTS

    def secrets(self) -> list[str]:
        """Return the strings to redact in logs."""
        given = (self.key, self.ami_secret)
        return [secret.get_secret_value() for secret in given if secret is not None]
