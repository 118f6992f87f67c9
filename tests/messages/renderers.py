"""Renderer of each language, cached: compiling its templates takes longer than most tests."""

from functools import cache

from bot.messages.renderer import Renderer


@cache
def renderer(language: str = "en") -> Renderer:
    """Return the renderer of the bot's own templates for one station; rendering leaves no state."""
    return Renderer(language)
