"""Source: the definitions of a script or a notebook, without a run of its statements."""

import json
from pathlib import Path

import pytest

from parity import SubjectError
from parity.subjects.source import read

SCRIPT = '''
"""A script, as they are."""
import math
import nothing_like_this
from nothing_like_this import plot
import numpy as np

HIDDEN, RATE = 4, 1e-2
W = np.random.randn(HIDDEN, HIDDEN) * 0.1
half = HIDDEN // 2
square = lambda a: a * a
data = open("input.txt").read()
size = len(data)
np.random.seed(3)
print("training")

class Net:
    rate = RATE

for step in range(3):
    print(step)

if half > 1:
    BIG = True

if __name__ == "__main__":
    raise SystemExit
'''


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_definitions_are_executed(script: Path) -> None:
    """Imports, functions, classes and plain constants are there, in the file's order."""
    module = read(script).module
    assert module.Net.rate == 1e-2
    assert module.W.shape == (4, 4)
    assert module.half == 2
    assert module.square(3) == 9
    assert module.BIG


def test_what_was_left_out_is_listed(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each statement that is left out is named by its line and how it begins, with any reason."""
    left_out = read(script).left_out
    assert [line.partition(":")[0] for line in left_out] == [
        "line 4", "line 5", "line 12", "line 13", "line 15", "line 20",
    ]  # fmt: skip
    assert left_out[0].endswith("(needs the package 'nothing_like_this', which is not installed)")
    assert left_out[3] == "line 13: size = len(data) (NameError: name 'data' is not defined)"
    assert capsys.readouterr().out == ""


def test_run_all_executes_everything(tmp_path: Path) -> None:
    """With run_all the whole file is executed."""
    path = tmp_path / "script.py"
    path.write_text("found = []\nfor i in range(3): found = [*found, i]\n")
    assert read(path).module.found == []
    assert read(path, run_all=True).module.found == [0, 1, 2]


def notebook(path: Path, *cells: str) -> Path:
    found = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    path.write_text(json.dumps({"nbformat": 4, "cells": [{"cell_type": "markdown"}, *found]}))
    return path


def test_notebook_is_read_cell_by_cell(tmp_path: Path) -> None:
    """Magic lines are not Python, a broken cell costs no other, and the last definition counts."""
    path = notebook(
        tmp_path / "book.ipynb",
        "%matplotlib inline\n!pip install this\nimport numpy as np\nx = 1",
        "def f(:",
        "%%bash\nls",
        "class Net:\n    version = 1\nmodel = Net().fit()",
        "class Net:\n    version = 2",
    )
    found = read(path)
    assert found.module.Net.version == 2
    assert [line.partition(":")[0] for line in found.left_out] == [
        "cell 2", "cell 3", "cell 4, line 3",
    ]  # fmt: skip


def test_a_notebook_in_another_language_is_refused(tmp_path: Path) -> None:
    """A notebook whose kernel is not Python's is refused by its language."""
    path = tmp_path / "book.ipynb"
    julia = {"kernelspec": {"language": "julia", "name": "julia-1.9"}}
    path.write_text(json.dumps({"nbformat": 4, "cells": [], "metadata": julia}))
    with pytest.raises(SubjectError, match="is a notebook in julia, not in Python"):
        read(path)


def test_traceback_shows_the_cell(tmp_path: Path) -> None:
    """An error in a notebook's function shows its cell and its line."""
    import traceback

    path = notebook(tmp_path / "book.ipynb", "pass", "def f():\n    return nothing\n")
    with pytest.raises(NameError) as raised:
        read(path).module.f()
    shown = "".join(traceback.format_exception(raised.value))
    assert "book.ipynb, cell 2" in shown
    assert "return nothing" in shown


BROKEN = {
    "no file": (None, "there is no such file"),
    "no json": ("{", "is not a notebook of nbformat 4"),
    "no cells": ("{}", "is not a notebook of nbformat 4"),
    "bytes": (b"\xff\xfe\x00", "cannot be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused(name: str, tmp_path: Path) -> None:
    """A path that is not a file, or not a notebook, is refused in one line."""
    content, message = BROKEN[name]
    path = tmp_path / "book.ipynb"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SubjectError, match=message):
        read(path)
