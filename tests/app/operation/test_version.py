"""`mikopbx-bot --version`."""

import json
import re
from importlib import metadata
from pathlib import Path

import pytest

from bot import cli
from bot.app.operation import version


def test_the_version_is_one_line_for_a_report_of_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    told = capsys.readouterr().out
    assert re.fullmatch(r"mikopbx-bot \d+\.\d+\.\d+( \(commit [0-9a-f]{8}\))?, Python 3\.\d+\.\d+\n", told)


def test_the_commit_is_that_of_the_wheel_or_of_pip_or_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "COMMIT_FILE", tmp_path / "commit.txt")
    monkeypatch.setattr(version, "CHECKOUT", tmp_path)
    noted = {"vcs_info": {"commit_id": "f" * 40}}
    monkeypatch.setattr(metadata.PathDistribution, "read_text", lambda _self, _name: json.dumps(noted))
    assert f"(commit {'f' * 8})" in version.described()
    (tmp_path / "commit.txt").write_text("0123abcd\n")
    assert "(commit 0123abcd)" in version.described()
    (tmp_path / "commit.txt").unlink()
    monkeypatch.setattr(metadata.PathDistribution, "read_text", lambda _self, _name: None)
    assert "commit" not in version.described()
