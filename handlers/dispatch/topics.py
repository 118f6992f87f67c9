"""The topics of commands, in the order in which /help, the menus and the README show them."""

from enum import Enum

from bot.messages.message import mark


class Topic(Enum):
    """The value is the heading, marked for translation. Within a topic the order is that of the rules."""

    NOW = mark("📞 Right now")
    INCIDENTS = mark("🚨 Incidents")
    CALLS = mark("📒 Calls that have ended")
    EMPLOYEES = mark("👥 Employees")
    TRUNKS = mark("🔌 Trunks")
    SILENCES = mark("🔕 Mutes and maintenance")
    ONCALL = mark("📟 On call")
    STATIONS = mark("🏢 PBXs")
    ACCESS = mark("🔐 Access")
    BOT = mark("🤖 The bot")
