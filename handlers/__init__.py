"""Commands and buttons. Importing the package imports all its modules, which declare them: each command, button, answer
and hook."""

from importlib import import_module
from pkgutil import walk_packages

from handlers.dispatch.declare import CATALOGUE
from handlers.dispatch.hooks import HOOKS

__all__ = ["CATALOGUE", "HOOKS"]

# In the order of their names: hooks always run in the same order. A module that does not import ends the program.
for _module in walk_packages(__path__, f"{__name__}."):
    import_module(_module.name)
