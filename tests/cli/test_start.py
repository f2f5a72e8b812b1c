"""Start: a cheap error is reported before NumPy and PyTorch are imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from parity.cli.start import first_of, named_by

PROGRAM = """
import sys
from parity.cli import start
status = getattr(start, sys.argv.pop(1))()
print(status, [name for name in ("numpy", "torch") if name in sys.modules])
"""

FILES = {
    "missing": (None, "there is no such file"),
    "syntax": ("def f(:\n", "is not Python 3"),
    "stub": ("def run(case):\n    raise NotImplementedError\n", "its run is a stub, line 1"),
}


def called(*arguments: str) -> tuple[str, str]:
    """Run a command in a process of its own; return what it prints on both streams."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES.keys())
def test_a_cheap_error_imports_no_numpy(text: str | None, message: str, tmp_path: Path) -> None:
    """A file that is not there, is not Python or is a stub costs one line, and no big library."""
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    for arguments in (["compare_one_config", f"--subject={path}"], ["adapt_subject", str(path)]):
        out, error = called(*arguments)
        assert out == "2 []"
        assert message in error
        assert len(error.splitlines()) == 1


def test_a_size_that_is_too_large_imports_no_pytorch() -> None:
    """A configuration beyond the limit of sizes is refused before PyTorch is imported."""
    out, error = called("compare_one_config", "--hidden", "100000000")
    assert out == "2 ['numpy']"
    assert "entries, more than" in error


NAMED = {
    "apart": (["--json", "-", "--subject", "a.py"], "a.py"),
    "in one": (["--subject=a.py:Net"], "a.py:Net"),
    "none": (["b4-t5"], None),
    "nothing": ([], None),
    "no value": (["--subject"], None),
    "help": (["--subject", "a.py", "-h"], None),
}


@pytest.mark.parametrize(("given", "subject"), NAMED.values(), ids=NAMED.keys())
def test_the_subject_is_read_from_the_arguments(given: list[str], subject: str | None) -> None:
    """--subject is found however it is written; --help is answered whatever the subject is."""
    assert named_by("--subject", given) == subject


FIRST = {
    "alone": (["a.py"], "a.py"),
    "after an option": (["--write", "b.py", "--run-all", "a.py:Net"], "a.py:Net"),
    "none": (["--run-all"], None),
    "help": (["a.py", "--help"], None),
}


@pytest.mark.parametrize(("given", "subject"), FIRST.values(), ids=FIRST.keys())
def test_the_first_argument_is_the_subject(given: list[str], subject: str | None) -> None:
    """adapt-subject's subject is the argument that is not an option's value."""
    assert first_of(given) == subject
