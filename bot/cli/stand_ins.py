"""The demo, whole or one of its stand-ins alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.cli.refusals import EXIT_REFUSED, refused

if TYPE_CHECKING:
    import argparse


def demo(options: argparse.Namespace) -> int:
    """Run a stand-in PBX, a stand-in Telegram with a web page, and the real bot between them."""
    from importlib.util import find_spec

    if find_spec("python_multipart") is None:
        return refused(
            ["The demo needs the extra of that name: pipx inject mikopbx-bot python-multipart"], EXIT_REFUSED
        )
    from bot.demo.launcher import stage

    return asyncio.run(stage(options.port, options.language, options.pbxs, options.dialect))


def demo_pbx(options: argparse.Namespace) -> int:
    """Run the stand-in MikoPBX alone."""
    from bot.demo.launcher import serve_pbx

    asyncio.run(serve_pbx(options.port, options.api_key, options.speed, options.dialect))
    return 0


def demo_telegram(options: argparse.Namespace) -> int:
    """Run the stand-in Telegram alone, with its web page."""
    from bot.demo.launcher import serve_telegram

    asyncio.run(serve_telegram(options.port, options.token))
    return 0
