"""Answers so far, and the `.env` that is made of them.

They are kept in `.env.setup` until all are there: an interrupted setup goes on from it, and `.env` is replaced as a
whole.
"""

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from bot.app.setup.environment_text import with_values
from bot.config.environment_file import ENV_FILE, read_env_file
from bot.config.errors import WrongSettings
from bot.runtime.file_modes import PRIVATE
from bot.text.normalization import decoded, encoding_of

KEPT = ENV_FILE.with_name(".env.setup")
UNFINISHED = ENV_FILE.with_name(".env.new")
# What .env.example stands for, and what an older README advised.
PLACEHOLDERS = {"PBX_URL": "https://pbx.example.com", "ADMINS": "1"}
COMMENTS = {
    "TELEGRAM_TOKEN": "The bot's token, from @BotFather.",
    "TELEGRAM_API_URL": "A Bot API server of your own.",
    "TELEGRAM_PROXY": "The proxy on the way to Telegram.",
    "STATIONS_FILE": "The file of the PBXs.",
    "PBX_TLS_VERIFY": "The file of the authority that signs the PBX's certificate; false trusts any.",
    "PBX_URL": "The address of the PBX's web page.",
    "PBX_TLS_FINGERPRINT": "The PBX's own certificate, trusted by its SHA-256 fingerprint.",
    "PBX_ALLOW_HTTP": "Hosts to which the key may be sent over plain http.",
    "PBX_API_KEY": "The API key of the PBX: System → API keys.",
    "ADMINS": "Numeric Telegram ids of the people who may do everything.",
    "ALERT_CHATS": "Where alerts go; without any, to the administrators in private.",
    "PBX_NAME": "What messages call this PBX.",
    "LANGUAGE": "en or ru.",
}


class Draft:
    """Files in the working folder. Raises WrongSettings for files that cannot be read or written."""

    def __init__(self) -> None:
        self._standing = read_env_file(ENV_FILE)
        try:
            self._kept = read_env_file(KEPT)
        except WrongSettings:
            raise WrongSettings([f"{KEPT}: the answers so far cannot be read; remove it, to be asked anew"]) from None
        if not os.access(ENV_FILE.absolute().parent, os.W_OK):
            raise WrongSettings([f"{ENV_FILE.absolute().parent} cannot be written; change to another folder"])

    @property
    def resumes(self) -> bool:
        return bool(self._kept)

    def get(self, name: str) -> str | None:
        """Return the answer, or what `.env` says; None if there is neither."""
        if name in self._kept:
            return self._kept[name]
        standing = self._standing.get(name, "")
        return None if standing in ("", PLACEHOLDERS.get(name)) else standing

    def keep(self, name: str, value: str) -> None:
        """Keep an answer. Raises ValueError for one that would be read otherwise than it is written, WrongSettings."""
        kept = {**self._kept, name: value}
        text = with_values("", kept, COMMENTS)
        if _read(text) != kept:
            raise ValueError(f"It cannot be written into {ENV_FILE}; leave out quotes, and signs like ${{")
        if value != self.get(name):
            _write(KEPT, text)
            self._kept = kept

    def finish(self) -> Path:
        """Write `.env` and forget the draft; return the path. What else stands in `.env` stays."""
        path = ENV_FILE.resolve()
        if self._kept:
            _write(path, with_values(_text(path), self._kept, COMMENTS))
            KEPT.unlink(missing_ok=True)
        elif path.exists() and path.stat().st_uid == os.geteuid():
            path.chmod(PRIVATE)
        return path


def _read(text: str) -> Mapping[str, str | None]:
    return dotenv_values(stream=StringIO(decoded(text.encode("utf-8", "replace"))))


def _text(path: Path) -> str:
    """Return the text as it is written."""
    if not path.exists():
        return ""
    content = path.read_bytes()
    return content.decode(encoding_of(content))


def _write(path: Path, text: str) -> None:
    """Replace the file at once, readable by its owner alone."""
    unfinished = path.with_name(UNFINISHED.name)
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(PRIVATE, exist_ok=False)
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and os.geteuid() == 0:
            # Of the service's account, which must go on reading it.
            os.chown(unfinished, path.stat().st_uid, path.stat().st_gid)
        unfinished.replace(path)
    except OSError as error:
        name = error.filename or path
        raise WrongSettings(
            [f"{name} cannot be written: {error.strerror}; make room, or move away what is there"]
        ) from None
