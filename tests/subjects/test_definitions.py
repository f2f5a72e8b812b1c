"""Definitions: which statements of a script are executed, and what becomes of the others."""

import signal
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from parity.subjects.source import Source, read, reader
from parity.subjects.source.importing import LOST
from parity.subjects.source.stand_ins import MissingError

NETWORK = """
import random
import numpy as np

class Tanh:
    def forward(self, a):
        return np.tanh(a)

class Net:
    def __init__(self, hidden=4):
        self.W = np.random.randn(hidden, hidden)

def init(rows, columns):
    return np.random.randn(rows, columns)

def train(net, epochs=3):
    print("training")
    net.trained = True
    return [0.0] * epochs
"""


def script(folder: Path, text: str) -> Source:
    path = folder / "script.py"
    path.write_text(NETWORK + dedent(text))
    return read(path)


OPTIONS = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--h", default=7)
options = parser.parse_args()
"""

DEFINED = {
    "an object of its class": ("net = Net(3)\n", "net.W.shape", (3, 3)),
    "objects in a list": ("nets = [Net(n) for n in (2, 3)]\n", "len(nets)", 2),
    "a part of an object": ("net = Net()\nnet.rate = 0.5\n", "net.rate", 0.5),
    "a method from outside": (
        "def rows(self): return len(self.W)\nNet.rows = rows\n",
        "Net(5).rows()",
        5,
    ),
    "a method by setattr": ("setattr(Net, 'two', lambda self: 2)\n", "Net().two()", 2),
    "an entry": ("weights = {}\nweights['W'] = np.ones(2)\n", "weights['W'].sum()", 2.0),
    "entries in a loop": (
        "weights = {}\nfor i in range(3):\n    weights[i] = np.ones(i)\n",
        "len(weights)",
        3,
    ),
    "a layer that is added": ("layers = []\nlayers.append(Net(2))\n", "len(layers)", 1),
    "a value that a function reads": (
        "W = init(3, 4)\ndef use(): return W\n",
        "use().shape",
        (3, 4),
    ),
    "by way of another value": (
        "size = len(init(3, 4))\nW = np.ones(size)\nnet = Net(size)\n",
        "len(net.W)",
        3,
    ),
    "a chosen branch": ("if len('ab') > 1:\n    print('x')\n    rate = 2\n", "rate", 2),
    "what only the script's end defines": (
        "def use(): return rate\nif __name__ == '__main__':\n    rate = 3\n    train(Net())\n",
        "use()",
        3,
    ),
    "options of a command": (OPTIONS, "options.h", 7),
    "annotations of later classes": (
        "from __future__ import annotations\ndef f(a: Later | None) -> Later: return a\n",
        "f(1)",
        1,
    ),
}


@pytest.mark.parametrize(("text", "asked", "value"), DEFINED.values(), ids=DEFINED.keys())
def test_statements_that_define_something_are_executed(
    text: str, asked: str, value: Any, tmp_path: Path
) -> None:
    """Objects, parts that are added to them, and values that functions read are there."""
    future = "from __future__ import annotations\n"
    path = tmp_path / "script.py"
    path.write_text((future if future in text else "") + NETWORK + text.replace(future, ""))
    assert eval(asked, vars(read(path).module)) == value


LEFT_OUT = {
    "training": "net = Net()\nlosses = train(net)\ndef use(): return losses\n",
    "training in a loop": "net = Net()\nfor i in range(2):\n    out = train(net)\n",
    "training that fills a list": (
        "net = Net()\nout = []\nfor i in range(2): out.append(train(net))\n"
    ),
    "a new object's": "class Other(Net):\n    fit = step\nnet = Net()\nout = Other().fit()\n",
    "a value that nothing reads": "net = Net()\nout = step(net)\n",
}


@pytest.mark.parametrize("text", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_training_is_not_executed(text: str, tmp_path: Path) -> None:
    """A call of the author's that trains is not made, and its line is listed."""
    found = script(tmp_path, f"def step(net): net.trained = True\n{text}")
    assert not hasattr(found.module.net, "trained")
    assert found.left_out


ACTING = {
    "a file": "data = open('wanted.txt', 'w')\n",
    "an array's file": "np.save('wanted.txt', np.ones(3))\n",
    "a path's file": "from pathlib import Path\nn = Path('wanted.txt').write_text('a')\n",
    "a program": "import os\nn = os.system('touch wanted.txt')\n",
}


@pytest.mark.parametrize("text", ACTING.values(), ids=ACTING.keys())
def test_nothing_is_written_or_run(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are not opened, and programs are not started."""
    monkeypatch.chdir(tmp_path)
    script(tmp_path, text)
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_a_definition_that_fails_loses_only_what_it_defines(tmp_path: Path) -> None:
    """A value that needs a file is lost with the line, and the file's classes are there."""
    text = "text = open('a.txt').read()\nsize = len(text)\nbad = Net('four')\nnet = Net(2)\n"
    found = script(tmp_path, text)
    lost = vars(found.module)[LOST]
    assert found.module.net.W.shape == (2, 2)
    assert list(lost) == ["text", "size", "bad"]
    assert "NameError: name 'text' is not defined" in lost["size"]
    assert "TypeError" in lost["bad"]


def test_a_default_that_is_not_there_costs_no_function(tmp_path: Path) -> None:
    """A function whose default needs data is there, and can be called with a value of its own."""
    text = "def twice(a, p=params, n=2): return a * n\ndef first(p=params): return p + 1\n"
    found = script(tmp_path, text)
    assert found.module.twice(3) == 6
    assert found.module.first(1) == 2
    assert "the default params of twice is not defined" in found.left_out[0]
    with pytest.raises(MissingError, match=r"params is not defined \(line 21\)"):
        found.module.first()


@pytest.mark.skipif(not hasattr(signal, "SIGVTALRM"), reason="there is no such limit here")
def test_a_definition_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is trained when it is made is given up, and in the end none is made."""
    monkeypatch.setattr(reader, "WORK_LIMIT", 0.02)
    monkeypatch.setattr(reader, "MOST_WORK", 0.03)
    slow = "def grow():\n    while True: pass\n"
    reading = "def use(): return a, b, c\n"
    found = script(tmp_path, f"{slow}{reading}a = grow()\nb = grow()\nc = grow()\nd = 3\n")
    said = [line for line in found.left_out if "it takes longer than 0.02 s" in line]
    assert [line.partition(": ")[2][:1] for line in said] == ["a", "b"]
    assert len(found.left_out) == 3
    assert found.module.d == 3


def test_the_same_file_has_the_same_values(tmp_path: Path) -> None:
    """Weights that an author draws at random are the same in each reading of the file."""
    text = "W = np.random.default_rng().normal(size=3)\nV = np.random.randn(3)\nnet = Net()\n"
    first, second = (script(tmp_path, text).module for _ in range(2))
    for name in ("W", "V"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    np.testing.assert_array_equal(first.net.W, second.net.W)


def test_an_authors_seed_counts(tmp_path: Path) -> None:
    """Values after the author's own seed are those of the author."""
    found = script(tmp_path, "np.random.seed(3)\nW = np.random.randn(2)\n").module
    np.testing.assert_array_equal(found.W, np.random.RandomState(3).randn(2))
