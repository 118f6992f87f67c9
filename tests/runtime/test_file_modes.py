"""Files with secrets are readable by the bot's account only; a warning reports any other mode."""

import os
import resource
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.runtime import file_modes


def made(path: Path, mode: int) -> Path:
    path.touch()
    path.chmod(mode)
    return path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_database_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file_modes.make_private(str(tmp_path / "new.sqlite3"))
    finally:
        os.umask(before)
    assert mode(tmp_path / "new.sqlite3") == 0o600


def test_where_no_database_can_be_created_sqlite_is_left_to_say_so(tmp_path: Path) -> None:
    made(tmp_path / "file", 0o600)
    file_modes.make_private(str(tmp_path / "file" / "new.sqlite3"))
    file_modes.make_private(str(tmp_path / "none" / "new.sqlite3"))
    assert sorted(tmp_path.iterdir()) == [tmp_path / "file"]


def test_what_sqlite_laid_beside_an_open_database_is_closed_too(tmp_path: Path) -> None:
    files = [made(tmp_path / f"bot.sqlite3{ending}", 0o664) for ending in ("", "-wal", "-shm", "-journal")]
    with capture_logs() as lines:
        file_modes.make_private(str(files[0]))
    assert [mode(file) for file in files] == [0o600] * 4
    assert len(lines) == 4
    with capture_logs() as lines:
        file_modes.make_private(str(files[0]))
    assert not lines


@pytest.mark.parametrize("loose", [0o644, 0o640, 0o622, 0o604])
def test_settings_that_others_can_read_are_complained_of_with_the_remedy(tmp_path: Path, loose: int) -> None:
    with capture_logs() as lines:
        file_modes.warn_of_loose_modes(
            [made(tmp_path / "stations.toml", loose), made(tmp_path / ".env", 0o600), tmp_path / "none"]
        )
    (line,) = lines
    assert (line["mode"], line["remedy"]) == (f"{loose:04o}", f"chmod 600 {tmp_path}/stations.toml")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(("loose", "complaints"), [(0o640, 0), (0o660, 1), (0o644, 1)])
def test_what_belongs_to_another_account_may_be_open_to_our_group(tmp_path: Path, loose: int, complaints: int) -> None:
    path = made(tmp_path / ".env", loose)
    os.chown(path, 12345, os.getegid())
    with capture_logs() as lines:
        file_modes.warn_of_loose_modes([path])
    assert [line["remedy"] for line in lines] == [f"chmod 640 {path}"] * complaints


def test_no_image_of_the_memory_is_left_where_the_system_would_leave_one() -> None:
    umask, (before, most) = os.umask(0), resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    try:
        file_modes.restrict_umask()
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (before, most))
        os.umask(umask)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_named_by_mistake_keeps_its_mode(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "named"
    if kind == "folder":
        path.mkdir()
        path.chmod(0o777)
    else:
        os.mkfifo(path)
        path.chmod(0o666)
    before = path.stat().st_mode
    file_modes.make_private(str(path))
    assert path.stat().st_mode == before
