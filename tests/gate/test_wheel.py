"""The wheel: the package that somebody installs without a copy of this repository."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.gate.conftest import ROOT, outside

pytestmark = pytest.mark.slow

SOURCES = ("parity", "reference", "scratch", "pyproject.toml", "README.md")

LINKED = ("reference", "scratch")
"""Folders at the top that are part of the package."""

OWN_FILE = """
import os
import parity

@parity.parametrize("my_rnn.py")
def test_mine(check):
    assert parity.__file__.startswith(os.environ["PYTHONPATH"])
    check()
"""


def pip(*arguments: str) -> None:
    """Run pip without a network."""
    flags = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", *arguments, *flags]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources."""
    copy, made = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, copy / name)
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(made), str(copy))
    return next(made.glob("*.whl"))


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """The wheel has all modules, the linked ones too, and no other package at its top."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    own = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "parity").rglob("*.py")
        if not any(path.is_relative_to(ROOT / "parity" / name) for name in LINKED)
    }
    linked = {
        f"parity/{path.relative_to(ROOT)}"
        for name in LINKED
        for path in (ROOT / name).rglob("*.py")
    }
    assert names == own | linked
    assert "parity/gate/grid/test_forward.py" in names


def test_wheel_judges_another_project(wheel: Path, tmp_path: Path) -> None:
    """From an installed wheel, the plugin and `parity.parametrize` judge somebody's network."""
    installed, project = tmp_path / "installed", tmp_path / "project"
    pip("install", "--target", str(installed), str(wheel))
    project.mkdir()
    (project / "my_rnn.py").write_text("from parity.scratch import run\n")
    (project / "test_mine.py").write_text(OWN_FILE)
    flags = ["-q", "-p", "no:cacheprovider", "-n", "0", "--parity-grid", "smoke"]
    flags += ["--parity-subject", "my_rnn.py"]
    done = outside(*flags, cwd=project, PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "79 passed" in done.stdout
