"""Invalid PBX answers, derived from recorded ones; the same seed gives the same answers."""

import copy
import gzip
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

DIGITS = "@@digits@@"
DEEP_LIST = "@@list@@"
DEEP_MAP = "@@map@@"
# Values that Python's JSON encoder cannot produce.
MARKS = {
    DIGITS: b"9" * 5000,
    DEEP_LIST: b"[" * 900 + b"]" * 900,
    DEEP_MAP: b'{"a":' * 300 + b"1" + b"}" * 300,
}
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**64), 10**300, 1e308, -0.0, 1.5e-300),
    *(float("nan"), float("inf"), float("-inf"), DIGITS, DEEP_LIST, DEEP_MAP),
    *("", " ", "0", "-1", "NaN", "inf", "-Infinity", "1e999", "9" * 5000, "null", "true", "٣", "0x10", "1_000"),
    *("x" * 20_000, "\ud800", "a\udfffb", "\x00", "\x1b[31m", "\r\n\r\n", "\u202eabc", "\u0300" * 500, "😀" * 300),
    *("<" * 5000, "<a href='" + "x" * 3000, "&#" + "9" * 5000 + ";", "&#xD800;", "&" * 3000, "{{ 7 * 7 }}", "%s%n"),
    *("../../etc/passwd", "SIP-TRUNK-" + "A" * 4000 + "!", "PJSIP/SIP-" + "A" * 4000, "=cmd|' /C calc'!A0"),
    *("9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+23:59", "0001-01-01 00:00:00", "2026-02-30 10:00:00"),
    *("2026-11-23T20:30:23+23:59", "2026-11-23T20:30:23.999999999Z", 253402300799, -62135596800, 1e18, -1e18),
    *([], {}, [[]], [{}], [None], {"": None}, [[[[[[{"a": [1]}]]]]]], {"id": {"id": []}}, [1, "a", None, {}, []]),
)
NAMES = ("apart", "status", "own_name", "__class__", "model_config", "", "id", "state", "type", "ip", "bans", "index")
STATUSES = (
    100,
    101,
    199,
    201,
    204,
    206,
    301,
    304,
    307,
    400,
    401,
    402,
    403,
    404,
    409,
    418,
    422,
    429,
    500,
    502,
    503,
    599,
)
TYPES = ("", "text/html", "application/json; charset=utf-16", "image/png", "application/json, text/html", "\u00e9")
# Characters of a repeated value.
MUCH = 300_000
# Much smaller on the wire than unpacked.
BOMB = gzip.compress(b" " * 30_000_000, 9)


@dataclass(frozen=True)
class Garbled:
    """Answer on the wire. `breaks` is the error after its last byte."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)
    breaks: type[httpx.TransportError] | None = None

    def response(self) -> httpx.Response:
        named = [(name.encode(), text.encode()) for name, text in self.headers.items()]
        return httpx.Response(self.status, headers=named, stream=_Stream(self.content, self.breaks))


class _Stream(httpx.AsyncByteStream):
    def __init__(self, content: bytes, breaks: type[httpx.TransportError] | None) -> None:
        self._content = content
        self._breaks = breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for begin in range(0, len(self._content), 65536):
            yield self._content[begin : begin + 65536]
        if self._breaks is not None:
            raise self._breaks("broken off")


def written(body: object) -> bytes:
    content = body.encode("utf-8", "replace") if isinstance(body, str) else json.dumps(body).encode()
    for mark, instead in MARKS.items():
        content = content.replace(b'"' + mark.encode() + b'"', instead)
    return content


def garbled(status: int, body: object, chance: random.Random) -> Garbled:
    """Apply one or two changes to an answer: to its content, its encoding or its transport."""
    if chance.random() < 0.6 and isinstance(body, dict | list):
        body = json.loads(json.dumps(body))
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            body = chance.choices(*zip(*SAYINGS, strict=True))[0](body, chance)
        if chance.random() < 0.7:
            return Garbled(status, written(body))
    answer = Garbled(status, written(body))
    for _ in range(chance.choice((1, 1, 2))):
        answer = chance.choices(*zip(*WRITINGS, strict=True))[0](answer, chance)
    return answer


def _places(body: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container with each of its keys."""
    stack = [body]
    while stack:
        one = stack.pop()
        for key in list(one) if isinstance(one, dict) else range(len(one)):
            yield one, key
            if isinstance(one[key], dict | list):
                stack.append(one[key])


def _place(body: Any, chance: random.Random) -> tuple[Any, Any]:
    places = list(_places(body))
    return chance.choice(places) if places else ([None], 0)


def _value(chance: random.Random) -> Any:
    return copy.deepcopy(chance.choice(VALUES))


def _other_value(body: Any, chance: random.Random) -> Any:
    inside, key = _place(body, chance)
    inside[key] = _value(chance)
    return body


def _same_everywhere(body: Any, chance: random.Random) -> Any:
    """Replace all values of one name, or of one type: null everywhere."""
    inside, key = _place(body, chance)
    value, kind = _value(chance), type(inside[key])
    for other, name in list(_places(body))[:200]:
        if name == key if isinstance(key, str) else type(other[name]) is kind:
            other[name] = value
    return body


def _all_values(body: Any, chance: random.Random) -> Any:
    for inside, key in list(_places(body))[:200]:
        if not isinstance(inside[key], dict | list) and chance.random() < 0.5:
            inside[key] = _value(chance)
    return body


def _gone(body: Any, chance: random.Random) -> Any:
    inside, key = _place(body, chance)
    del inside[key]
    return body


def _renamed(body: Any, chance: random.Random) -> Any:
    inside, key = _place(body, chance)
    if isinstance(inside, dict):
        inside[chance.choice((*NAMES, "\ud800", "x" * 5000))] = inside.pop(key)
    return body


def _added(body: Any, chance: random.Random) -> Any:
    inside, _ = _place(body, chance)
    if isinstance(inside, dict):
        inside[chance.choice(NAMES)] = _value(chance)
    else:
        inside.append(_value(chance))
    return body


def _list_for_map(body: Any, chance: random.Random) -> Any:
    inside, key = _place(body, chance)
    if isinstance(inside[key], dict):
        inside[key] = list(inside[key].values())
    elif isinstance(inside[key], list):
        inside[key] = {str(number): one for number, one in enumerate(inside[key])}
    else:
        inside[key] = [inside[key]]
    return body


def _swapped(body: Any, chance: random.Random) -> Any:
    """Replace a value by another one of the answer, whole branches included."""
    inside, key = _place(body, chance)
    other, name = _place(body, chance)
    inside[key] = json.loads(json.dumps(other[name]))
    return body


def _many(body: Any, chance: random.Random) -> Any:
    """Repeat an item, as often as makes a large answer that still fuzzes quickly."""
    inside, key = _place(body, chance)
    one = inside[key]
    count = min(chance.choice((50, 600, 12_000)), MUCH // (1 + len(json.dumps(one))))
    if isinstance(one, list):
        inside[key] = one * count
    elif isinstance(one, dict):
        inside[key] = {f"SIP-{number}": one for number in range(count)}
    else:
        inside[key] = [one] * count
    return body


def _cut(answer: Garbled, chance: random.Random) -> Garbled:
    return _with(answer, answer.content[: chance.randrange(len(answer.content) + 1)])


def _cut_off(answer: Garbled, chance: random.Random) -> Garbled:
    kinds = httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout, httpx.DecodingError
    breaks: Any = chance.choice(kinds)
    return Garbled(answer.status, _cut(answer, chance).content, answer.headers, breaks)


def _flipped(answer: Garbled, chance: random.Random) -> Garbled:
    content = bytearray(answer.content or b" ")
    for _ in range(chance.choice((1, 3, 30))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return _with(answer, bytes(content))


def _twice(answer: Garbled, chance: random.Random) -> Garbled:
    """Repeat existing keys with other values."""
    again = chance.choice((b'"id":null', b'"result":true', b'"data":[]', b'"state":{}', b'"messages":1', b'"":""'))
    content = answer.content
    at = chance.choice([place for place, byte in enumerate(content) if byte == ord("{")] or [0])
    return _with(answer, content[: at + 1] + again + b"," + content[at + 1 :])


def _encoded(answer: Garbled, chance: random.Random) -> Garbled:
    text = answer.content.decode("utf-8", "replace")
    names = "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-7", "cp1251", "latin-1"
    return _with(answer, text.encode(chance.choice(names), "replace"))


def _something_else(answer: Garbled, chance: random.Random) -> Garbled:
    others: tuple[bytes, ...] = (
        *(
            b"",
            b" ",
            b"null",
            b"[]",
            b"{}",
            b"0",
            b'""',
            b"true",
            b"NaN",
            b'{"result":true}',
            b'{"result":1,"data":[]}',
        ),
        *(b'{"result":true,"data":null}', b'{"result":false}', b"<html><h1>502 Bad Gateway</h1>", b"\x00" * 1000),
        *(
            b"\xef\xbb\xbf{}",
            b"[" * 100_000,
            b'{"a":' * 50_000,
            b'{"result":true,"data":' + b"9" * 5000 + b"}",
            b"\x80",
        ),
        *(b"security violation", b"Access denied", b"<b>Warning</b>: Undefined array key in /x.php" + answer.content),
        *(answer.content + answer.content, answer.content + b"}", b"callback(" + answer.content + b")"),
        b'{"result":true,"data":[' + b"[]," * 600_000 + b"0]}" if chance.random() < 0.02 else b'{"result":true,',
        b" " * 21_000_000 if chance.random() < 0.02 else b" " * 1_100_000 + answer.content,
    )
    return _with(answer, chance.choice(others))


def _status(answer: Garbled, chance: random.Random) -> Garbled:
    return Garbled(chance.choice(STATUSES), answer.content, answer.headers, answer.breaks)


def _type(answer: Garbled, chance: random.Random) -> Garbled:
    return Garbled(answer.status, answer.content, {"Content-Type": chance.choice(TYPES)}, answer.breaks)


def _packed(answer: Garbled, chance: random.Random) -> Garbled:
    packing = chance.choice(("gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "\u00e9", "x" * 1000))
    contents = (answer.content, gzip.compress(answer.content, 1), gzip.compress(answer.content, 1)[:-9])
    content = BOMB if packing == "gzip" and chance.random() < 0.02 else chance.choice(contents)
    return Garbled(answer.status, content, {"Content-Encoding": packing}, answer.breaks)


def _told_size(answer: Garbled, chance: random.Random) -> Garbled:
    told = chance.choice(("0", "-1", "1" * 5000, "x", "\u0663", "99999999999", " 5 ", "5, 5"))
    return Garbled(answer.status, answer.content, {"Content-Length": told, "Location": "https://elsewhere"})


def _with(answer: Garbled, content: bytes) -> Garbled:
    return Garbled(answer.status, content, answer.headers, answer.breaks)


Saying = Callable[[Any, random.Random], Any]
Writing = Callable[[Garbled, random.Random], Garbled]
SAYINGS: tuple[tuple[Saying, int], ...] = (
    (_other_value, 40),
    (_same_everywhere, 15),
    (_all_values, 5),
    (_gone, 10),
    (_renamed, 10),
    (_added, 10),
    (_list_for_map, 15),
    (_swapped, 10),
    (_many, 3),
)
WRITINGS: tuple[tuple[Writing, int], ...] = (
    (_cut, 10),
    (_cut_off, 10),
    (_flipped, 15),
    (_twice, 15),
    (_encoded, 10),
    (_something_else, 20),
    (_status, 20),
    (_type, 5),
    (_packed, 15),
    (_told_size, 10),
)
