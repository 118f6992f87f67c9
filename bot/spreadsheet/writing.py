"""Tables for people: CSV and Excel. Pure; not for the event loop.

Excel files are written here and not by openpyxl: it takes half a second to load, and puts what it writes, passwords
too, into temporary files. Every cell is text within its sheet, the form in which openpyxl itself writes texts.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from bot.sandbox.task import MEGABYTE, Task
from bot.spreadsheet.formulas import guarded

# Telegram takes no larger file from a bot.
WRITE = Task(__name__, "write", seconds=60, most=50 * MEGABYTE)

# Excel's format has no place for these; the line ends of other systems become its own.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LINE_END = re.compile(r"\r\n?")
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SCHEMAS = "http://schemas.openxmlformats.org"
RELATIONS = f"{SCHEMAS}/package/2006/relationships"
OFFICE = f"{SCHEMAS}/officeDocument/2006/relationships"
SHEETS = f"{SCHEMAS}/spreadsheetml/2006/main"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
WIDE_COLUMNS = 16
# Places in the list of styles below. Format 49 is text: numbers keep their zeros.
TEXT, HEADER = 1, 2
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{SCHEMAS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{RELATIONS}">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{SHEETS}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
SHEET = (
    f'<worksheet xmlns="{SHEETS}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    f'<cols><col min="1" max="{WIDE_COLUMNS}" width="22" customWidth="1"/></cols><sheetData>'
)


def packed(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as `write` takes them: a line of JSON each. What is packed in parts may be put together."""
    return b"".join(json.dumps([*row], default=str).encode() + b"\n" for row in rows)


def write(content: bytes, form: str, sheet_name: str) -> bytes:
    """`content` is what `packed` gave; `form` is csv or xlsx; a CSV file has no sheet to be named."""
    rows: Iterator[list[Any]] = map(json.loads, io.BytesIO(content))
    return write_csv(rows) if form == "csv" else write_excel(rows, sheet_name)


def write_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """With the mark and the separator that let Excel open it with a double click."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    for row in rows:
        writer.writerow([guarded(str(cell)) for cell in row])
    return text.getvalue().encode("utf-8-sig", "replace")


def write_excel(rows: Iterable[Sequence[Any]], sheet_name: str) -> bytes:
    """The first row is the header. Every cell is text, so that numbers keep their zeros and formulas stay letters."""
    stored = io.BytesIO()
    book = (
        f'<workbook xmlns="{SHEETS}" xmlns:r="{OFFICE}"><sheets>'
        f'<sheet name="{escape(sheet_name)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in {**PARTS, "xl/workbook.xml": book}.items():
            file.writestr(name, HEAD + part)
        with file.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write((HEAD + SHEET).encode())
            for number, row in enumerate(rows, 1):
                sheet.write(_row(number, row).encode())
            sheet.write(b"</sheetData></worksheet>")
    return stored.getvalue()


def _row(number: int, row: Sequence[Any]) -> str:
    style = HEADER if number == 1 else TEXT
    cells = (
        f'<c r="{_column(place)}{number}" s="{style}" t="inlineStr">'
        f'<is><t xml:space="preserve">{_text(value)}</t></is></c>'
        for place, value in enumerate(row)
    )
    return f'<row r="{number}">{"".join(cells)}</row>'


def _text(value: Any) -> str:
    storable = UNSTORABLE.sub("", LINE_END.sub("\n", str(value)))
    return escape(guarded(storable), quote=False)


def _column(place: int) -> str:
    """A to Z, then AA and so on."""
    letters = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
