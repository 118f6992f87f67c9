"""Stand-in MikoPBX: REST API v3 in memory with the answers of a real one, and fault injection."""

from bot.demo.pbx.web.front import app, behind, routes
from bot.demo.pbx.world import StandinPbx
from bot.demo.wire import AbortableProtocol as PbxProtocol

__all__ = ["PbxProtocol", "StandinPbx", "app", "behind", "routes"]
