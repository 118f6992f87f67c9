"""What people can say to the bot: one file per topic. Importing the package fills the catalogue, in this order."""

# The order of /help and of the menus.
# isort: off
from handlers import status, status_one, calls, cdr, record_card, recordings, stats, missed
from handlers import employees, add_employee, edit_employee, delete_employee, import_employees, export_employees
from handlers import trunks, add_trunk, edit_trunk, switch_trunk, delete_trunk
from handlers import alerts, help  # noqa: A004

# isort: on
from handlers.command import CATALOGUE

__all__ = [
    "CATALOGUE",
    "add_employee",
    "add_trunk",
    "alerts",
    "calls",
    "cdr",
    "delete_employee",
    "delete_trunk",
    "edit_employee",
    "edit_trunk",
    "employees",
    "export_employees",
    "help",
    "import_employees",
    "missed",
    "record_card",
    "recordings",
    "stats",
    "status",
    "status_one",
    "switch_trunk",
    "trunks",
]
