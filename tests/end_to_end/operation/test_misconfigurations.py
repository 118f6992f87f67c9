"""What people set up wrongly: one line that says what to do, exit code 2, no traceback and no part of a secret.

The real program reads real files; each case starts it once.
"""

import re
import socket
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.end_to_end import launcher
from tests.end_to_end.harness import KEY, TOKEN, ordinary_settings
from tests.end_to_end.operation.test_start import BARE
from tests.fixtures.certificates import make_certificate

# Two words, which a wrongly read address takes apart.
SECRETS = ("Sw0rd", "f1sh", KEY, TOKEN.partition(":")[2])
STATION = f'[[station]]\nname = "acme"\nurl = "https://pbx.acme.example"\nkey = "{KEY}"\n'
DIGITS = "ab" * 32

Prepare = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """What is set, instead of working settings, and a part of the line that is told."""

    told: str
    settings: Mapping[str, str] = field(default_factory=dict)
    prepare: Prepare | None = None
    command: tuple[str, ...] = ("run",)


def file(name: str, content: str | bytes) -> Prepare:
    return lambda folder: (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def folder_named(name: str) -> Prepare:
    return lambda folder: (folder / name).mkdir()


def certificate(part: str) -> Prepare:
    return lambda folder: (folder / "pbx.pem").write_bytes(getattr(make_certificate(folder), part).read_bytes())


def damaged(folder: Path) -> None:
    made = make_certificate(folder).file.read_text()
    (folder / "pbx.pem").write_text(made[:200] + "AAAA" + made[204:])


def der(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    made = x509.load_pem_x509_certificate(make_certificate(folder).file.read_bytes())
    (folder / "pbx.pem").write_bytes(made.public_bytes(Encoding.DER))


def newer(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "bot.sqlite3")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
        connection.commit()


def foreign(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "bot.sqlite3")) as connection:
        connection.execute("CREATE TABLE bookmarks (id)")
        connection.commit()


def env(**lines: str) -> Prepare:
    return file(".env", "".join(f"{name}={value}\n" for name, value in lines.items()))


def stations(told: str, content: str | bytes) -> Case:
    return Case(told, FLEET, file("stations.toml", content))


def proxy(address: str, told: str = "write %23 for #, %2F for /") -> Case:
    return Case(
        f"TELEGRAM_PROXY: has a sign in its user or password that an address cannot hold; {told}", proxied(address)
    )


def proxied(address: str) -> dict[str, str]:
    return {"TELEGRAM_PROXY": address}


FLEET = {"STATIONS_FILE": "stations.toml", "PBX_URL": "", "PBX_API_KEY": ""}
PEM = {"PBX_TLS_VERIFY": "pbx.pem"}
TABLE = {"KNOWN_RELEASES": "known_releases.toml"}
FILE = {"DATABASE_URL": "sqlite:///bot.sqlite3"}

CASES = {
    # The table of releases.
    "no table of releases": Case("KNOWN_RELEASES: known_releases.toml cannot be read: No such file", TABLE),
    "a table of releases with a slip": Case(
        "KNOWN_RELEASES: known_releases.toml: release 1 securty is not known; take it out",
        TABLE,
        file("known_releases.toml", '[[release]]\nversion = "2026.9.5"\nsecurty = true\n'),
    ),
    # The certificate.
    "a missing file": Case("PBX_TLS_VERIFY: is neither true nor false nor the path of an existing CA file", PEM),
    "a folder": Case("PBX_TLS_VERIFY: pbx.pem is a folder", PEM, folder_named("pbx.pem")),
    "openssl's error": Case("pbx.pem has no certificate in it", PEM, file("pbx.pem", "connect:errno=111\n")),
    "an empty file": Case("pbx.pem is empty", PEM, file("pbx.pem", "")),
    "a private key": Case("pbx.pem is a private key", PEM, certificate("key")),
    "a damaged certificate": Case("pbx.pem has a damaged certificate", PEM, damaged),
    "a certificate in DER form": Case("openssl x509 -inform der", PEM, der),
    "a SHA-1 fingerprint": Case("PBX_TLS_FINGERPRINT: is a SHA-1", {"PBX_TLS_FINGERPRINT": "ab" * 20}),
    "half a fingerprint": Case("is not a SHA-256 fingerprint", {"PBX_TLS_FINGERPRINT": "AB:CD"}),
    "a fingerprint for plain http": Case("PBX_URL is plain http, which shows", {"PBX_TLS_FINGERPRINT": DIGITS}),
    # The file .env.
    "a name like another": Case(
        "ALERT_CHAT is not a setting; did you mean ALERT_CHATS?", prepare=env(ALERT_CHAT="-1001")
    ),
    "a name of others": Case(
        "BOT_TOKEN is not a setting; did you mean TELEGRAM_TOKEN?", prepare=env(BOT_TOKEN="Sw0rd")
    ),
    "an unknown name": Case("COMPOSE_FILE is not a setting; take it out", prepare=env(COMPOSE_FILE="x.yaml")),
    "the rest of a key": Case("a line that is no setting", prepare=file(".env", "Sw0rdf1sh0123456789abcdefgh==\n")),
    "no equals sign": Case(".env: line 2 is no setting; write NAME=value", prepare=file(".env", "\nADMINS 1001\n")),
    "yaml": Case(".env: line 1 is no setting", prepare=file(".env", "PBX_API_KEY: Sw0rdf1sh\n")),
    "twice": Case("lines 1 and 3 set ADMINS twice", prepare=file(".env", "ADMINS=1\nVIEWERS=\nADMINS=2\n")),
    "a comment of Windows": Case(
        ".env is not UTF-8, see line 2", prepare=file(".env", "ADMINS=1\n# ключ\n".encode("cp1251"))
    ),
    "a folder .env": Case(".env is no file; move it away", prepare=folder_named(".env")),
    "a link to nowhere": Case(
        ".env is a link to no.env, which is not there; mend the link",
        prepare=lambda folder: (folder / ".env").symlink_to("no.env"),
    ),
    "another folder": Case(
        "change to its folder, or make one: mikopbx-bot setup", {"TELEGRAM_TOKEN": "", "ADMINS": ""}
    ),
    "quotes that the environment keeps": Case("PBX_API_KEY: has quotes around its value", {"PBX_API_KEY": f"'{KEY}'"}),
    # What libraries read by themselves.
    "a proxy of the machine without a port": Case(
        "HTTPS_PROXY: has a wrong host or port", {"HTTPS_PROXY": "proxy:Sw0rdf1sh"}
    ),
    "a proxy of another kind": Case("all_proxy: is not a proxy; write it like", {"all_proxy": "ftp://me:Sw0rd@proxy"}),
    "no authorities": Case("SSL_CERT_FILE: names no file; take it out", {"SSL_CERT_FILE": "/no/ca.pem"}),
    "authorities that are none": Case(
        "SSL_CERT_FILE: ca.pem has no certificate in it", {"SSL_CERT_FILE": "ca.pem"}, file("ca.pem", "hello\n")
    ),
    # Addresses with a password.
    "a hash": proxy("socks5://me:Sw0rd#f1sh@127.0.0.1:1080"),
    "a slash": proxy("socks5://me:Sw0rd/f1sh@127.0.0.1:1080"),
    "a question mark": proxy("http://me:Sw0rd?f1sh@127.0.0.1:1080"),
    "a second at": proxy("socks5://me:Sw0rd@f1sh@127.0.0.1:1080"),
    "a bracket": proxy("socks5://me:Sw0rd[f1sh@127.0.0.1:1080"),
    "no scheme": Case("TELEGRAM_PROXY: is not a proxy", proxied("me:Sw0rdf1sh@127.0.0.1:1080")),
    "no host": Case("TELEGRAM_PROXY: names no host", proxied("socks5://me:Sw0rdf1sh@:1080")),
    "a port that is a word": Case(
        "TELEGRAM_PROXY: has a wrong host or port", proxied("socks5://me:Sw0rdf1sh@127.0.0.1:port")
    ),
    "a password in PBX_URL": Case("PBX_URL: must be a plain address", {"PBX_URL": "https://me:Sw0rdf1sh@pbx"}),
    "brackets in PBX_URL": Case("PBX_URL: is not a web address", {"PBX_URL": "https://[pbx"}),
    # Ports.
    "a port out of range": Case("PBX_URL: has the port 70000", {"PBX_URL": "https://pbx:70000"}),
    "a proxy's port": Case("has the port 99999", proxied("socks5://me:Sw0rdf1sh@127.0.0.1:99999")),
    "a port to listen at": Case("HEALTH_ADDRESS: has the port 99999", {"HEALTH_ADDRESS": "127.0.0.1:99999"}),
    "a webhook's port": Case("WEBHOOK_ADDRESS: has the port 84430", {"WEBHOOK_ADDRESS": "127.0.0.1:84430"}),
    # The database.
    "no such folder": Case("mkdir -p data", {"DATABASE_URL": "sqlite:///data/bot.sqlite3"}),
    "a folder as database": Case(
        "DATABASE_URL: is a folder; name a file", {"DATABASE_URL": "sqlite:///data"}, folder_named("data")
    ),
    "a folder nobody can write to": Case(
        "DATABASE_URL: its file cannot be opened", {"DATABASE_URL": "sqlite:////proc/b"}
    ),
    "a full disk": Case("DATABASE_URL: its disk", {"DATABASE_URL": "sqlite:////dev/full"}),
    "no database": Case("its file is no SQLite database", FILE, file("bot.sqlite3", "Dear diary,\n" * 400)),
    "the file of another program": Case("it has the tables of another program; name a file", FILE, foreign),
    "a folder of the shell": Case("only a shell understands; write the whole", {"DATABASE_URL": "sqlite:///~/b"}),
    "a newer schema": Case("it was written by a newer release (schema 9999", FILE, newer),
    "a newer schema for access": Case("it was written by a newer release", FILE, newer, ("access",)),
    "a database nobody knows": Case(
        "a database this version cannot use", {"DATABASE_URL": "mysql://me:Sw0rdf1sh@db/b"}
    ),
    # The file of stations.
    "both": Case(
        "PBX_URL: stands beside STATIONS_FILE", {"STATIONS_FILE": "stations.toml"}, file("stations.toml", STATION)
    ),
    "no file": Case("stations.toml cannot be read: No such file", FLEET),
    "empty": stations("names no PBX; begin each with a line [[station]]", ""),
    "one bracket": stations("names no PBX", STATION.replace("[[station]]", "[station]")),
    "json": stations("is not TOML", '{"station": [{"key": "Sw0rdf1sh"}]}'),
    "no quotes": stations("is not TOML", "[[station]]\nkey = Sw0rdf1sh\n"),
    "ANSI": stations("is not UTF-8", "# офис\n".encode("cp1251") + STATION.encode()),
    "a near name": stations("did you mean alert_chats?", f"{STATION}alert_chat = 1\n"),
    "a number as text": stations("name: is not a text", STATION.replace('"acme"', "5")),
    "no url": stations("url: is missing", re.sub("url.*", "", STATION)),
    "nested without end": stations("its lists are nested too deep", f"x = {'[' * 5000}"),
    "a device": Case("STATIONS_FILE: /dev/zero is no file", FLEET | {"STATIONS_FILE": "/dev/zero"}),
    # Values.
    "the bot itself": Case("the id of the bot itself; write that", {"ADMINS": TOKEN.partition(":")[0]}),
    "an id too long": Case("ADMINS: has '9999999999999999999' in it", {"ADMINS": "9999999999999999999"}),
    "a long name": Case("PBX_NAME: is too long; write at most 64", {"PBX_NAME": "x" * 65}),
    "a fraction": Case("COMMANDS_PER_MINUTE: is not a whole number", {"COMMANDS_PER_MINUTE": "1.5"}),
    "a word for a number": Case("POLL_INTERVAL: is not a number", {"POLL_INTERVAL": "soon"}),
    "less than nothing": Case("ALERT_AFTER: is too small; write at least 0", {"ALERT_AFTER": "-5"}),
    "more than a week": Case("REMIND_EVERY: is too large; write at most 604800", {"REMIND_EVERY": "1000000"}),
    "maybe": Case("MASK_NUMBERS: is neither true nor false", {"MASK_NUMBERS": "maybe"}),
}


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        case = Case(f"HEALTH_ADDRESS: {address} cannot be used", {"HEALTH_ADDRESS": address})
        assert _problem(tmp_path / "taken", case) == ""


def test_each_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    assert len(CASES) >= 40
    assert {name: problem for name, case in CASES.items() if (problem := _problem(tmp_path / name, case))} == {}


def _problem(folder: Path, case: Case) -> str:
    """Start the program, and return what is wrong with its answer."""
    folder.mkdir()
    if case.prepare is not None:
        case.prepare(folder)
    settings = {**ordinary_settings("http://127.0.0.1:9", folder), **case.settings}
    ended = launcher.run(folder, BARE | {name: value for name, value in settings.items() if value}, *case.command)
    told = ended.stdout + ended.stderr
    is_right = (
        ended.code == 2
        and sum(case.told in line for line in told.splitlines()) == 1
        and not re.search(r"Traceback|Input should|pydantic|value_error", told)
        and not any(secret in told for secret in SECRETS)
    )
    return "" if is_right else f"code {ended.code}: {told}"
