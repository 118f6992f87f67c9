"""Parse HTML as Telegram's server does: visible text and entities, or the server's error."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

from bot.demo.telegram.bot_api.refusal import BotApiRefused, bad_request
from bot.demo.telegram.model import Entity

KINDS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    "a": "text_link",
    "blockquote": "blockquote",
    "code": "code",
    "pre": "pre",
    "tg-emoji": "custom_emoji",
}
CHARACTER = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot));?")
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
CLOSING = re.compile(r"\s*>")
HOST = re.compile(r"[^\s@]+\.[^\s.@]+(?::\d+)?")
START = re.compile(r"<([^\s>]*)")
END = re.compile(r"</([^\s>]*)\s*>")
ATTRIBUTE = re.compile(r"""\s*([^\s=>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9.-]+)(?=[\s>])))?""")


def units(text: str) -> int:
    """Return the length in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def unescape(text: str) -> str:
    return CHARACTER.sub(lambda found: _character(found) or found[0], text)


def _character(found: re.Match[str]) -> str | None:
    if found[3]:
        return NAMED[found[3]]
    code = int(found[1], 16) if found[1] else int(found[2])
    if 0xD800 <= code < 0xE000:
        raise bad_request("strings must be encoded in UTF-8")
    return chr(code) if 0 < code < 0x110000 else None


@dataclass
class _Open:
    tag: str
    start: int
    piece: int
    argument: str


@dataclass
class _Reader:
    source: str
    at: int = 0
    offset: int = 0
    pieces: list[str] = field(default_factory=list)
    opened: list[_Open] = field(default_factory=list)
    found: list[Entity] = field(default_factory=list)

    def read(self) -> tuple[str, list[Entity]]:
        while self.at < len(self.source):
            if self.source.startswith("</", self.at):
                self._end_tag()
            elif self.source[self.at] == "<":
                self._start_tag()
            else:
                self._text()
        if self.opened:
            raise self._error(f'Can\'t find end tag corresponding to start tag "{self.opened[-1].tag}"')
        return "".join(self.pieces), self.found

    def _text(self) -> None:
        end = self.source.find("<", self.at)
        end = len(self.source) if end < 0 else end
        piece = unescape(self.source[self.at : end])
        self.pieces.append(piece)
        self.offset += units(piece)
        self.at = end

    def _start_tag(self) -> None:
        begin = self.at
        match = START.match(self.source, begin)
        self.at = match.end() if match else len(self.source)
        if match is None or self.at >= len(self.source):
            raise self._error("Unclosed start tag", begin)
        tag = match[1].lower()
        if tag not in KINDS:
            raise self._error(f'Unsupported start tag "{tag}"', begin)
        argument = self._argument(tag, begin)
        if tag == "span" and argument != "spoiler":
            raise self._error('Tag "span" must have class "tg-spoiler"', begin)
        self.opened.append(_Open(tag, self.offset, len(self.pieces), argument))

    def _argument(self, tag: str, begin: int) -> str:
        argument = ""
        while not (closing := CLOSING.match(self.source, self.at)):
            match = ATTRIBUTE.match(self.source, self.at)
            if match is None:
                raise self._error("Unclosed start tag", begin)
            self.at = match.end()
            value = match[2] or match[3] or match[4] or ""
            argument = _meaning(tag, match[1], unescape(value)) or argument
        self.at = closing.end()
        return argument

    def _end_tag(self) -> None:
        begin = self.at
        if not self.opened:
            raise self._error("Unexpected end tag", begin)
        match = END.match(self.source, begin)
        if match is None:
            raise self._error("Unclosed end tag", begin)
        opened = self.opened.pop()
        if match[1] and match[1].lower() != opened.tag:
            raise bad_request(
                f"can't parse entities: Unmatched end tag at byte offset {self._bytes(begin)}, "
                f'expected "</{opened.tag}>", found "</{match[1]}>"'
            )
        self.at = match.end()
        if self.offset > opened.start:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        content = "".join(self.pieces[opened.piece :])
        entity = Entity(KINDS[opened.tag], opened.start, self.offset - opened.start)
        inner = self.found[-1] if self.found else None
        if (
            opened.tag == "pre"
            and inner
            and inner.details
            and (inner.type, inner.offset, inner.end) == ("code", entity.offset, entity.end)
        ):
            self.found.pop()
            entity = replace(entity, details=inner.details)
        elif opened.tag == "a":
            linked = _link(entity, opened.argument or content)
            if linked is None:
                return
            entity = linked
        elif opened.tag == "code" and opened.argument and self.opened and self.opened[-1].tag == "pre":
            entity = replace(entity, details=(("language", opened.argument),))
        elif opened.tag == "blockquote" and opened.argument:
            entity = replace(entity, type="expandable_blockquote")
        elif opened.tag == "tg-emoji":
            entity = replace(entity, details=(("custom_emoji_id", opened.argument),))
        self.found.append(entity)

    def _bytes(self, at: int) -> int:
        return len(self.source[:at].encode())

    def _error(self, reason: str, at: int | None = None) -> BotApiRefused:
        where = "" if at is None else f" at byte offset {self._bytes(at)}"
        return bad_request(f"can't parse entities: {reason}{where}")


def _meaning(tag: str, name: str, value: str) -> str:
    match tag, name:
        case ("a", "href") | ("tg-emoji", "emoji-id"):
            return value
        case "code", "class":
            return value.removeprefix("language-")
        case "span", "class":
            return value.removeprefix("tg-")
        case "blockquote", "expandable":
            return "yes"
    return ""


def _link(entity: Entity, target: str) -> Entity | None:
    """Return the link. An invalid target is no error for Telegram: the text stays, without a link."""
    try:
        address = urlsplit(target if "://" in target else f"http://{target}")
    except ValueError:
        return None
    if address.scheme == "tg" and address.netloc == "user":
        user = parse_qs(address.query).get("id", [""])[0]
        return replace(entity, type="text_mention", details=(("user", user),)) if user.isdigit() else None
    if address.scheme not in {"http", "https"} or not HOST.fullmatch(address.netloc):
        return replace(entity, details=(("url", target),)) if address.scheme == "tg" else None
    return replace(entity, details=(("url", address._replace(path=address.path or "/").geturl()),))


# Telegram checks the end of a domain against the list of existing ones; here every word passes, so that false links
# appear rather than missing ones.
_LABEL = r"[\w~\xc0-\u1fff\u200c\u200d\u2070-\U0010ffff-]"
_TAG = r"[\w\xb7\u200c]"
_PATH = r"(?::\d{1,5})?(?:[/?#][^\s<>\"«»]*(?<![.:;,('?!`)]))?"
_DOMAIN = rf"(?:{_LABEL}+\.)+(?:[^\W\d_]{{2,63}}|xn--\w+)"
_FIGURES = r"(?:\d{1,3}\.){3}\d{1,3}"
_BEGIN, _END = rf"(?:(?<!{_LABEL})(?<![/#@.])|(?<=[^\s@]@))", rf"(?!\.?{_LABEL})"
DETECTED = (
    ("email", re.compile(r"(?<![\w.+@-])[A-Za-z0-9_.+-]+@(?:[A-Za-z0-9][A-Za-z0-9_-]*\.)+[A-Za-z]{2,8}(?![\w-])")),
    (
        "url",
        re.compile(
            rf"(?:https?|ftp)://{_LABEL}+(?:\.{_LABEL}+)+{_PATH}|(?:tg|ton|tonsite)://[\w-]+{_PATH}"
            rf"|{_BEGIN}(?:{_DOMAIN}|{_FIGURES}){_END}(?!@){_PATH}",
            re.IGNORECASE,
        ),
    ),
    ("bot_command", re.compile(r"(?<![\w/<>@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])")),
    ("mention", re.compile(r"(?<!\w)@(?:[A-Za-z0-9_]{4,32}|gif|vid|pic)(?!\w)")),
    ("hashtag", re.compile(rf"(?<!{_TAG})#(?={_TAG}*[^\W\d_]){_TAG}{{1,256}}(?!{_TAG}*#)")),
    ("cashtag", re.compile(r"(?<![\w\xb7\u200c$])\$(?:1INCH|[A-Z]{1,8})(?![\w\xb7\u200c$])")),
    ("phone_number", re.compile(r"(?<!\w)\+\d[\d ()-]{6,}\d(?!\w)")),
)
OPAQUE = frozenset({"code", "pre", "text_link", "text_mention"})


def detect(text: str, formatted: list[Entity]) -> list[Entity]:
    """Return the formatting and the entities that Telegram detects itself: commands, mentions, links, …"""
    result = list(formatted)
    taken = [entity for entity in formatted if entity.type in OPAQUE]
    for entity in _detected(text):
        if not any(entity.offset < other.end and other.offset < entity.end for other in taken):
            taken.append(entity)
            result.append(entity)
    return sorted(result, key=lambda entity: (entity.offset, -entity.length))


def _detected(text: str) -> Iterator[Entity]:
    for kind, pattern in DETECTED:
        for match in pattern.finditer(text):
            yield Entity(kind, units(text[: match.start()]), units(match[0]))


def strip(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Strip white space at both ends after the entities are parsed, as Telegram does."""
    cut = units(text) - units(text.lstrip())
    text = text.strip()
    size = units(text)
    clipped = []
    for entity in entities:
        start, end = max(entity.offset - cut, 0), min(entity.end - cut, size)
        if end > start:
            clipped.append(replace(entity, offset=start, length=end - start))
    return text, clipped


def read_html(source: str) -> tuple[str, list[Entity]]:
    """Parse HTML. Raises BotApiRefused "Bad Request: can't parse entities: …" with the server's text, offsets in bytes
    of UTF-8."""
    return _Reader(source).read()
