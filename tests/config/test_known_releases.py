"""The table of releases: the shipped one, a file in its place, and one that breaks while the bot runs."""

import os
from pathlib import Path

import pytest

from bot.config.errors import WrongSettings
from bot.config.known_releases import ReleaseTable, read_known_releases, shipped_releases, version_of
from bot.config.loading import load_settings

TABLE = """
[[release]]
version = "2026.9.5"
released = 2026-11-20
security = true

[[release]]
version = "2026.10.1"

[[fault]]
name = "a_fault"
fixed_in = "2026.10.1"
costs = "it burns"
remedy = "update it"
"""


def test_the_shipped_table_is_in_order_and_worded_in_both_languages() -> None:
    table = shipped_releases()
    versions = [version_of(one.version) for one in table.releases]
    assert versions == sorted(set(versions))
    assert [one.released for one in table.releases] == sorted(one.released for one in table.releases if one.released)
    for fault in table.faults:
        assert fault.costs_ru
        assert fault.remedy_ru
        # Every fault is closed by a release that one can update to.
        assert any(one.version == fault.fixed_in and one.security for one in table.releases)


def test_a_file_takes_its_place_and_versions_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "known_releases.toml"
    path.write_text(TABLE)
    table = read_known_releases(path)
    assert [one.version for one in table.releases] == ["2026.9.5", "2026.10.1"]
    # Without Russian words the others are shown.
    assert table.faults[0].facts()["costs"] == {"en": "it burns", "ru": "it burns"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "names no release"),
        (b"[[release]", "is not TOML"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"[[release]]\n", "release 1 version is missing; add it"),
        (b'[[release]]\nversion = "newest"\n', "release 1 version is not a version; write it like 2026.6.99"),
        (b"[[release]]\nversion = 2026.6\n", "release 1 version is not a text; write it in quotes"),
        (b'[release]\nversion = "2026.6.99"\n', "release is not a list; begin each one with a line in double brackets"),
        (TABLE.encode() + TABLE.encode(), " twice; take one out"),
        (b'[[release]]\nversion = "2026.6.99"\nreleased = "2026-11-20"\n', "released is not a date; write it like"),
        (b'[[release]]\nversion = "2026.6.99"\nsecurty = true\n', "release 1 securty is not known; take it out"),
        (b'[[release]]\nversion = "2026.6.99"\nsecurity = "yes"\n', "release 1 security is neither true nor false"),
        (TABLE.encode() + b'severity = "high"\n', "fault 1 severity is not known; take it out"),
        (b"#" * 1_000_001, "is too large"),
    ],
)
def test_a_wrong_file_is_one_line_with_the_place(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "known_releases.toml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=complaint) as wrong:
        read_known_releases(path)
    assert str(path) in str(wrong.value)
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_no_file_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be read|is no file"):
        read_known_releases(tmp_path / name)


def test_a_changed_file_is_read_again_and_a_broken_one_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "known_releases.toml"

    def write(text: str, at: int) -> None:
        path.write_text(text)
        os.utime(path, (at, at))

    write(TABLE, 1)
    table = ReleaseTable(path)
    for number, broken in enumerate(("", "[[release]", '[[release]]\nversion = "x"')):
        write(broken, 2 + number)
        assert len(table.current.releases) == 2
    path.unlink()
    assert len(table.current.releases) == 2
    write(TABLE.replace("2026.10.1", "2026.10.2") + '[[release]]\nversion = "2026.11.1"\n', 9)
    assert [one.version for one in table.current.releases] == ["2026.9.5", "2026.10.2", "2026.11.1"]


def test_a_broken_file_is_a_wrong_setting_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known_releases.toml").write_text("[[release]")
    needed = {
        "TELEGRAM_TOKEN": "1234567890:" + "A" * 35,
        "ADMINS": "1001",
        "PBX_URL": "https://pbx",
        "PBX_API_KEY": "k",
    }
    for name, value in {**needed, "KNOWN_RELEASES": "known_releases.toml"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings) as wrong:
        load_settings()
    (line,) = wrong.value.lines
    assert line.startswith("KNOWN_RELEASES: known_releases.toml is not TOML: ")
