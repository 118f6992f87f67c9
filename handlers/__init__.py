"""What people can say to the bot: one file per topic. Importing the package fills the catalogue, in this order."""

from handlers import status, calls, cdr, employees, add_employee, edit_employee, delete_employee, alerts, help  # noqa: A004, I001 (the order of /help and the menus)
from handlers.command import CATALOGUE

__all__ = [
    "CATALOGUE",
    "add_employee",
    "alerts",
    "calls",
    "cdr",
    "delete_employee",
    "edit_employee",
    "employees",
    "help",
    "status",
]
