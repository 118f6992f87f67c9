"""Stand-in for Telegram: the Bot API over HTTP with a web chat, in memory, as strict as the real one."""

from bot.demo.telegram.routes import app, routes
from bot.demo.telegram.seed import populated
from bot.demo.telegram.world import Telegram
from bot.demo.wire import AbortableProtocol

__all__ = ["AbortableProtocol", "Telegram", "app", "populated", "routes"]
