"""Coverage: a verdict says which lines it rests on, and does not pass without a loss or a step."""

import pytest

from parity.execution.coverage import Record
from parity.judging.coverage import coverage_of, incomplete
from parity.model.coverage import Coverage
from parity.report.text import coverage_lines
from parity.subjects.own_source import OwnSource
from parity.subjects.parts import parts

NET = """
class Net:
    def __init__(self):
        self.W = 1

    def forward(self, x):
        if self.W > 2:
            return x @ self.W + 1
        return x @ self.W

    def backward(self, d):
        return d @ self.W

    def {entry}:
        d = self.forward(x) - y
        self.W -= 0.1 * self.backward(d)

    def predict(self, x):
        return self.forward(x).argmax()
"""

TRAINED = NET.format(entry="train_step(self, x, y)")

JUDGED = ("Net.forward", "Net.backward")


def covered(text: str, *ran: str, file: str = "net.py", names: list[str] | None = None) -> Coverage:
    """Return the coverage after some functions of a source have run, but for their branches."""
    lines: set[int] = set()
    for part in parts(text).functions:
        if part.name in ran:
            lines |= set().union(*part.statements) - {8}
    source = OwnSource(file=file, text=text, names=None if names is None else tuple(names))
    found = coverage_of(Record(sources=(source,), executed={file: lines}))
    assert found is not None
    return found


def left_out(text: str, *ran: str) -> list[str]:
    """Return what makes a verdict incomplete."""
    return [str(part) for part in covered(text, *ran).grave]


def test_training_step_that_never_ran_makes_a_verdict_incomplete() -> None:
    """It is named with its lines, and with what it computes; a sampler beside it is not."""
    found = incomplete(covered(TRAINED, *JUDGED))
    assert found is not None
    assert found.grave
    assert found.text == (
        "not judged: train_step (lines 14-16): never executed, though it computes a step"
    )


def test_everything_that_computes_has_run() -> None:
    """A branch and a sampler that did not run are mentioned, and fail nothing."""
    found = covered(TRAINED, *JUDGED, "Net.train_step")
    assert incomplete(found) is None
    assert coverage_lines(found) == [
        "covers 5 of 8 executable lines of net.py",
        "never ran: predict (lines 18-19); line 8 of forward",
    ]


def test_the_name_does_not_matter() -> None:
    """A step under a meaningless name is missed all the same."""
    assert left_out(NET.format(entry="zork(self, x, y)"), *JUDGED) == ["zork (lines 14-16)"]


UNASKED = {
    "a method that forward leads to": TRAINED.replace(
        "return x @ self.W\n", "return self.train_step\n"
    ),
    "a rule other than SGD": TRAINED.replace("train_step", "adam_step"),
    "another kind of network": TRAINED
    + "class LSTM:\n    def backward(self, d): return d @ self.U\n",
    "a layer that nothing uses with it": TRAINED
    + "class Dense:\n    def backward(self, d): return d @ self.U\n",
    "a network by itself": TRAINED
    + """
class Deep:
    def __init__(self): self.U = 1
    def forward(self, x): return [x[t] @ self.U for t in range(9)]
    def backward(self, d):
        for t in reversed(range(9)):
            d = d @ self.U
""",
}


@pytest.mark.parametrize("text", UNASKED.values(), ids=UNASKED.keys())
def test_verdict_is_complete_without_what_belongs_elsewhere(text: str) -> None:
    """Other configurations, other rules and other networks of a file fail no verdict."""
    ran = (*JUDGED, "Net.train_step") if text.startswith(TRAINED) else JUDGED
    found = covered(text, *ran)
    assert found.grave == ()
    assert any(part.reason for part in found.minor)


def test_layer_beside_the_judged_one_is_missed() -> None:
    """A head that a model uses together with the judged class is a part of the network."""
    model = TRAINED + (
        "class Dense:\n"
        "    def backward(self, d): return d @ self.U\n"
        "class Model:\n"
        "    def __init__(self): self.net, self.head = Net(), Dense()\n"
    )
    assert left_out(model, *JUDGED, "Net.train_step") == ["Dense.backward (line 21)"]


BRANCH = """
def backward(w, d, lr=None, momentum=0):
    g = d @ w
    if momentum:
        w -= momentum * lr * g
    if lr:
        w -= lr * g
    return g
"""


def branch(*missing: int) -> list[str]:
    """Return what makes a verdict incomplete where some lines of BRANCH did not run."""
    source = OwnSource(file="net.py", text=BRANCH)
    record = Record(sources=(source,), executed={"net.py": {3, 4, 5, 6, 7, 8} - {*missing}})
    found = coverage_of(record)
    assert found is not None
    return [str(part) for part in found.grave]


def test_only_step_in_a_branch_is_missed() -> None:
    """A step in a branch that was never taken is missed where no other step has run."""
    assert branch(5, 7) == ["lines 5, 7 of backward"]
    assert branch(5) == []


def test_class_around_the_judged_one_is_missed() -> None:
    """A model that uses the class that was judged is not a network by itself."""
    model = TRAINED + (
        "class Model:\n"
        "    def __init__(self): self.net = Net()\n"
        "    def forward(self, x): return self.net.forward(x)\n"
        "    def backward(self, d):\n"
        "        for t in reversed(range(9)): d = d @ self.V\n"
    )
    assert left_out(model, *JUDGED, "Net.train_step") == ["Model.backward (lines 23-24)"]


def test_a_definition_that_is_replaced_later_does_not_count() -> None:
    """In a notebook a class is often written again: the last one is the subject."""
    twice = TRAINED + TRAINED.replace("train_step", "learn")
    parts_of_it = [part for part in covered(twice, *JUDGED).not_judged if part.grave]
    assert [part.name for part in parts_of_it] == ["learn"]


def test_of_an_imported_file_only_the_imported_names_count() -> None:
    """A file of the author's beside the subject is judged as far as the subject imports it."""
    text = TRAINED + "def sgd(w, lr, g): return w - lr * g\n"
    assert [p.name for p in covered(text, *JUDGED, names=["Net"]).grave] == ["train_step"]
    assert [p.name for p in covered(text, *JUDGED).grave] == ["train_step", "sgd"]


def test_cell_of_a_notebook_is_named() -> None:
    """In a notebook the line is one of a cell, and the summary names the notebook."""
    found = covered(TRAINED, *JUDGED, file="work/net.ipynb, cell 3")
    assert str(found.grave[0]) == "train_step (cell 3, lines 14-16)"
    assert found.files == ("net.ipynb",)


def test_nothing_is_said_where_nothing_was_watched() -> None:
    """A subject in the harness's own process has no coverage, and is not accused of it."""
    assert coverage_of(None) is None
    assert coverage_of(Record()) is None
    assert incomplete(None) is None
    assert coverage_lines(None) == []
