"""Settings of the program, read from the environment and `.env`."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.access.policy import BUILT_IN, PERMISSIONS, WRITES, Destination, Permission, Role
from bot.config import addresses
from bot.config.environment_file import EnvFileSource
from bot.config.errors import REMEDIES
from bot.config.known_releases import KnownReleasesFile
from bot.config.parsing import (
    DEFAULT_HEALTH_ALERTS,
    check_roles,
    hosts_and_ports,
    language_code,
    permissions,
    telegram_id,
    words,
)
from bot.config.station_settings import (
    AlertAfter,
    AmiSecret,
    AmiUser,
    ApiKey,
    Country,
    Destinations,
    EscalateAfter,
    Fingerprints,
    HealthAlerts,
    Hosts,
    Hours,
    NoCallsAfter,
    PageAgainEvery,
    PartialAfter,
    PollInterval,
    RemindEvery,
    StationSettings,
    Verification,
    WebAddress,
    Zone,
)
from bot.config.surroundings import proxies
from bot.config.working_hours import read_hours

TELEGRAM = "https://api.telegram.org"
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda value: str(value).strip().upper())
]
OF_EACH_PBX = (
    *("poll_interval", "alert_after", "partial_after", "escalate_after", "remind_every", "page_again_every"),
    *("no_calls_after", "no_calls_hours", "health_alerts"),
)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        # Read by EnvFileSource; None keeps the file out.
        env_file=(),
        extra="ignore",
        env_ignore_empty=True,
        # For ROLE_<name> only.
        env_nested_delimiter="_",
        env_nested_max_split=1,
        hide_input_in_errors=True,
        validate_default=False,
    )

    telegram_token: SecretStr
    telegram_api_url: WebAddress = TELEGRAM
    telegram_proxy: SecretStr | None = None
    webhook_url: str | None = None
    webhook_address: str = "127.0.0.1:8443"
    stations_file: Path | None = None
    # After stations_file: it decides if they are required.
    pbx_url: WebAddress | None = Field(default=None, validate_default=True)
    pbx_api_key: ApiKey | None = Field(default=None, validate_default=True)
    pbx_name: str = Field(default="", max_length=64)
    pbx_tls_verify: Verification = True
    # After pbx_url, which it needs to be https.
    pbx_tls_fingerprint: Annotated[Fingerprints, NoDecode] = frozenset()
    pbx_allow_http: Annotated[Hosts, NoDecode] = frozenset()
    pbx_ami_url: WebAddress | None = None
    pbx_ami_user: AmiUser | None = None
    pbx_ami_secret: AmiSecret | None = None
    pbx_timezone: Zone | None = None
    pbx_country: Country | None = None
    admins: Annotated[frozenset[int], NoDecode]
    operators: Annotated[frozenset[int], NoDecode] = frozenset()
    viewers: Annotated[frozenset[int], NoDecode] = frozenset()
    alert_chats: Annotated[Destinations, NoDecode] = ()
    calendar_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    mask_numbers: bool = False
    role: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    two_person: Annotated[frozenset[str], NoDecode] = frozenset()
    commands_per_minute: int = Field(default=30, ge=1, le=10_000)
    chat_commands_per_minute: int = Field(default=60, ge=1, le=10_000)
    costly_commands_per_minute: int = Field(default=10, ge=1, le=10_000)
    # May contain a password.
    database_url: str = Field(default_factory=addresses.default_database, repr=False)
    poll_interval: PollInterval = 10
    alert_after: AlertAfter = 30
    partial_after: PartialAfter = 150
    escalate_after: EscalateAfter = 600
    remind_every: RemindEvery = 1800
    page_again_every: PageAgainEvery = 120
    no_calls_after: NoCallsAfter = 0
    no_calls_hours: Annotated[Hours, NoDecode] = read_hours("mon-fri 09:00-18:00")
    health_alerts: Annotated[HealthAlerts, NoDecode] = DEFAULT_HEALTH_ALERTS
    known_releases: KnownReleasesFile | None = None
    keep_history: int = Field(default=400, ge=7, le=3660)
    keep_audit: int = Field(default=1100, ge=7, le=36_600)
    language: Annotated[Literal["en", "ru"], BeforeValidator(language_code)] = "en"
    log_level: LogLevel = "INFO"
    health_address: str | None = None
    call_metrics: bool = True
    heartbeat_url: SecretStr | None = None

    @field_validator("telegram_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"\A\d{5,}:[A-Za-z0-9_-]{30,}", value.get_secret_value()):
            raise ValueError("is not a bot token; copy it whole from @BotFather (digits, a colon, 35 characters)")
        return value

    @field_validator("telegram_api_url")
    @classmethod
    def _api(cls, value: str) -> str:
        addresses.check_bot_api(value)
        return value

    @field_validator("telegram_proxy")
    @classmethod
    def _proxy(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            addresses.check_proxy(value.get_secret_value())
        return value

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, value: str | None) -> str | None:
        return None if value is None else addresses.read_webhook(value)

    @field_validator("pbx_url", "pbx_api_key")
    @classmethod
    def _one_or_several(cls, value: object, info: ValidationInfo) -> object:
        several = info.data.get("stations_file") is not None
        if several and value is not None:
            raise ValueError("stands beside STATIONS_FILE; describe that PBX in the file, or take one of the two out")
        if not several and value is None and "stations_file" in info.data:
            raise ValueError(REMEDIES[info.field_name or ""])
        return value

    @field_validator("pbx_tls_fingerprint", "pbx_ami_url", "pbx_ami_user", "pbx_ami_secret")
    @classmethod
    def _of_one_pbx(cls, value: object, info: ValidationInfo) -> object:
        name = (info.field_name or "").removeprefix("pbx_")
        if value and info.data.get("stations_file") is not None:
            raise ValueError(f"is of one PBX; beside STATIONS_FILE write it as {name} of that PBX in the file")
        if value and name == "tls_fingerprint" and str(info.data.get("pbx_url")).startswith("http://"):
            raise ValueError("PBX_URL is plain http, which shows no certificate; write https there")
        return value

    @field_validator("admins", "operators", "viewers", mode="before")
    @classmethod
    def _ids(cls, value: object) -> object:
        return frozenset(telegram_id(word) for word in words(value))

    @field_validator("admins")
    @classmethod
    def _admins_are_people(cls, value: frozenset[int]) -> frozenset[int]:
        if not value:
            raise ValueError("is empty, and the bot would obey nobody; put your own numeric id here (/id shows it)")
        if any(number < 0 for number in value):
            raise ValueError("has the id of a chat (negative); only people can be administrators")
        return value

    @field_validator("calendar_hosts", mode="before")
    @classmethod
    def _calendar_hosts(cls, value: object) -> object:
        return hosts_and_ports(value)

    @field_validator("role", mode="before")
    @classmethod
    def _roles(cls, value: object) -> object:
        check_roles(value, BUILT_IN, PERMISSIONS)
        return value

    @field_validator("two_person", mode="before")
    @classmethod
    def _written_by_two(cls, value: object) -> object:
        named = permissions(value, WRITES)
        # Otherwise a person could grant the right to a second account of their own, and approve with it.
        return named | {Permission.ACCESS_GRANT} if named else named

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        addresses.check_database(value)
        return value

    @field_validator("webhook_address", "health_address")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value:
            addresses.check_listening(value)
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _heartbeat(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            addresses.check_heartbeat(value.get_secret_value())
        return value

    def only_station(self) -> StationSettings:
        """Return the PBX described by the settings when there is no STATIONS_FILE."""
        name = self.pbx_name or (urlsplit(self.pbx_url or "").hostname or "PBX")[:64]
        described = {"name": name, "title": name, "url": self.pbx_url, "key": self.pbx_api_key}
        its_own = {"tls_fingerprint": self.pbx_tls_fingerprint, "alert_chats": self.alert_destinations, **self.ami}
        return StationSettings.model_validate({**self.station_defaults(), **described, **its_own})

    @property
    def ami(self) -> Mapping[str, Any]:
        return {"ami_url": self.pbx_ami_url, "ami_user": self.pbx_ami_user, "ami_secret": self.pbx_ami_secret}

    def station_defaults(self) -> Mapping[str, Any]:
        """Return the defaults for every PBX, which STATIONS_FILE may replace for one."""
        return {
            "tls_verify": self.pbx_tls_verify,
            "allow_http": self.pbx_allow_http,
            **{name: getattr(self, name) for name in OF_EACH_PBX},
            **({"timezone": self.pbx_timezone} if self.pbx_timezone else {}),
            **({"country": self.pbx_country} if self.pbx_country else {}),
        }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        leaves_out = isinstance(dotenv_settings, DotEnvSettingsSource) and dotenv_settings.env_file is None
        return init_settings, env_settings, *(() if leaves_out else (EnvFileSource(settings_cls),))

    @property
    def roles(self) -> Mapping[str, Role]:
        """Return the built-in roles and the site's own."""
        return {
            **BUILT_IN,
            **{name: Role(name, permissions(written, PERMISSIONS)) for name, written in self.role.items()},
        }

    @property
    def history_kept(self) -> timedelta:
        return timedelta(days=self.keep_history)

    @property
    def audit_kept(self) -> timedelta:
        return timedelta(days=self.keep_audit)

    @property
    def alert_destinations(self) -> tuple[Destination, ...]:
        """Return the alert chats; without any, the administrators, so that an outage is never silent."""
        return self.alert_chats or tuple(Destination(person) for person in sorted(self.admins))

    @property
    def webhook_secret(self) -> str:
        return addresses.webhook_secret(self.telegram_token.get_secret_value())

    def secrets(self) -> list[str]:
        """Return the strings to redact in logs."""
        proxy = self.telegram_proxy.get_secret_value() if self.telegram_proxy else ""
        heartbeat = self.heartbeat_url.get_secret_value() if self.heartbeat_url else ""
        return [
            self.telegram_token.get_secret_value(),
            *addresses.proxy_secrets(proxy),
            *(secret for address in proxies(os.environ).values() for secret in addresses.proxy_secrets(address)),
            self.webhook_secret,
            *addresses.database_secrets(self.database_url),
            *addresses.heartbeat_secrets(heartbeat),
        ]
