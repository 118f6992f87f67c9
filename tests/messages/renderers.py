"""One renderer for each language: to prepare its templates takes longer than most tests."""

from functools import cache

from bot.messages.renderer import Renderer


@cache
def renderer(language: str = "en") -> Renderer:
    """The bot's own templates, of one station: it keeps nothing of what it has rendered."""
    return Renderer(language)
