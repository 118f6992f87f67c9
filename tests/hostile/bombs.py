"""Excel files that are small, and much when they are unpacked or read."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from bot.spreadsheet.writing import write_excel

SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER: Sequence[Any] = ["number", "name"]
STRINGS = "xl/sharedStrings.xml"
SHEET = "xl/worksheets/sheet1.xml"


def bomb(unpacked: int) -> bytes:
    """An ordinary table with a list of strings, `unpacked` bytes of it, that nothing uses."""
    string = "<si><t>a</t></si>"
    with zipfile.ZipFile(io.BytesIO(ordinary())) as file:
        used = file.read(STRINGS).decode().removesuffix("</sst>")
    return packed({STRINGS: f"{used}{string * (unpacked // len(string))}</sst>".encode()})


def ordinary() -> bytes:
    return write_excel([HEADER, ["301", "Anna"]], "people")


def one_row(cells: int) -> bytes:
    return packed({SHEET: _sheet('<row r="1">' + '<c t="n"><v>1</v></c>' * cells + "</row>")})


def empty_rows(number: int) -> bytes:
    return packed({SHEET: _sheet("<row/>" * number)})


def laughing() -> bytes:
    """Entities within entities: a hundred million letters."""
    entities = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8))
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&i;</t></is></c></row>'
    return packed({SHEET: f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{entities}]>'.encode() + _sheet(cell)})


def lying(content: bytes) -> bytes:
    """The same file, which says of each part that it unpacks to ten bytes."""
    lie, said = (10).to_bytes(4, "little"), bytearray(content)
    for signature, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = said.find(signature)
        while at >= 0:
            said[at + place : at + place + 4] = lie
            at = said.find(signature, at + 4)
    return bytes(said)


def packed(parts: dict[str, bytes], more: int = 0) -> bytes:
    """An ordinary table with other parts instead of its own, and `more` that nobody asked for."""
    stored = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(ordinary())) as table,
        zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as file,
    ):
        for name in table.namelist():
            if name not in parts:
                file.writestr(name, table.read(name))
        for name, part in parts.items():
            file.writestr(name, part)
        for number in range(more):
            file.writestr(f"xl/media/{number}", b"")
    return stored.getvalue()


def _sheet(rows: str) -> bytes:
    return f'<worksheet xmlns="{SHEETS}"><sheetData>{rows}</sheetData></worksheet>'.encode()
