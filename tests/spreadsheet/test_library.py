"""Contract with openpyxl and json: the behaviour that bot/spreadsheet/reader.py and bot/sandbox rely on."""

import json
import json.scanner
import subprocess
import sys
from io import BytesIO

import openpyxl
import pytest


def test_rows_of_a_sheet_are_tuples_of_values_within_the_limits() -> None:
    book, content = openpyxl.Workbook(), BytesIO()
    assert book.active is not None
    for row in ([1, "=1+1", None, "beyond"], [None], [True, 1.5]):
        book.active.append(row)
    book.save(content)
    sheet = openpyxl.load_workbook(content, read_only=True, data_only=True).worksheets[0]
    rows = [*sheet.iter_rows(max_row=1 << 20, max_col=3, values_only=True)]
    # A formula without a stored result has no value, and a row that the file leaves out is there.
    assert rows == [(1, None, None), (None, None, None), (True, 1.5, None)]


def test_a_sheet_tells_where_it_is_in_the_file() -> None:
    content = BytesIO()
    openpyxl.Workbook().save(content)
    (sheet,) = openpyxl.load_workbook(content, read_only=True).worksheets
    assert sheet._worksheet_path == "xl/worksheets/sheet1.xml"  # type: ignore[attr-defined]


def test_openpyxl_works_where_numpy_cannot_be_imported() -> None:
    code = "import sys; sys.modules['numpy'] = None; import openpyxl; print(openpyxl.NUMPY)"
    done = subprocess.run([sys.executable, "-P", "-s", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_json_reads_with_the_scanner_of_its_decoder_and_has_one_in_python() -> None:
    class Decoder(json.JSONDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]

    assert Decoder().scan_once.__code__.co_filename == json.scanner.__file__
    assert json.loads('{"a": [1, "b", null, 1.5]}', cls=Decoder) == {"a": [1, "b", None, 1.5]}

    class Refusing(json.JSONDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.scan_once = lambda _text, _at: ("scanned", _at + 1)

    assert json.loads("1", cls=Refusing) == "scanned"
    with pytest.raises(json.JSONDecodeError):
        json.loads("{", cls=Decoder)
