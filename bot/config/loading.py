"""Load and check the settings, also against each other."""

import os

from pydantic import ValidationError

from bot.config import addresses, ami_account
from bot.config.environment_file import ENV_FILE, read_env_file
from bot.config.errors import WrongSettings
from bot.config.settings import TELEGRAM, Settings
from bot.config.surroundings import check_surroundings, working_folder
from bot.config.unknown_names import unknown_in_file
from bot.http import urls


def environment() -> dict[str, str]:
    """Return the environment and `.env`, including names that are no settings."""
    return {**read_env_file(), **os.environ}


def load_settings() -> Settings:
    """Load and check all settings; raises WrongSettings with all complaints, not only the first."""
    check_environment()
    unknown = unknown_in_file(read_env_file(), Settings.model_fields, environment().get("STATIONS_FILE", ""))
    try:
        settings = Settings()
    except ValidationError as error:
        raise WrongSettings([*unknown, *_nothing_here(), *WrongSettings.from_validation(error).lines]) from None
    if unknown:
        raise WrongSettings(unknown)
    if settings.pbx_url and (refusal := urls.refusal(settings.pbx_url, settings.pbx_allow_http)) is not None:
        raise WrongSettings([f"PBX_URL: {refusal}"])
    names = {field: f"PBX_{field}".upper() for field in settings.ami}
    pinned = bool(settings.pbx_tls_fingerprint)
    if wrong := ami_account.complaints(settings.ami, names, settings.pbx_allow_http, pinned=pinned):
        raise WrongSettings(wrong)
    webhook = settings.webhook_url if settings.telegram_api_url == TELEGRAM else None
    if webhook and (refusal := addresses.webhook_refusal(webhook)) is not None:
        raise WrongSettings([f"WEBHOOK_URL: {refusal}"])
    if own := _named_itself(settings):
        raise WrongSettings(own)
    longest = settings.no_calls_hours.longest
    if settings.no_calls_after >= longest:
        raise WrongSettings(
            [f"NO_CALLS_AFTER: NO_CALLS_HOURS never last that long; write less than {longest} (minutes)"]
        )
    return settings


def _nothing_here() -> list[str]:
    """Return what helps in a folder without settings."""
    if ENV_FILE.exists() or "TELEGRAM_TOKEN" in os.environ:
        return []
    return [f".env is not in {working_folder()}; change to its folder, or make one: mikopbx-bot setup"]


def check_environment() -> None:
    """Check what the environment alone can have wrong. Raises WrongSettings."""
    check_surroundings(os.environ)
    if quoted := _quoted_in_environment():
        raise WrongSettings(quoted)


def _quoted_in_environment() -> list[str]:
    """Return a line for each setting with quotes around it. A shell or `.env` takes them off; `docker --env-file`,
    systemd within a word and others pass them on."""
    return [
        f"{name}: has quotes around its value, which the environment keeps; take them out"
        for name in (field.upper() for field in Settings.model_fields)
        if (value := os.environ.get(name, "").strip())[:1] in ("'", '"') and len(value) > 1 and value[-1] == value[0]
    ]


def _named_itself(settings: Settings) -> list[str]:
    """Return a line for each setting that has the number at the beginning of the token, the bot's own id."""
    bot = int(settings.telegram_token.get_secret_value().partition(":")[0])
    people = {"ADMINS": settings.admins, "OPERATORS": settings.operators, "VIEWERS": settings.viewers}
    people["ALERT_CHATS"] = frozenset(to.chat for to in settings.alert_chats)
    return [
        f"{name}: has {bot} in it, the id of the bot itself; write that of a person or a group (/id shows it)"
        for name, ids in people.items()
        if bot in ids
    ]
