"""The file .env, as editors of any system write it."""

from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream
from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings.sources.utils import parse_env_vars

from bot.config.errors import WrongSettings
from bot.text.normalization import decoded

ENV_FILE = Path(".env")


def read_env_file(path: Path = ENV_FILE) -> dict[str, str]:
    """Return the variables of the file, none if it is missing. Raises WrongSettings."""
    try:
        # A device or a pipe may never end.
        if path.exists() and not path.is_file():
            raise WrongSettings([f"{path} is no file; move it away, and write a file of that name"])
        if path.is_symlink() and not path.exists():
            raise WrongSettings([f"{path} is a link to {path.readlink()}, which is not there; mend the link"])
        text = decoded(path.read_bytes())
    except FileNotFoundError:
        return {}
    except PermissionError:
        raise WrongSettings(
            [f"{path} cannot be read by this account; give it to the account: chown, then chmod 600"]
        ) from None
    except OSError as error:
        raise WrongSettings([f"{path} cannot be read: {error.strerror}; write it anew"]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise WrongSettings([f"{path} is not UTF-8, see line {line}; save it anew as that"]) from None
    statements = list(parse_stream(StringIO(text)))
    _check(path, statements)
    # The last one counts, but not an empty one, as an example file has them all.
    ordered = "\n".join(one.original.string for one in sorted(statements, key=lambda one: bool(one.value)))
    return {name: value or "" for name, value in dotenv_values(stream=StringIO(ordered)).items()}


def _check(path: Path, statements: Iterable[Binding]) -> None:
    """Raise WrongSettings for lines that a reader of such files passes over in silence. Nothing of them is quoted."""
    wrong: list[str] = []
    seen: dict[str, tuple[str, int]] = {}
    for one in statements:
        # The text of a statement begins with the empty lines before it.
        line = one.original.line + _leading_lines(one.original.string)
        if one.error or (one.key is not None and one.value is None):
            wrong.append(f"{path}: line {line} is no setting; write NAME=value, the value on the same line")
        elif one.key is not None and one.value:
            value, first = seen.setdefault(one.key.upper(), (one.value, line))
            if value != one.value:
                wrong.append(f"{path}: lines {first} and {line} set {one.key.upper()[:40]} twice; take one out")
    if wrong:
        raise WrongSettings(wrong)


def _leading_lines(statement: str) -> int:
    return statement[: len(statement) - len(statement.lstrip())].count("\n")


class EnvFileSource(EnvSettingsSource):
    """Settings from the file .env."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self.env_vars = parse_env_vars(
            read_env_file(), self.case_sensitive, bool(self.env_ignore_empty), self.env_parse_none_str
        )
