"""Command line: run the bot, or a demo without a PBX and without Telegram.

Imports are inside the commands, so that each loads only its own.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from bot.cli.arguments import command_parser
from bot.cli.output import writable_output
from bot.cli.refusals import EXIT_WRONG_SETTINGS
from bot.cli.running import run

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of these arguments, by default the process's; return the exit code."""
    with writable_output() as output:
        output.code = _main(arguments)
    return output.code


def _main(arguments: Sequence[str] | None) -> int:
    declared = command_parser()
    options = declared.parse_args(arguments)
    if options.version:
        from bot.app.operation.version import described

        print(described())
        return 0
    if options.command is None:
        declared.print_help()
        return EXIT_WRONG_SETTINGS
    if options.command is run:
        # Measured: garbage collection took a fifth of the start, without any garbage to free.
        gc.disable()
    _load_without_extras()
    from bot.runtime.file_modes import restrict_umask

    restrict_umask()
    code: int = options.command(options)
    return code


def _load_without_extras() -> None:
    """Load structlog and httpx without their optional imports (rich tracebacks, the command line of httpx).
    Measured: 67 ms and 5 MB."""
    extras = {"rich", "httpx._main"} - sys.modules.keys()
    sys.modules.update(dict.fromkeys(extras))  # type: ignore[arg-type]  # None: it cannot be imported
    import httpx  # noqa: F401
    import structlog  # noqa: F401

    for name in extras:
        del sys.modules[name]
