"""Text of an iCalendar file as calendar programs write, mail and publish it. Pure."""

import codecs
import re

from bot.text.normalization import normalized

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
BEGIN = re.compile(r"^[^\S\n]*BEGIN[^\S\n]*:[^\S\n]*VCALENDAR\b", re.IGNORECASE | re.MULTILINE)
END = re.compile(r"^[^\S\n]*END[^\S\n]*:[^\S\n]*VCALENDAR\b", re.IGNORECASE | re.MULTILINE)
LINE_ENDS = re.compile(r"[\r\n]+")
# A time in small letters, which the library does not read.
SMALL_TIME = re.compile(r"(?<=[:,=])\d{8}t\d{6}z?")
# A zone with a colon, as Microsoft writes `tzone://Microsoft/Custom`, which must stand in quotes.
ZONE = re.compile(r";TZID=([^\"\n;]{1,200}?):(?=\d{8})", re.IGNORECASE)
# A word of Cyrillic letters in a code page of eight bits; in Western ones letters beyond ASCII stand alone.
CYRILLIC_WORD = re.compile(rb"[\xa8\xb8\xc0-\xff]{3}")


def decoded(content: bytes, charset: str | None = None) -> str:
    """Decode by the byte order mark, as UTF-8, by the `charset` that a server named, or as Windows writes it; without
    invisible characters, with the keyboard's own hyphens and spaces."""
    return normalized(_decoded(content, charset))


def _decoded(content: bytes, charset: str | None) -> str:
    if content.startswith(UTF_16):
        return content.decode("utf-16", "replace")
    if content[:1] == b"\0" or content[1:2] == b"\0":
        return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le", "replace")
    for encoding in ("utf-8-sig", charset):
        try:
            if encoding:
                return content.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return content.decode("cp1251" if CYRILLIC_WORD.search(content) else "cp1252", "replace")


def calendars_in(text: str) -> str:
    """Return the text from the first calendar's beginning to the last one's end, with plain line ends.

    Empty if there is no calendar, or its end is missing: shifts would be missing too.
    """
    lines = SMALL_TIME.sub(lambda time: time[0].upper(), LINE_ENDS.sub("\n", text))
    lines = ZONE.sub(r';TZID="\1":', lines)
    begin, ends = BEGIN.search(lines), list(END.finditer(lines))
    if begin is None or not ends or ends[-1].start() < begin.end():
        return ""
    return lines[begin.start() : ends[-1].end()] + "\n"
