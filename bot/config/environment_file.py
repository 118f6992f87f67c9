"""The file .env, as editors of any system write it."""

from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings.sources.utils import parse_env_vars

from bot.config.errors import WrongSettings
from bot.text.normalization import decoded

ENV_FILE = Path(".env")


def read_env_file(path: Path = ENV_FILE) -> dict[str, str]:
    """Return the variables of the file, none if it is missing. Raises WrongSettings."""
    try:
        text = decoded(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise WrongSettings([f"{path} cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise WrongSettings([f"{path} is not UTF-8, see line {line}; save it anew as that"]) from None
    return {name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value is not None}


class EnvFileSource(EnvSettingsSource):
    """Settings from the file .env."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self.env_vars = parse_env_vars(
            read_env_file(), self.case_sensitive, bool(self.env_ignore_empty), self.env_parse_none_str
        )
