"""A kept case, written once; each test that changes it has a copy of its own."""

import shutil
from pathlib import Path

import pytest

from tests.reproduce.kept import kept_of


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept_of(tmp_path_factory.mktemp("made")).folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "cases" / made.name))
