"""What the libraries read from the environment by themselves, checked before they do: they end with a traceback, which
may quote a password."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.config import addresses
from bot.config.errors import WrongSettings

# As httpx reads them, in small letters too.
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def check_surroundings(environment: Mapping[str, str]) -> None:
    """Check the working folder, the proxies and the certificates of the machine. Raises WrongSettings."""
    working_folder()
    wrong = [*_wrong_proxies(environment), *_wrong_authorities(environment)]
    if wrong:
        raise WrongSettings(wrong)


def working_folder() -> Path:
    """Return the working folder. Raises WrongSettings if it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise WrongSettings(["the working folder is gone; change to the folder of .env"]) from None


def proxies(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the addresses of the machine's proxies by the name of their variable."""
    found = {name: environment.get(name, "") for upper in PROXIES for name in (upper, upper.lower())}
    return {name: value if "://" in value else f"http://{value}" for name, value in found.items() if value}


def _wrong_proxies(environment: Mapping[str, str]) -> Iterable[str]:
    for name, address in proxies(environment).items():
        try:
            addresses.check_proxy(address)
        except ValueError as wrong:
            yield f"{name}: {wrong}"


def _wrong_authorities(environment: Mapping[str, str]) -> Iterable[str]:
    if not (file := environment.get("SSL_CERT_FILE")):
        return
    if not Path(file).is_file():
        yield "SSL_CERT_FILE: names no file; take it out of the environment, or name the authorities of this machine"
        return
    from bot.config.certificate_files import check_content  # imported late: it loads OpenSSL

    try:
        check_content(Path(file))
    except ValueError as wrong:
        yield f"SSL_CERT_FILE: {wrong}"
