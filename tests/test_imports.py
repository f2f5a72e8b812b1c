"""Who may import whom, and what an import may cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STANDARD = set(sys.stdlib_module_names)

ALLOWED = {
    "scratch": {"numpy", "scratch"},
    "reference": {"numpy", "torch", "flint", "parity", "reference"},
    "parity": {"numpy", "parity"},
}

LAZY = {
    "parity/precision.py": {"ml_dtypes"},
    "parity/cli.py": {"reference"},
    "parity/verifying.py": {"reference", "pytest"},
    "parity/digits.py": {"sklearn"},
    "parity/shrinking.py": {"hypothesis"},
    "parity/report/plot.py": {"matplotlib"},
    "parity/report/table.py": {"rich"},
}
"""Files that join the ends or need an extra: what each may import on top."""


def imported(file: Path) -> set[str]:
    """Return the top-level packages that `file` imports, other than for type checking."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names - STANDARD


def files() -> list[str]:
    found = [str(f.relative_to(ROOT)) for room in ALLOWED for f in (ROOT / room).rglob("*.py")]
    assert len(found) > 20
    return sorted(found)


@pytest.mark.parametrize("name", files())
def test_each_room_imports_only_what_it_may(name: str) -> None:
    """scratch knows NumPy, parity no framework, reference the values it returns."""
    allowed = ALLOWED[name.partition("/")[0]] | LAZY.get(name, set())
    assert imported(ROOT / name) <= allowed


@pytest.mark.parametrize("statement", ["import parity, parity.cli, parity.grid", "import scratch"])
def test_importing_costs_no_torch(statement: str) -> None:
    """Neither the engine nor the scratch network loads PyTorch, and scratch not even the engine."""
    heavy = ["torch", "sklearn", "matplotlib", "rich", "flint", "hypothesis"]
    program = f"{statement}\nimport sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_scratch_stands_alone() -> None:
    """The scratch network can be copied out of the project: it needs NumPy and nothing else."""
    program = "import scratch, sys; print('parity' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "False"
