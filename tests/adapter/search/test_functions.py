"""Networks that are functions: where their weights are, and how they are called."""

import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from parity.adapter.attempts import Attempts
from parity.adapter.search.calling.values import in_one_order
from parity.adapter.search.forward.functions import Hopeless
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.forward.shaped import assignments, flat
from parity.adapter.search.search import Found, forwards
from parity.adapter.search.targets import best_of
from parity.adapter.search.trials import Target
from parity.subjects.find import find

LAYER = """
    states = []
    for row in x:
        h = np.tanh(row @ {W} + h @ {U} + {b})
        states.append(h)
    return np.stack(states)
"""


def module_of(tmp_path: Path, text: str) -> ModuleType:
    """Return a file of functions as a module."""
    path = tmp_path / "network.py"
    path.write_text("import numpy as np\n" + textwrap.dedent(text))
    return find(str(path)).module


def found_in(tmp_path: Path, text: str) -> Found:
    """Return what the search finds in a file of functions."""
    found, _ = best_of(module_of(tmp_path, text), "")
    assert found is not None
    return found


def forward_in(tmp_path: Path, text: str) -> Forward:
    """Return the first forward pass that the search finds."""
    target = Target(module=module_of(tmp_path, text), name="", attempts=Attempts(most=3000))
    return next(forwards(target))


def function(signature: str, **names: str) -> str:
    """Return a forward pass over (steps, batch, features) with weights of these names."""
    return f"def {signature}:{LAYER.format(**names)}"


HOLDERS = {
    "nested dictionary": (
        "def made(a, q):\n"
        "    return {'m': {'k': np.ones((a, q)), 'l': np.ones((q, q))}, 'n': np.ones(q)}\n"
        + function("go(z, x, h)", W="z['m']['k']", U="z['m']['l']", b="z['n']"),
        "z['m']['k']",
    ),
    "named tuple": (
        "from collections import namedtuple\nSet = namedtuple('Set', 'k l n')\n"
        "def made(a, q):\n    return Set(np.ones((a, q)), np.ones((q, q)), np.ones(q))\n"
        + function("go(z, x, h)", W="z.k", U="z.l", b="z.n"),
        "z.k",
    ),
    "globals": (
        "units = 7\nk, l, n = np.ones((2, 7)), np.ones((7, 7)), np.zeros(7)\n"
        + function("go(x, h)", W="k", U="l", b="n"),
        "k",
    ),
    "global dictionary": (
        "units = 7\nz = {'k': np.ones((2, 7)), 'l': np.ones((7, 7)), 'n': np.zeros(7)}\n"
        + function("go(x, h)", W="z['k']", U="z['l']", b="z['n']"),
        "z['k']",
    ),
}


@pytest.mark.parametrize(("text", "place"), HOLDERS.values(), ids=HOLDERS)
def test_weights_are_found_whatever_holds_them_and_whatever_they_are_called(
    text: str, place: str, tmp_path: Path
) -> None:
    """The shapes that an author's own code makes say which array is which weight."""
    forward = forward_in(tmp_path, text)
    assert forward.is_right
    assert forward.binding.parameters["W_x"] == place


def test_a_global_that_a_step_replaces_is_read_before_it_is_set_back(tmp_path: Path) -> None:
    """A training step that makes new globals has moved the weights, and rightly."""
    text = """
        k, l, n, o = np.ones((2, 7)), np.ones((7, 7)), np.zeros(7), np.ones((7, 3))

        def forward(x):
            hs = [np.zeros((x.shape[1], len(n)))]
            for row in x:
                hs.append(np.tanh(row @ k + hs[-1] @ l + n))
            return hs[-1] @ o, hs

        def train(x, target, lr):
            global k, l, n, o
            out, hs = forward(x)
            d = out - target
            go, dh = hs[-1].T @ d, d @ o.T
            gk, gl, gn = 0 * k, 0 * l, 0 * n
            for t in reversed(range(len(x))):
                da = dh * (1 - hs[t + 1] ** 2)
                gk, gl, gn = gk + x[t].T @ da, gl + hs[t].T @ da, gn + da.sum(0)
                dh = da @ l.T
            k, l, n, o = k - lr * gk, l - lr * gl, n - lr * gn, o - lr * go
            return 0.5 * np.sum(d**2)
    """
    main = found_in(tmp_path, text).whole.main
    assert main is not None
    assert {"W_x", "W_h", "b", "W_out"} <= main.found.right


def test_gradients_by_all_states_and_by_the_last_one_are_two(tmp_path: Path) -> None:
    """A layer that takes both gets each once, so that nothing is counted twice."""
    text = """
        def forward(x, h0, Wx, Wh, b):
            hs = [h0]
            for row in x:
                hs.append(np.tanh(row @ Wx + hs[-1] @ Wh + b))
            return np.stack(hs[1:]), (x, hs, Wx, Wh)

        def backward(d_outputs, d_final, cache):
            x, hs, Wx, Wh = cache
            dWx, dWh, db = 0 * Wx, 0 * Wh, 0 * Wh[0]
            dh = d_final
            for t in reversed(range(len(x))):
                da = (dh + d_outputs[t]) * (1 - hs[t + 1] ** 2)
                dWx, dWh, db = dWx + x[t].T @ da, dWh + hs[t].T @ da, db + da.sum(0)
                dh = da @ Wh.T
            return dWx, dWh, db, dh
    """
    main = found_in(tmp_path, text).whole.main
    assert main is not None
    assert "upstream_output.swapaxes(0, 1), upstream_final" in main.proposal.text
    assert {"W_x", "W_h", "b", "h_0"} <= main.found.right


@pytest.mark.parametrize("turned", [True, False])
def test_inputs_and_labels_of_every_step_keep_one_order(*, turned: bool) -> None:
    """Labels that lie the other way than the inputs are not handed over beside them."""
    inputs = "ids.T" if turned else "x"
    labels = "step_one_hot.swapaxes(0, 1)" if turned else "step_labels"
    other = "step_labels" if turned else "step_labels.T"
    assert in_one_order([inputs, labels])
    assert not in_one_order([inputs, other])


def test_a_matrix_that_is_held_the_other_way_around_is_told_by_its_shape() -> None:
    """(hidden, features) is W_x transposed, whatever its name is."""
    best = next(assignments({"a": (7, 2), "c": (7, 7), "e": (7, 1)}))
    assert best.hypothesis.places["W_x"] == "a.T"
    assert best.hypothesis.places["b"] == "e[:, 0]"
    assert best.sizes == {"hidden": 7, "features": 2}


def test_arrays_without_a_square_one_are_no_recurrent_network() -> None:
    """Without W_h nothing is assigned."""
    assert list(assignments({"a": (7, 2), "c": (2, 7)})) == []


def test_a_vector_of_another_length_holds_no_weights() -> None:
    """The numbers of all weights together must be exactly the vector's length."""
    length = 2 * 7 + 7 * 7 + 7
    assert list(flat("theta", length + 1, (2, 7))) == []
    held = next(flat("theta", length, (2, 7))).hypothesis.places
    assert held["W_x"] == "theta[:features * hidden].reshape(hidden, features).T"


def test_a_function_that_lacks_a_name_is_left() -> None:
    """The same missing name at every call cannot be given by arguments; another error may be."""
    lacking, other = Hopeless(), Hopeless()
    for _ in range(Hopeless.SAME):
        lacking.add("f", NameError("name 'V' is not defined"))
        other.add("f", ValueError("shapes"))
    assert lacking.names == {"f"}
    assert other.names == set()


def test_a_head_of_sigmoids_is_not_judged_as_one_of_logits(tmp_path: Path) -> None:
    """Its scores are no logits, and its gradients belong to a loss that the harness has not."""
    text = """
        k, l, o = np.ones((2, 7)), np.ones((7, 7)), np.ones((7, 1))

        def forward(x):
            hs, h = [], np.zeros(len(l))
            for row in x:
                h = np.tanh(row @ k + h @ l)
                hs.append(h)
            return np.stack(hs), 1 / (1 + np.exp(-np.stack(hs) @ o))

        def gradients(x, y, hs, p):
            return hs.T @ (p - y)
    """
    found = found_in(tmp_path, text)
    assert found.whole.main is None
    assert [name for name, _ in found.binding.calls["forward"].answers] == ["hidden"]
