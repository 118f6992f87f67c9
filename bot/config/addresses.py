"""Check the addresses in the settings, of services and of the database, and derive the secrets that go with them.

The address of a heartbeat is a secret as a whole: it identifies the sender by its path alone.
"""

import hmac
import os
import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.http import urls

# Shorter parts of a heartbeat's address are words that other log lines contain too.
SECRET_PART = 10
# Telegram calls no other port; a Bot API server of one's own may.
WEBHOOK_PORTS = (443, 80, 88, 8443)
LOOPBACK = ("127.0.0.1", "localhost")
PROXY_REMEDY = "write it like socks5://user:password@host:1080"
ENCODING_REMEDY = "write %23 for #, %2F for /, %3F for ?, %40 for @, %5B for [, %5D for ]"
DATABASE_REMEDY = (
    "write it like sqlite:///mikopbx-bot.sqlite3 or postgresql://user:password@host/database, "
    "with %40 for @ and %2F for / in a password"
)


def check_heartbeat(address: str) -> None:
    """Check the address. Raises ValueError with the remedy."""
    parts = urls.split(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not a web address; copy the ping or push address of your monitor whole")
    urls.host_of(address)
    if parts.scheme == "http" and not urls.is_private_host(parts.hostname):
        raise ValueError("would show its secret to the network; use https, plain http is for your own network")


def heartbeat_secrets(address: str) -> list[str]:
    """Return the address and the parts of its path and query that log lines must not contain."""
    parts = re.split(r"[/?&=]", address.partition("//")[2])[1:]
    return [address, *(part for part in parts if len(part) >= SECRET_PART)]


def read_webhook(value: str) -> str:
    """Return the address as getWebhookInfo returns it, for the two are compared. Raises ValueError."""
    parts = urls.split(value)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("must begin with https://, for Telegram calls nothing else")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be a plain address without user, password or query; the bot makes its own secret")
    if not re.fullmatch(r"\w+://[\w.-]+(:\d{1,5})?(/[\x21-\x7e]*)?", value, re.ASCII):
        raise ValueError("is not a web address; write it like https://bot.example.com/telegram")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path or '/'}"


def webhook_refusal(address: str) -> str | None:
    """Return the reason why Telegram itself would not call this address."""
    parts = urlsplit(address)
    if parts.hostname in LOOPBACK:
        return "is this machine itself, where Telegram cannot reach it; write the address the world sees"
    if (parts.port or 443) not in WEBHOOK_PORTS:
        return f"has the port {parts.port}; Telegram calls only {', '.join(map(str, WEBHOOK_PORTS))}"
    return None


def webhook_secret(token: str) -> str:
    """Return a secret derived from the bot's token: no setting, and the same in every run."""
    return hmac.new(token.encode(), b"webhook", "sha256").hexdigest()


def check_bot_api(address: str) -> None:
    """Raises ValueError with the remedy."""
    parts = urlsplit(address)
    if parts.scheme == "http" and not urls.is_private_host(parts.hostname or ""):
        raise ValueError("would show the bot's token to the network; use https, plain http is for your own network")


def check_proxy(address: str) -> None:
    """Raises ValueError with the remedy, which quotes nothing of the address: it may be of the password."""
    scheme, _, rest = address.partition("://")
    if scheme not in ("http", "https", "socks5", "socks5h") or not rest:
        raise ValueError(f"is not a proxy; {PROXY_REMEDY}")
    login, _, _ = rest.rpartition("@")
    if re.search(r"[#/?@\[\]\\\s]", login):
        raise ValueError(f"has a sign in its user or password that an address cannot hold; {ENCODING_REMEDY}")
    if not re.fullmatch(r"[^#/?@\s]+/?", rest.removeprefix(f"{login}@")):
        raise ValueError(f"is not a proxy: its host or port is wrong; {PROXY_REMEDY}")
    try:
        host = urls.host_of(address)
    except ValueError as wrong:
        raise ValueError(f"has a wrong host or port ({wrong}); {PROXY_REMEDY}") from None
    if not host:
        raise ValueError(f"names no host; {PROXY_REMEDY}")


def proxy_secrets(address: str) -> list[str]:
    """Return the password in the address, as it is written and as it is meant."""
    written = urlsplit(address).password or ""
    return [written, unquote(written)]


def check_listening(address: str) -> None:
    """Check an address to listen at. Raises ValueError with the remedy."""
    if not re.fullmatch(r"\A.+:\d{1,5}", address):
        raise ValueError("is not an address; write it like 127.0.0.1:8080")
    if (port := int(address.rpartition(":")[2])) > urls.PORTS[-1]:
        raise ValueError(f"has the port {port}, and ports end at {urls.PORTS[-1]}")


def check_database(value: str) -> None:
    """Raises ValueError with the remedy. It quotes no part of the address of a server, which may be of a password."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError(f"is not a database address; {DATABASE_REMEDY}") from None
    if "@" in (url.host or ""):
        raise ValueError(f"has a second @, probably of the password; {DATABASE_REMEDY}")
    if url.drivername == "sqlite":
        _check_file(url.database or "")
    elif url.drivername not in ("postgresql", "postgres"):
        raise ValueError(f"names a database this version cannot use; {DATABASE_REMEDY}")
    elif not url.database:
        raise ValueError(f"names a server and no database on it; {DATABASE_REMEDY}")
    elif find_spec("psycopg") is None:
        raise ValueError("needs the extra of that name: pip install 'mikopbx-bot[postgresql]'")


def _check_file(file: str) -> None:
    # "sqlite://bot.sqlite3" names a server; in memory nothing lasts.
    if file in ("", ":memory:"):
        raise ValueError(f"names no file; {DATABASE_REMEDY}")
    folder = Path(file).parent
    if Path(file).is_dir():
        raise ValueError(f"is a folder; name a file in it: sqlite:///{file}/mikopbx-bot.sqlite3")
    if "~" in str(folder):
        raise ValueError("has ~ in its path, which only a shell understands; write the whole path")
    if not folder.is_dir():
        raise ValueError(f"is in a folder that does not exist; create it: mkdir -p {folder}")


def default_database() -> str:
    """Return a file in the folder that systemd's StateDirectory= or the container gives the bot, else in this one."""
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return f"sqlite:///{state}/bot.sqlite3" if state else "sqlite:///mikopbx-bot.sqlite3"


def database_secrets(value: str) -> list[str]:
    """Return the password in the address, as it is written and as it is meant."""
    written = urlsplit(value).password or ""
    url = make_url(value)
    given = url.query.get("password", ())
    return [written, url.password or "", *((given,) if isinstance(given, str) else given)]
