"""`/asterisk/rawman`: AMI over http. Its answers are those recorded from Asterisk 22.10.1."""

from asyncio import sleep
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bot.demo.pbx.ami.manager import Originated
from bot.demo.pbx.telephony.planning import Order, unreachable
from bot.demo.pbx.world import StandinPbx
from bot.demo.wire import abort

PATH = "/asterisk/rawman"
_SERVER = "Asterisk/22.10.1"
_NOT_FOUND = f"""<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\r
<html><head>\r
<title>404 Not Found</title>\r
</head><body>\r
<h1>Not Found</h1>\r
<p>The requested URL was not found on this server.</p>\r
<hr />\r
<address>{_SERVER}</address>\r
</body></html>\r
"""
_PAGE = "<!DOCTYPE html><html><head><title>Router</title></head><body>Sign in</body></html>"
_DENIED = {"Response": "Error", "Message": "Permission denied"}
_FAILED = {"Response": "Error", "Message": "Originate failed"}
_QUEUED = {"Response": "Success", "Message": "Originate successfully queued"}
# Seconds after which a wrong login is answered.
_WRONG_LOGIN = 1.0
# Actions by the class of write access that each needs, as far as a test looks at them.
_ACTIONS = {
    "GetConfig": ("system,config", "Retrieve configuration."),
    "ListCommands": ("", "List available manager commands."),
    "Login": ("", "Login Manager."),
    "Logoff": ("", "Logoff Manager."),
    "Originate": ("originate", "Originate a call."),
    "Ping": ("", "Keepalive command."),
}


class Ajam:
    """ASGI application of `/asterisk`."""

    def __init__(self, pbx: StandinPbx) -> None:
        self._pbx = pbx

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pbx, request = self._pbx, Request(scope, receive)
        entry = pbx.journal.begin(pbx.now(), request.method, scope["path"], "")
        pbx.advance()
        ami = pbx.ami
        if pbx.fault.kind == "unplugged" or not pbx.asterisk_running:
            pbx.journal.end(entry, pbx.now(), 0)
            abort(scope)
            return
        if ami.place != "on" or scope["path"] != PATH:
            status, page = (200, _PAGE) if ami.place == "html" else (404, _NOT_FOUND)
            pbx.journal.end(entry, pbx.now(), status)
            await _send(send, status, "text/html", page)
            return
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        fields = {name.lower(): value for name, value in form.items()}
        given = request.cookies.get("mansession_id", "")
        id_, answer = await self._carry_out(fields, given.strip('"'))
        pbx.journal.end(entry, pbx.now(), 200 if answer is not None else 0)
        if answer is None:
            abort(scope)
            return
        body = "".join(f"{name}: {value}\r\n" for name, value in answer.items()) + "\r\n"
        cookie = f'mansession_id="{id_}"; Version=1; Max-Age=60'
        await _send(send, 200, "text/plain", body, {"Set-Cookie": cookie, "Pragma": "SuppressEvents"})

    async def _carry_out(self, fields: Mapping[str, str], id_: str) -> tuple[str, Mapping[str, str] | None]:
        """Return the session and the answer; None if it is lost. Without a session a new one begins, which may do
        nothing."""
        ami, now = self._pbx.ami, self._pbx.now()
        name = fields.get("action", "").lower()
        if not name:
            return ami.new_id(), {"Response": "Error", "Message": "Missing action in request"}
        if name == "login":
            session = ami.log_in(fields.get("username", ""), fields.get("secret", ""), now)
            if session is None:
                await self._take(_WRONG_LOGIN)
                return ami.new_id(), {"Response": "Error", "Message": "Authentication failed"}
            return session, {"Response": "Success", "Message": "Authentication accepted"}
        if not ami.knows(id_, now):
            return ami.new_id(), _DENIED
        if name == "logoff":
            ami.log_off(id_)
            return id_, {"Response": "Goodbye", "Message": "Thanks for all the fish."}
        if name == "listcommands":
            return id_, {"Response": "Success", **self._allowed()}
        if name == "originate":
            return id_, await self._originate(fields) if "originate" in ami.classes else _DENIED
        return id_, _DENIED

    def _allowed(self) -> Mapping[str, str]:
        """Return the actions that the account may carry out."""
        classes = self._pbx.ami.classes
        return {
            name: f"{told}  (Priv: {f'{needed},all' if needed else '<none>'})"
            for name, (needed, told) in _ACTIONS.items()
            if not needed or classes & set(needed.split(","))
        }

    async def _originate(self, fields: Mapping[str, str]) -> Mapping[str, str] | None:
        """Ring the phone in the channel, then dial the number; answers when the phone is answered or has rung in
        vain."""
        pbx, ami = self._pbx, self._pbx.ami
        phone, _, context = fields.get("channel", "").removeprefix("Local/").partition("@")
        if fields.get("context") != "all_peers":
            return {"Response": "Error", "Message": "Extension does not exist."}
        call = Originated(pbx.now(), phone, fields.get("exten", ""))
        ami.calls.append(call)
        person = pbx.planner.person(phone)
        if context != "internal-originate" or person is None or not person.reachable() or ami.phone == "busy":
            call.outcome = "failed"
            return _FAILED
        if ami.phone == "does_not_answer":
            await self._take(float(fields.get("timeout", "30000")) / 1000)
            call.outcome = "not answered"
            return _FAILED
        if ami.phone == "hangs":
            await self._take(3600)
            return None
        await self._take(ami.rings)
        call.outcome = "answered"
        self._dial(call)
        return None if ami.phone == "lost_answer" else _QUEUED

    def _dial(self, call: Originated) -> None:
        """Call the number by the first trunk that reaches out; it becomes a record as any other call. Without one, the
        call fails inside the PBX."""
        pbx, now = self._pbx, self._pbx.now()
        ends = pbx.planner.person(call.number) is None
        trunks = [one for one in pbx.trunks.values() if one.registration == "outbound" and one.up(now)]
        if not ends:
            order = Order("internal", call.phone, call.number, ring=3, answer_after=3, talk=pbx.ami.talks or 0)
        elif working := next((one for one in trunks if one.reaches_out(now)), None):
            talks = pbx.ami.talks
            order = Order(
                "outgoing",
                call.phone,
                call.number,
                working,
                ring=3 if talks is not None else 20,
                answer_after=None if talks is None else 3,
                talk=talks or 0,
            )
        elif trunks:
            order = unreachable(call.phone, call.number, trunks[0])
        else:
            return
        pbx.calls.add(pbx.planner.plan(order, now))

    async def _take(self, seconds: float) -> None:
        await sleep(seconds / self._pbx.speed)


async def _send(send: Send, status: int, content_type: str, text: str, more: Mapping[str, str] | None = None) -> None:
    content = text.encode()
    named = {
        "Server": _SERVER,
        "Cache-Control": "no-cache, no-store",
        "Content-type": content_type,
        **(more or {}),
        "Content-Length": str(len(content)),
    }
    headers = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
