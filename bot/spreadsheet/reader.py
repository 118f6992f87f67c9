"""Read an uploaded CSV or Excel file, by content, not by name. Pure; not for the event loop."""

from bot.messages.message import mark
from bot.sandbox.task import MEGABYTE, Task, TaskRefused
from bot.spreadsheet.csv_reader import read_csv
from bot.spreadsheet.encodings import decode
from bot.spreadsheet.table import Table

MAX_BYTES = 5 * MEGABYTE
# Signature of the old Office container, also used for encrypted new files.
OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"

READ = Task(__name__, "read", seconds=20, max_result=3 * MEGABYTE, within=180.0)


def read(content: bytes) -> Table:
    """Return the rows within the limits of `bot.spreadsheet.table`. Raises TaskRefused, also beyond them."""
    if len(content) > MAX_BYTES:
        raise TaskRefused(mark("The file is larger than 5 MB."))
    if content.startswith(b"PK\x03\x04"):
        # Slow import, 0.5 s; a CSV file does not need it.
        from bot.spreadsheet.excel_reader import read_excel

        return read_excel(content)
    if content.startswith(OLD_OR_LOCKED):
        raise TaskRefused(
            mark(
                "This Excel file has a password or is in the old .xls format. "
                "Save it as .xlsx without a password, or as CSV."
            )
        )
    if content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff")):
        raise TaskRefused(mark("This is neither a CSV nor an XLSX file. Save the table as one of these."))
    return read_csv(decode(content))
