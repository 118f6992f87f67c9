"""Importing `handlers` imports all its modules: a module declares its commands by lying in a folder of a topic."""

import pkgutil
import subprocess
import sys

import handlers
from tests.fixtures.paths import ROOT

# No other module imports it.
LEAF = "handlers.trunks.toggle_trunk"


def test_every_module_is_imported() -> None:
    names = {one.name for one in pkgutil.walk_packages(handlers.__path__, "handlers.")}
    assert LEAF in names
    assert names <= sys.modules.keys()


def test_a_module_that_does_not_import_ends_the_program() -> None:
    code = f"import sys; sys.modules[{LEAF!r}] = None; import handlers"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert LEAF in ended.stderr
