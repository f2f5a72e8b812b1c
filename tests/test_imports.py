"""Frameworks are imported only by modules about them, and only when they are asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMEWORKS = {"flax", "jax", "keras", "mlx", "onnx", "onnxruntime", "tensorflow", "torch"}
HOME = ROOT / "reference" / "frameworks"

FILES = {
    str(file.relative_to(ROOT)): file
    for room in ("parity", "reference", "scratch")
    for file in sorted((ROOT / room).rglob("*.py"))
    if HOME not in file.parents
}


def imported_by(file: Path) -> set[str]:
    """Return the packages that a file imports anywhere in it, functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module or "")
    return {name.partition(".")[0] for name in found}


def test_only_its_own_modules_import_a_framework() -> None:
    """Outside reference/frameworks no module imports a framework, not even inside a function."""
    assert len(FILES) > 100
    assert [name for name, file in FILES.items() if imported_by(file) & FRAMEWORKS] == []


def test_scratch_imports_numpy_alone() -> None:
    """Beside NumPy, scratch imports the standard library and its own files."""
    files = [file for name, file in FILES.items() if name.startswith("scratch/")]
    assert len(files) > 10
    typing_alone = {"parity"}  # of `subject.py`, for the type checker
    others = {package for file in files for package in imported_by(file)} - sys.stdlib_module_names
    assert others - typing_alone <= {"numpy", "ml_dtypes"}


def test_a_framework_is_imported_in_its_home() -> None:
    """The test above finds a framework's import where there is one."""
    assert any("torch" in imported_by(file) for file in HOME.rglob("*.py"))


PROGRAMS = {
    "import parity": ["-c", "import parity"],
    "import scratch": ["-c", "import parity.scratch"],
    "help": ["-c", "from parity.cli.compare import main; main(['--help'])"],
    "help of adapt": ["-c", "from parity.cli.adapt import main; main(['--help'])"],
    "collection": ["-m", "pytest", "--collect-only", "-q", "-n", "0", "tests/test_forward.py"],
}


@pytest.mark.parametrize("arguments", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_nothing_pays_for_a_framework_that_it_does_not_use(arguments: list[str]) -> None:
    """Help, collection, and imports of public names load no framework."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "importlib" in loaded or "zipimport" in loaded  # the list is there
    assert not loaded & FRAMEWORKS
