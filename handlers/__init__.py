"""What people can say to the bot: one file per topic. Importing the package fills the catalogue."""

from handlers import alerts, calls, cdr, employees, help, status  # noqa: A004 (named by its command)
from handlers.command import CATALOGUE

__all__ = ["CATALOGUE", "alerts", "calls", "cdr", "employees", "help", "status"]
