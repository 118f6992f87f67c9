from pathlib import Path

import pytest

from tests.packages import debian


@pytest.fixture(scope="session")
def debian_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return debian.made(tmp_path_factory.mktemp("debian") / "root")
