"""Build hook: notes in the wheel the commit that it is made of, for `mikopbx-bot --version`."""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or not (Path(self.root) / ".git").exists():
            return
        command = ("git", "-C", self.root, "rev-parse", "--short=8", "HEAD")
        found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if found.returncode == 0:
            self._folder = tempfile.TemporaryDirectory()
            noted = Path(self._folder.name) / "commit.txt"
            noted.write_text(found.stdout)
            build_data["force_include"][str(noted)] = "bot/app/operation/commit.txt"
