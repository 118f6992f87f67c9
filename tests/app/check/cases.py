"""Misconfigurations: how each is made, the finding that names it, and words of its text and remedy."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.demo.pbx.web.keys import Permissions, Right
from bot.demo.telegram.model import Member
from bot.demo.telegram.webhook import WebhookTarget
from bot.pbx.rights import RIGHTS
from tests.app.check.stage import ANNA, BORIS, FORUM, GROUP, KEY, PASSWORD, Stage, closed_port
from tests.fixtures.certificates import DAY, make_certificate

Spoil = Callable[[Stage], object]
ALL: dict[str, Right] = {f"/api/v3/{one.resource}": "write" if one.write_probe else "read" for one in RIGHTS}
NOW = "2026-11-23 14:00:00.000000"
AMI = ("PBX_AMI_URL", "PBX_AMI_USER", "PBX_AMI_SECRET")
SHIFT = '{"unit": "days", "length": 1, "begins": "2026-11-01T09:00", "zone": "Europe/Moscow"}'


@dataclass(frozen=True)
class Case:
    name: str
    spoil: Spoil
    check: str
    text: str
    remedy: str
    code: int = 1
    level: str = "fault"


def setting(name: str, value: str) -> Spoil:
    return lambda stage: stage.settings.__setitem__(name, value.format(at=stage.address, folder=stage.folder))


def without(name: str) -> Spoil:
    return lambda stage: stage.settings.pop(name)


def more(line: str) -> Spoil:
    return lambda stage: stage.__setattr__("more", f"{line}\n")


def switch(path: str, **body: object) -> Spoil:
    return lambda stage: stage.control(path, **body)


def stored(statement: str, *values: object) -> Spoil:
    return lambda stage: stage.execute(statement, *values)


def unit(**properties: str) -> Spoil:
    return lambda stage: stage.__setattr__("unit", {**stage.unit, **properties})


def rota(person: int) -> Spoil:
    insert = "INSERT INTO rotations (station, level, people, shift, changed_at, changed_by) VALUES (?,1,?,?,?,'Anna')"
    return stored(insert, "Head office", f"[{person}]", SHIFT, NOW)


def closed(chat: int, reason: str) -> Spoil:
    return stored("INSERT INTO closed_chats (chat_id, reason, at) VALUES (?,?,?)", chat, reason, NOW)


def member(status: str) -> Spoil:
    def spoil(stage: Stage) -> None:
        stage.chats.chats[GROUP].members[stage.chats.bot.id] = Member(stage.chats.bot.id, status)

    return spoil


def key_without(resource: str) -> Spoil:
    def spoil(stage: Stage) -> None:
        stage.station.keys.permit(Permissions({k: v for k, v in ALL.items() if k != f"/api/v3/{resource}"}))

    return spoil


def key_that_reads(resource: str) -> Spoil:
    return lambda stage: stage.station.keys.permit(Permissions({**ALL, f"/api/v3/{resource}": "read"}))


def both(*spoils: Spoil) -> Spoil:
    return lambda stage: [spoil(stage) for spoil in spoils]


def file(name: str, content: bytes, mode: int = 0o600) -> Spoil:
    def spoil(stage: Stage) -> None:
        path = stage.folder / name
        path.write_bytes(content)
        path.chmod(mode)

    return spoil


def closed_at(name: str, form: str) -> Spoil:
    return lambda stage: stage.settings.__setitem__(name, form.format(port=closed_port()))


def stations(text: str) -> Spoil:
    def spoil(stage: Stage) -> None:
        (stage.folder / "stations.toml").write_text(text.format(at=stage.address))
        (stage.folder / "stations.toml").chmod(0o600)
        for name in ("PBX_URL", "PBX_API_KEY", *AMI):
            del stage.settings[name]
        stage.settings["STATIONS_FILE"] = "stations.toml"

    return spoil


def page_as_proxy(stage: Stage) -> None:
    stage.settings["TELEGRAM_PROXY"] = stage.address
    stage.settings["TELEGRAM_API_URL"] = f"{stage.address}/client"


def webhook(stage: Stage) -> None:
    stage.chats.webhook.target = WebhookTarget("https://crm.example.com/hook/secret-path", "", 40)


def certified(*, trusted: bool, pin: str = "", **made: object) -> Spoil:
    """Serve the PBX with a certificate, whose file is `trusted`, or in its place the fingerprint `pin`."""

    def spoil(stage: Stage) -> None:
        shown = make_certificate(stage.folder, **made)  # type: ignore[arg-type]
        stage.settings["PBX_URL"] = stage.behind_tls(shown)
        if trusted:
            stage.settings["PBX_TLS_VERIFY"] = str(shown.file)
        if pin:
            stage.settings["PBX_TLS_FINGERPRINT"] = pin
            # Of the stand-in by plain http.
            for name in AMI:
                del stage.settings[name]

    return spoil


def shut_out(stage: Stage) -> None:
    stage.station.limit.set_mode("enforced")
    while not stage.station.limit.refuses("127.0.0.1", stage.station.now()):
        pass


def no_trunks(stage: Stage) -> None:
    for key in list(stage.station.trunks):
        stage.station.remove_trunk(key)


CERTIFICATE = "pbx.certificate"
SETTINGS = [
    Case("no token", without("TELEGRAM_TOKEN"), "settings.value", "TELEGRAM_TOKEN: is missing", "@BotFather", 2),
    Case("half a token", setting("TELEGRAM_TOKEN", "1234567890:AAte"), "settings.value", "is not a bot token", "", 2),
    Case("no administrator", without("ADMINS"), "settings.value", "ADMINS: is missing", "numeric Telegram id", 2),
    Case("a name as administrator", setting("ADMINS", "@anna"), "settings.value", "'@anna'", "numeric ids", 2),
    Case("a group as administrator", setting("ADMINS", "-100123"), "settings.value", "negative", "only people", 2),
    Case("no PBX", without("PBX_URL"), "settings.value", "PBX_URL: is missing", "address of your MikoPBX", 2),
    Case("no key", without("PBX_API_KEY"), "settings.value", "PBX_API_KEY: is missing", "System → API keys", 2),
    Case("half a key", setting("PBX_API_KEY", f"{KEY} x"), "settings.value", "unusual characters", "copy the key", 2),
    Case("http", setting("PBX_URL", "http://10.0.0.5"), "settings.value", "plain http", "PBX_ALLOW_HTTP=10.0.0.5", 2),
    Case("a chat by name", setting("ALERT_CHATS", "support"), "settings.value", "'support'", "numeric ids", 2),
    Case(
        "no proxy",
        setting("TELEGRAM_PROXY", f"ftp://u:{PASSWORD}@proxy"),
        "settings.value",
        "is not a proxy",
        "socks5://",
        2,
    ),
    Case("no folder", setting("DATABASE_URL", "sqlite:////no/bot.db"), "settings.value", "does not exist", "mkdir", 2),
    Case(
        "@ in a password",
        setting("DATABASE_URL", f"postgresql://bot:{PASSWORD}@x@db/bot"),
        "settings.value",
        "has a second @",
        "%40",
        2,
    ),
    Case("a slip", more("ALERT_CHAT=-7"), "settings.value", "ALERT_CHAT is not a setting", "mean ALERT_CHATS", 2),
    Case("no =", more("LANGUAGE ru"), "settings.value", "is no setting", "write NAME=value", 2),
    Case("twice", more("ADMINS=7"), "settings.value", "set ADMINS twice", "take one out", 2),
    Case("no number", setting("KEEP_HISTORY", "a year"), "settings.value", "not a whole number", "digits only", 2),
    Case(
        "a slip in the environment",
        lambda stage: stage.environment.__setitem__("ALERT_CHAT", "-7"),
        "settings.name",
        "ALERT_CHAT is not a setting",
        "did you mean ALERT_CHATS",
        0,
        "warning",
    ),
    Case("no name", without("PBX_NAME"), "settings.risk", "headed 127.0.0.1", "into PBX_NAME", 0, "warning"),
    Case("a language", setting("LANGUAGE", "fr"), "settings.value", "not a language", "en or ru", 2),
    Case("a zone", setting("PBX_TIMEZONE", "Moscow"), "settings.value", "not a time zone", "Europe/Moscow", 2),
    Case("no CA file", setting("PBX_TLS_VERIFY", "pbx.pem"), "settings.value", "existing CA file", "PBX_TLS_VERIFY", 2),
    Case("another encoding", file(".env", b"# \xcf\xf0\xe8\n"), "settings.value", ".env is not UTF-8", "save it", 2),
    Case(
        "a folder",
        lambda stage: (stage.folder / ".env").mkdir(),
        "settings.value",
        ".env is no file",
        "move it away",
        2,
    ),
    Case("no TOML", stations("[[station"), "settings.value", "is not TOML", "text stands in quotes", 2),
    Case(
        "a key that is not set",
        stations('[[station]]\nname = "acme"\nurl = "{at}"\nkey_env = "ACME_KEY"\n'),
        "settings.value",
        "ACME_KEY is not set",
        "put it into the environment",
        2,
    ),
    Case(
        "no such PBX",
        lambda stage: stage.__setattr__("arguments", ("--station", "acme")),
        "settings.value",
        "there is no such PBX",
        "Head office",
        2,
    ),
    Case(
        "an open .env",
        lambda stage: stage.__setattr__("mode", 0o644),
        "settings.mode",
        "(0644)",
        "chmod 600",
        0,
        "warning",
    ),
    Case(
        "no verification",
        setting("PBX_TLS_VERIFY", "false"),
        "settings.risk",
        "can read",
        "certificate's fingerprint",
        0,
        "warning",
    ),
    Case("metrics", setting("HEALTH_ADDRESS", "0.0.0.0:0"), "settings.risk", "ask nobody", "127.0.0.1:0", 0, "warning"),
]
TELEGRAM = [
    Case(
        "another token",
        setting("TELEGRAM_TOKEN", "1234567891:BBtestTestTestTestTestTestTestTestTest0"),
        "telegram.token",
        "rejects",
        "@BotFather",
    ),
    Case("no server", closed_at("TELEGRAM_API_URL", "http://127.0.0.1:{port}"), "telegram.reach", "cannot be", "_API_"),
    Case("a web page", setting("TELEGRAM_API_URL", "{at}/client"), "telegram.reach", "no Bot API server", "_API_URL"),
    Case(
        "no proxy there",
        closed_at("TELEGRAM_PROXY", f"http://u:{PASSWORD}@127.0.0.1:{{port}}"),
        "telegram.reach",
        "through the proxy 127.0.0.1",
        "TELEGRAM_PROXY",
    ),
    Case(
        "a socks proxy that is none",
        lambda stage: stage.settings.__setitem__("TELEGRAM_PROXY", stage.address.replace("http:", "socks5:")),
        "telegram.reach",
        "through the proxy",
        "TELEGRAM_PROXY",
    ),
    Case("a proxy that answers itself", page_as_proxy, "telegram.reach", "answers in Telegram's place", "_PROXY"),
    Case("a webhook", webhook, "telegram.webhook", "crm.example.com", "a bot of its own"),
    Case(
        "no privacy", switch("/client/privacy", enabled=False), "telegram.privacy", "off", "/setprivacy", 0, "warning"
    ),
    Case(
        "a wrong clock",
        lambda stage: stage.__setattr__("off_by", timedelta(minutes=10)),
        "telegram.clock",
        "s ahead of Telegram",
        "set-ntp",
    ),
    Case(
        "a second copy",
        stored(
            "INSERT INTO incidents (station, subject, open_key, kind, facts, began_at, opened_at, number, step,"
            " held_by, version) VALUES ('Head office', ':copy', 'x', 'second_copy', '{}', ?, ?, 1, 0, '', 0)",
            NOW,
            NOW,
        ),
        "telegram.second_copy",
        "another copy",
        "a token of its own",
    ),
]
PEOPLE = [
    Case("the README's 1", setting("ADMINS", "1"), "people.admin", "administrator 1 has never", "press Start"),
    Case("nobody reached", setting("ADMINS", "1"), "people.admins", "no administrator", "/id"),
    Case("no Start", setting("ADMINS", f"{ANNA},{BORIS}"), "people.admin", f"administrator {BORIS}", "press Start"),
    Case("a block", closed(ANNA, "Forbidden: bot was blocked by the user"), "people.admin", "blocked", "unblock"),
    Case("a rota of who never started", rota(BORIS), "people.on_call", f"{BORIS}, who is on the rota", "press Start"),
    Case(
        "a rota without the right",
        both(lambda stage: stage.chats.people[BORIS].__setattr__("started", True), rota(BORIS)),
        "people.on_call",
        "no right to be on call",
        f"/grant {BORIS} operator",
    ),
    Case("a lost minus", setting("ALERT_CHATS", str(-GROUP)), "groups.member", str(-GROUP), f"did you mean {GROUP}"),
    Case("no such group", setting("ALERT_CHATS", "-1009"), "groups.member", "-1009 would not arrive", "add it there"),
    Case("a stranger", setting("ALERT_CHATS", str(BORIS)), "groups.member", str(BORIS), "send it /start"),
    Case("removed", member("kicked"), "groups.member", str(GROUP), "add it again"),
    Case("muted", member("restricted"), "groups.write", "may not write in PBX on call", "an administrator"),
    Case("no topics", setting("ALERT_CHATS", f"{GROUP}:7"), "groups.topic", "has no topics", f"write {GROUP} alone"),
    Case(
        "General closed",
        both(setting("ALERT_CHATS", str(FORUM)), closed(FORUM, "topic_closed")),
        "groups.topic",
        "General of Office is closed",
        f"{FORUM}:number",
    ),
]
PBX = [
    Case("no host", setting("PBX_URL", "https://pbx.invalid"), "pbx.address", "no host pbx.invalid", "correct PBX_URL"),
    Case("no port", closed_at("PBX_URL", "https://127.0.0.1:{port}"), "pbx.address", "nothing listens", "the port in"),
    Case(
        "https where http is",
        lambda stage: stage.settings.__setitem__("PBX_URL", stage.address.replace("http:", "https:")),
        "pbx.address",
        "does not speak https",
        "port of https",
    ),
    Case(
        "another program", setting("PBX_URL", "{at}/client"), "pbx.address", "is not that of MikoPBX", "correct PBX_URL"
    ),
    Case("its own certificate", certified(trusted=False), CERTIFICATE, "does not know", "PBX_TLS_FINGERPRINT="),
    Case("another name", certified(trusted=True, is_issuer=True), CERTIFICATE, "another name than", "_FINGERPRINT="),
    Case("expired", certified(trusted=True, begins=-3 * DAY, ends=-2 * DAY), CERTIFICATE, "has expired", "renew it"),
    Case("too early", certified(trusted=True, begins=2 * DAY, ends=3 * DAY), CERTIFICATE, "not valid yet", "clocks"),
    Case("a new one", certified(trusted=False, pin=":".join(["AB"] * 32)), CERTIFICATE, "another one", "is between"),
    Case("soon over", certified(trusted=True, ends=5 * DAY), CERTIFICATE, "ends in", "renew it", 0, "warning"),
    Case("a wrong key", setting("PBX_API_KEY", "deadbeef" * 8), "pbx.key", "refuses the key", "System → API keys"),
    Case("Redis down", switch("/control/fault", kind="redis_down"), "pbx.address", "internal error", "log of the PBX"),
    Case("PHP down", switch("/control/fault", kind="php_down"), "pbx.address", "internal error", "restart it"),
    Case("shut out", shut_out, "pbx.address", "shut out", "wait five minutes"),
    Case(
        "no watch", key_without("providers"), "pbx.right", "on Providers: nothing is watched", "row Providers to Read"
    ),
    *(
        Case(
            f"no {one.row}",
            key_without(one.resource),
            "pbx.right",
            f"on {one.row}: {one.without}",
            one.row,
            0,
            "warning",
        )
        for one in RIGHTS
        if one.resource != "providers"
    ),
    *(
        Case(
            f"{one.row} read", key_that_reads(one.resource), "pbx.right", one.read_only, "Read and write", 0, "warning"
        )
        for one in RIGHTS
        if one.write_probe
    ),
    Case(
        "an old release", switch("/control/dialect", release="2026.1"), "pbx.release", "2026.1", "update", 0, "warning"
    ),
    Case(
        "its clock",
        lambda stage: stage.station.__setattr__("now", lambda: stage.now().timestamp() - 600),
        "pbx.clock",
        "s behind this machine",
        "by NTP",
    ),
    Case("its zone", setting("PBX_TIMEZONE", "Asia/Omsk"), "pbx.zone", "Asia/Omsk", "take PBX_TIMEZONE", 0, "warning"),
    Case("no trunks", no_trunks, "pbx.trunks", "no trunks", "/add_trunk", 0, "warning"),
    Case("IAX", switch("/control/iax", told=False), "pbx.trunks", "not watched", "register by SIP", 0, "warning"),
]
CALLS = "pbx.calling"


def calls_behind_tls(stage: Stage) -> None:
    """Serve AMI with MikoPBX's own certificate."""
    stage.settings["PBX_AMI_URL"] = stage.behind_tls(make_certificate(stage.folder))


def calls_behind_another(stage: Stage) -> None:
    """Serve AMI with another certificate than the PBX."""
    pinned = make_certificate(stage.folder, "pinned")
    stage.settings["PBX_URL"] = stage.behind_tls(pinned)
    stage.settings["PBX_TLS_FINGERPRINT"] = pinned.fingerprint
    calls_behind_tls(stage)


CALLING = [
    Case("half an account", without("PBX_AMI_SECRET"), "settings.value", "PBX_AMI_SECRET: is missing", "all three", 2),
    Case(
        "calls by http",
        setting("PBX_AMI_URL", "http://10.0.0.5"),
        "settings.value",
        "secret of AMI",
        "PBX_ALLOW_HTTP",
        2,
    ),
    Case("no AJAM", switch("/control/ami", place="off"), CALLS, "has no AJAM", "switch on AJAM"),
    Case("no AJAM port", closed_at("PBX_AMI_URL", "https://127.0.0.1:{port}"), CALLS, "nothing listens", "is 8089"),
    Case("a router", switch("/control/ami", place="html"), CALLS, "not that of AMI", "correct PBX_AMI_URL"),
    Case(
        "a wrong AMI secret",
        setting("PBX_AMI_SECRET", "another-secret"),
        CALLS,
        "refuses the AMI account",
        "PBX_AMI_USER",
    ),
    Case("no originate", switch("/control/ami", classes=["call"]), CALLS, "may not call", "give it originate"),
    Case(
        "far too much",
        switch("/control/ami", classes=["originate", "system"]),
        CALLS,
        "all SIP passwords",
        "nothing else",
        0,
        "warning",
    ),
    Case(
        "https where AMI's http is",
        lambda stage: stage.settings.__setitem__("PBX_AMI_URL", stage.address.replace("http:", "https:")),
        CALLS,
        "does not speak https",
        "8089 by default",
    ),
    Case("AMI's own certificate", calls_behind_tls, CALLS, "does not know", "PBX_TLS_FINGERPRINT="),
    Case(
        "another certificate of AMI",
        calls_behind_another,
        CALLS,
        "at 127.0.0.1",
        "somebody is between",
    ),
]
MACHINE = [
    Case(
        "an open file",
        lambda stage: stage.database.chmod(0o644),
        "database.mode",
        "can read",
        "chmod 600",
        0,
        "warning",
    ),
    Case(
        "no database",
        lambda stage: stage.database.write_bytes(b"x" * 5000),
        "database.schema",
        "no SQLite database",
        "another file",
    ),
    Case(
        "an old one",
        stored("UPDATE alembic_version SET version_num = '0009'"),
        "database.schema",
        "older version (0009)",
        "keep a copy",
        0,
        "warning",
    ),
    Case(
        "a newer one", stored("UPDATE alembic_version SET version_num = '0999'"), "database.schema", "newer", "install"
    ),
    Case(
        "no server",
        closed_at("DATABASE_URL", f"postgresql://bot:{PASSWORD}@127.0.0.1:{{port}}/bot"),
        "database.schema",
        "cannot be read",
        "the server runs",
    ),
    Case("a failed unit", unit(ActiveState="failed"), "service.unit", "has failed", "journalctl"),
    Case("not at boot", unit(UnitFileState="disabled"), "service.unit", "not start", "systemctl enable", 0, "warning"),
    Case("no unit", unit(LoadState="not-found"), "service.unit", "is no service", "install-service", 0, "warning"),
    Case("a broken unit", unit(LoadState="bad-setting"), "service.unit", "cannot read", "systemctl status"),
    Case("root", unit(User="root"), "service.user", "as root", "User="),
    Case("restarts", unit(NRestarts="12"), "service.restarts", "12 times", "journalctl", 0, "warning"),
    Case(
        "a taken port",
        lambda stage: stage.settings.__setitem__("HEALTH_ADDRESS", stage.address.removeprefix("http://")),
        "service.address",
        "cannot be used",
        "another one",
    ),
    Case("no heartbeat", without("HEARTBEAT_URL"), "heartbeat.monitor", "nobody is told", "a monitor", 0, "warning"),
    Case(
        "no monitor",
        closed_at("HEARTBEAT_URL", "http://127.0.0.1:{port}/ping/kQ7Zt-heartbeat-secret"),
        "heartbeat.monitor",
        "cannot be reached at 127.0.0.1",
        "ping address",
    ),
]
CASES = [*SETTINGS, *TELEGRAM, *PEOPLE, *PBX, *CALLING, *MACHINE]
