"""Work: calls after a forward pass are known by what they do, where their names say nothing."""

from pathlib import Path

from parity.adapter.search.calling.static import work
from parity.adapter.search.finish import Finished, finished
from parity.adapter.search.targets import best_of
from parity.model.case import Array
from parity.model.coverage import Role
from parity.subjects.find import find

NETWORK = """
import numpy as np

V = 5
A = np.zeros((3, V)); B = np.zeros((V, V)); c = np.zeros(V); D = np.zeros((V, 2)); e = np.zeros(2)

def vor(X):
    S = [np.zeros((X.shape[1], V))]
    for x in X:
        S.append(np.tanh(x @ A + S[-1] @ B + c))
    y = S[-1] @ D + e
    return y, S

def verlust(y, ziel):
    return np.mean((y - ziel) ** 2)

def weg(X, S, y, ziel):
    d = 2 * (y - ziel) / y.size
    g = [np.zeros_like(A), np.zeros_like(B), np.zeros_like(c), S[-1].T @ d, d.sum(axis=0)]
    q = d @ D.T
    for t in range(len(X), 0, -1):
        q = q * (1 - S[t] ** 2)
        g[0] += X[t - 1].T @ q
        g[1] += S[t - 1].T @ q
        g[2] += q.sum(axis=0)
        q = q @ B.T
    return g
"""

STEP = """
def lernen(X, ziel, lernrate=0.05):
    global A, B, c, D, e
    y, S = vor(X)
    g = weg(X, S, y, ziel)
    A = A - lernrate * g[0]
    B = B - lernrate * g[1]
    c = c - lernrate * g[2]
    D = D - lernrate * g[3]
    e = e - lernrate * g[4]
    return verlust(y, ziel)
"""

FIXED = STEP.replace("lernrate *", "0.05 *").replace(", lernrate=0.05", "")


def _finished(tmp_path: Path, text: str) -> Finished:
    path = tmp_path / "network.py"
    path.write_text(text)
    found = find(str(path))
    best, target = best_of(found.module, found.name)
    assert best is not None
    return finished(target, best)


def test_labels_are_known_by_the_right_loss(tmp_path: Path) -> None:
    """A parameter that no list knows is labels, where the loss with labels for it is right."""
    calls = _finished(tmp_path, NETWORK).binding.calls
    assert "one_hot" in calls["backward"].expression


def test_step_is_known_by_its_work(tmp_path: Path) -> None:
    """A training step under an unknown name, with a rate of an unknown name, is handed our rate."""
    calls = _finished(tmp_path, NETWORK + STEP).binding.calls
    assert calls["train"].expression.startswith("lernen(")
    assert "lr" in calls["train"].names


def test_step_of_a_fixed_rate_is_not_asked_for(tmp_path: Path) -> None:
    """Steps whose size nobody can ask for are not compared with those of another size."""
    calls = _finished(tmp_path, NETWORK + FIXED).binding.calls
    assert not {"train", "update"} & {*calls}


def test_work_is_read_in_the_text() -> None:
    """A function that walks back through products of matrices computes gradients, a sum none."""
    assert work(_walks_back) == {Role.GRADIENTS}
    assert work(_adds) == frozenset()


def _walks_back(a: Array, b: Array) -> Array:
    for t in reversed(range(3)):
        a = a @ b[t]
    return a


def _adds(a: Array, b: Array) -> Array:
    return a + b
