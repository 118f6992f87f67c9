"""Commands beside the running bot: set up, check, access, the service, the database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.cli.refusals import EXIT_REFUSED, EXIT_WRONG_SETTINGS, refused

if TYPE_CHECKING:
    import argparse


def setup(options: argparse.Namespace) -> int:
    """Ask for the token, the PBX, its key, the administrator and the group, check each, and write .env."""
    from bot.app.setup.command import run

    return run(options, install_service)


def access(options: argparse.Namespace) -> int:
    """Print each person's permissions; for one person, every rule, and why it allows or denies."""
    from bot.app.access_report import NotMet, print_report
    from bot.config.errors import WrongSettings
    from bot.config.loading import environment, load_settings
    from bot.config.stations_file import read_stations
    from bot.store.database import DatabaseError
    from bot.store.database_errors import database_message, database_remedy

    try:
        settings = load_settings()
        asyncio.run(print_report(settings, read_stations(settings, environment()), options.who, options.station))
    except WrongSettings as wrong:
        return refused(wrong.lines, EXIT_WRONG_SETTINGS)
    except DatabaseError as error:
        return refused([f"DATABASE_URL: {database_remedy(error) or database_message(error)}"], EXIT_WRONG_SETTINGS)
    except NotMet as not_met:
        return refused([str(not_met)], EXIT_REFUSED)
    return 0


def check(options: argparse.Namespace) -> int:
    """Check the installation: settings, Telegram, people and groups, PBXs, database, service. Each fault is told with
    one remedy; nothing is changed, and the bot may run meanwhile. Exit code 0; 1 if something is wrong; 2 if the
    settings are."""
    from bot.app.check.command import check_installation

    return check_installation(options.station, json=options.json)


def back_up_database(options: argparse.Namespace) -> int:
    """Copy the SQLite database of the settings into a file, also while the bot runs."""
    from bot.app.operation.backup import back_up_with_report
    from bot.config.errors import WrongSettings
    from bot.config.loading import load_settings
    from bot.store.backup import BackupRefused

    try:
        back_up_with_report(load_settings().database_url, options.file)
    except WrongSettings as wrong:
        return refused(wrong.lines, EXIT_WRONG_SETTINGS)
    except BackupRefused as error:
        return refused([f"Not backed up: {error}"], EXIT_REFUSED)
    return 0


def install_service(options: argparse.Namespace) -> int:
    """Write a systemd unit for the bot as it is installed here, and print the commands that are left."""
    from bot.app.operation.service import ServiceRefused, install
    from bot.config.errors import WrongSettings
    from bot.config.surroundings import working_folder

    try:
        working_folder()
        print(install(user=options.user, dry_run=options.dry_run))
    except WrongSettings as wrong:
        return refused(wrong.lines, EXIT_WRONG_SETTINGS)
    except ServiceRefused as error:
        return refused([f"Not installed: {error}"], EXIT_REFUSED)
    return 0


def copy_database(options: argparse.Namespace) -> int:
    """Copy a database to another one, e.g. from SQLite to PostgreSQL. Stop the bot first. Row counts and checksums of
    both are compared; on any difference nothing is kept of the copy."""
    from bot.app.database_copy import copy_with_report
    from bot.store.copying import CopyRefused
    from bot.store.database import DatabaseError
    from bot.store.database_errors import database_message

    try:
        asyncio.run(copy_with_report(options.source, options.target))
    except (CopyRefused, ValueError) as error:
        return refused([f"Not copied: {error}"], EXIT_REFUSED)
    except DatabaseError as error:
        return refused([f"Not copied, database error: {database_message(error)}"], EXIT_REFUSED)
    return 0
