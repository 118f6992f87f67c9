"""Faults of the web API, and a machine's answers in these states."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from bot.demo.pbx.web.envelope import Plain

Kind = Literal[
    "none",
    "unplugged",
    "slow",
    "garbage",
    "half_json",
    "html",
    "redis_down",
    "php_down",
    "queue_full",
    "server_error",
    "cut",
    "lost_answer",
    "ignore_switching",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_LOGIN = "<!DOCTYPE html><html><head><title>MikoPBX</title></head><body><h1>Please sign in</h1></body></html>"
_REDIS = (
    "\nFatal error: Uncaught Phalcon\\Storage\\Exception: Connection refused in "
    "/usr/www/src/Common/Models/PbxExtensionModules.php:136\nStack trace:\n"
    "#0 [internal function]: Phalcon\\Storage\\Adapter\\Redis->checkConnect()\n"
    "#1 [internal function]: Phalcon\\Storage\\Adapter\\Redis->getAdapter()\n"
    "#2 {main}\n  thrown in /usr/www/src/Common/Models/PbxExtensionModules.php on line 136\n"
)


@dataclass(frozen=True)
class WebFault:
    """Fault.

    `paths` names the affected resources (`employees`), `verbs` the HTTP verbs; empty: all. `delay`: seconds.
    """

    kind: Kind = "none"
    delay: float = 0.0
    paths: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    def on(self, resource: str, verb: str) -> "WebFault":
        concerned = (not self.paths or resource in self.paths) and (not self.verbs or verb in self.verbs)
        return self if concerned else NO_FAULT

    def instead(self) -> Plain | None:
        """Return the answer in place of the API's, if the fault is before the API."""
        match self.kind:
            case "php_down":
                return Plain(_NGINX.format("502 Bad Gateway").encode(), 502, "text/html")
            case "redis_down":
                return Plain(_REDIS.encode(), 500, "text/html; charset=UTF-8")
            case "html":
                return Plain(_LOGIN.encode(), 200, "text/html; charset=UTF-8")
            case "garbage":
                return Plain(b"\x00\xff\xfe}{[not json at all\x80", 200, "application/json")
            case _:
                return None


NO_FAULT: Final = WebFault()
