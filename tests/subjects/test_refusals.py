"""Refusals: a file that cannot be asked, and the reason in one line."""

import sys
from pathlib import Path

import pytest

from parity.adapter.load import load
from parity.execution.process import isolated
from parity.model.errors import Reason, SubjectError
from parity.subjects.find import find
from parity.subjects.precheck import precheck
from parity.subjects.tracebacks import own_traceback

NET = "class Net:\n    def forward(self, x): return x @ x\n"

REFUSED = {
    "not Python": (
        "x = 1\ndef f(:\n",
        "",
        Reason.NOT_PYTHON,
        r"not Python 3.*, line 2: .*: def f\(:",
    ),
    "print": (
        "import os\nprint 'loss', 3\n",
        "",
        Reason.PYTHON_2,
        r"is Python 2 \(line 2: print 'loss', 3\): `2to3 -w .*script.py` converts it",
    ),
    "except": ("try: pass\nexcept E, e: pass\n", "", Reason.PYTHON_2, r"line 2: except E, e: pass"),
    "raise": ("raise ValueError, 'no'\n", "", Reason.PYTHON_2, "line 1"),
    "tabs": (
        "def f():\n    a = 1\n\tb = 2\n",
        "",
        Reason.NOT_PYTHON,
        "mixes tabs and spaces in line 3",
    ),
    "empty": ("", "", Reason.NOTHING_TO_JUDGE, "it has no class, and no function that computes"),
    "only imports": ("import os\n", "", Reason.NOTHING_TO_JUDGE, "it has only imports"),
    "only constants": ("H = 3\n", "", Reason.NOTHING_TO_JUDGE, "it has no class, and no function"),
    "only prints": (
        "def show(): print('x')\n",
        "",
        Reason.NOTHING_TO_JUDGE,
        "no function that comp",
    ),
    "only a script": (
        "import numpy as np\n\nH = 3\nW = np.ones((H, H))\nfor t in range(3):\n    h = W @ W\n",
        "",
        Reason.NOTHING_TO_JUDGE,
        "everything is in statements of the script, lines 4-6: put them into a function",
    ),
    "a missing package": (
        "import no_such as np\ndef f(x): return np.tanh(x) + 1\n",
        "",
        Reason.IMPORT_FAILS,
        r"its functions need the package 'no_such', which is not installed \(line 1\)$",
    ),
    "a missing base": (
        "from no_such import Model\nclass Net(Model):\n    def f(self, x): return x + 1\n",
        "Net",
        Reason.IMPORT_FAILS,
        r"Net needs the package 'no_such', which is not installed \(line 1\)$",
    ),
    "cupy": (
        "import cupy as cp\ndef f(x): return cp.tanh(x) + 1\n",
        "",
        Reason.IMPORT_FAILS,
        r"the package 'cupy', .*: with `import numpy as cp` in its place",
    ),
    "a class that raises": (
        "class Net:\n    size = 1 / 0\n    def f(self, x): return x + 1\n",
        "Net",
        Reason.DEFINITION_RAISED,
        r"Net is not defined: line 1: class Net: \(ZeroDivisionError: division by zero\)$",
    ),
    "the only class raises": (
        "class Net(Base):\n    def f(self, x): return x + 1\n",
        "",
        Reason.DEFINITION_RAISED,
        r"nothing is left to judge: line 1: class Net\(Base\): \(NameError",
    ),
    "a name from a file": (
        f"{NET}net = open('net.txt')\n",
        "net",
        Reason.DEFINITION_RAISED,
        r"net is not defined: line 3: net = open\('net.txt'\) was not executed \(--run-all",
    ),
    "no name": (NET, "Cell", Reason.NO_SUCH_NAME, "script.py has no 'Cell'$"),
}


@pytest.mark.parametrize(
    ("text", "name", "reason", "message"), REFUSED.values(), ids=REFUSED.keys()
)
def test_reasons_are_told_apart(
    text: str,
    name: str,
    reason: Reason,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each refusal has its reason, and one line with the line of the file."""
    monkeypatch.setitem(sys.modules, "cupy", None)  # not installed
    path = tmp_path / "script.py"
    path.write_text(text)
    with pytest.raises(SubjectError, match=message) as raised:
        find(f"{path}:{name}" if name else str(path))
    assert raised.value.reason is reason
    assert "\n" not in str(raised.value)


def test_the_file_of_an_imported_network_is_named(tmp_path: Path) -> None:
    """A script that only uses a class of its neighbour's says where the class is."""
    (tmp_path / "net.py").write_text(NET)
    path = tmp_path / "script.py"
    path.write_text("from net import Net\nfor i in range(3): Net().forward(i)\n")
    with pytest.raises(SubjectError, match=r"imports Net from .*net.py: name the file") as raised:
        find(str(path))
    assert raised.value.reason is Reason.NOTHING_TO_JUDGE


def test_a_network_in_a_script_is_not_looked_for_in_its_helpers(tmp_path: Path) -> None:
    """A script whose functions are activations alone, and whose loop has the products, says so."""
    path = tmp_path / "script.py"
    helper = "import numpy as np\ndef sigmoid(a): return 1 / (1 + np.exp(-a))\n"
    path.write_text(f"{helper}W = np.ones((2, 2))\nfor t in range(3):\n    h = sigmoid(W @ W)\n")
    with pytest.raises(SubjectError, match=r"statements of the script, lines 3-5: put"):
        find(str(path))
    path.write_text(f"{helper}def step(W): return sigmoid(W @ W)\n")
    find(str(path))


def test_a_class_that_only_calls_others_may_be_a_network(tmp_path: Path) -> None:
    """A class that hands x from layer to layer computes nothing itself, and is not refused."""
    path = tmp_path / "script.py"
    path.write_text("class Net:\n    def forward(self, x): return self.layer.forward(x)\n")
    assert find(str(path)).module.Net


def test_a_script_that_imports_a_broken_neighbour_says_so(tmp_path: Path) -> None:
    """The neighbour's own error is part of the refusal."""
    (tmp_path / "net.py").write_text("class Net:\n    print 'Net'\n")
    path = tmp_path / "script.py"
    path.write_text("from net import Net\nfor i in range(3): Net().forward(i)\n")
    with pytest.raises(
        SubjectError,
        match=r"it imports Net, which is not there: .*net.py is Python 2 \(line 2: print",
    ):
        find(str(path))


def test_the_reason_comes_from_the_subjects_own_process(tmp_path: Path) -> None:
    """A subject that is loaded in its own process has the same reason as here."""
    path = tmp_path / "script.py"
    path.write_text("H = 3\n")
    with pytest.raises(SubjectError, match="nothing to judge") as raised:
        isolated(str(path))
    assert raised.value.reason is Reason.NOTHING_TO_JUDGE


def test_names_of_python_2_are_recognised(tmp_path: Path) -> None:
    """A file that is valid Python 3 and uses xrange is said to be Python 2, with the line."""
    path = tmp_path / "script.py"
    path.write_text("def f(n):\n    return [t + 1 for t in xrange(n)]\n")
    with pytest.raises(NameError) as failed:
        find(str(path)).module.f(3)
    assert "is Python 2 (line 2: xrange): `2to3 -w" in own_traceback(failed.value)
    with pytest.raises(SubjectError, match=r"is Python 2 \(line 1: xrange\)") as raised:
        load(str(path))
    assert raised.value.reason is Reason.PYTHON_2


SCRIPTS = {
    "without parameters": "def run():\n    return 2 ** len('ab')\n",
    "for epochs": "def run(epochs=10):\n    return epochs + 2\n",
    "for a number": "def run(n_steps):\n    return n_steps + 2\n",
    "for a sequence": "def run(seq):\n    return seq + 2\n",
}


@pytest.mark.parametrize("run", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_the_run_of_a_script_takes_no_case(run: str, tmp_path: Path) -> None:
    """A function that starts a script's training is not given a case, and nothing is trained."""
    path = tmp_path / "script.py"
    path.write_text(f"{run}made = []\nwhile len(made) < 3: made += [1]\n")
    found = find(str(path))
    assert not found.is_run
    assert found.module.made == []


STUBS = {
    "raise": "def run(case):\n    '''Later.'''\n    raise NotImplementedError\n",
    "raise with a text": "def run(case):\n    raise NotImplementedError('later')\n",
    "dots": "def run(case): ...\n",
    "pass": "def run(case):\n    pass\n",
}


@pytest.mark.parametrize("text", STUBS.values(), ids=STUBS.keys())
def test_a_stub_is_refused_with_its_line(text: str, tmp_path: Path) -> None:
    """A run(case) without a body is refused before anything is executed."""
    path = tmp_path / "stub.py"
    path.write_text(f"raise ValueError\n{text}")
    with pytest.raises(SubjectError, match=r"its run is a stub, line 2: def run") as raised:
        precheck(str(path))
    assert raised.value.reason is Reason.STUB


def test_the_precheck_leaves_other_subjects_alone(tmp_path: Path) -> None:
    """A module, a function of another name and a run with a body pass the precheck."""
    path = tmp_path / "mine.py"
    path.write_text("def later(): ...\ndef run(case):\n    return {}\n")
    for spec in ("parity.scratch", "parity.scratch:run", str(path), f"{path}:later"):
        precheck(spec)
