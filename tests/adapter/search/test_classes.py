"""Networks that are classes: how an object is made, where its weights are, how it is asked."""

import textwrap
from pathlib import Path

import pytest

from parity.adapter.attempts import Attempts
from parity.adapter.search.finish import finished
from parity.adapter.search.search import Found
from parity.adapter.search.targets import best_of
from parity.adapter.search.trials import Target
from parity.subjects.find import find

CELL = "np.tanh(x[:, t] @ self.W_x + h @ self.W_h + self.b)"

FORWARD = f"""
    def forward(self, x):
        h, self.x = np.zeros((len(x), len(self.W_h))), x
        self.states = [h]
        for t in range(x.shape[1]):
            h = {CELL}
            self.states.append(h)
        return np.stack(self.states[1:], axis=1)
"""

BACKWARD = """
    def backward(self, d_out):
        self.dW_x, self.dW_h = np.zeros_like(self.W_x), np.zeros_like(self.W_h)
        self.db, carried = np.zeros_like(self.b), 0.0
        for t in range(d_out.shape[1] - 1, -1, -1):
            da = (d_out[:, t] + carried) * (1 - self.states[t + 1] ** 2)
            self.dW_x += self.x[:, t].T @ da
            self.dW_h += self.states[t].T @ da
            self.db += da.sum(axis=0)
            carried = da @ self.W_h.T
"""

WEIGHTS = """
        self.W_x = 0.1 * np.random.randn(n_in, n_hidden)
        self.W_h = 0.1 * np.random.randn(n_hidden, n_hidden)
        self.b = np.zeros(n_hidden)
"""


def found_in(tmp_path: Path, *parts: str) -> Found:
    """Return what the search finds in a file of these parts."""
    path = tmp_path / "network.py"
    path.write_text("import numpy as np\n" + "\n".join(map(textwrap.dedent, parts)))
    module = find(str(path)).module
    found, _ = best_of(module, "")
    assert found is not None
    return found


def test_rows_of_one_matrix_are_told_apart(tmp_path: Path) -> None:
    """In one matrix [W_h; W_x; b] the rows of each parameter are found, whatever the order."""
    found = found_in(
        tmp_path,
        """
        class Layer:
            def __init__(self, n_in, n_hidden):
                self.n = n_hidden
                self.W = 0.1 * np.random.randn(1 + n_hidden + n_in, n_hidden)
            def forward(self, x):
                h, self.out = np.zeros((len(x), self.n)), []
                for t in range(x.shape[1]):
                    h = np.tanh(np.hstack([np.ones((len(x), 1)), h, x[:, t]]) @ self.W)
                    self.out.append(h)
                return np.stack(self.out, axis=1)
        """,
    )
    assert found.binding.parameters["W_h"] == "W[1:1 + hidden]"
    assert found.binding.parameters["b"] == "W[0]"
    assert found.whole.forward.is_right


def test_gradients_of_every_step_are_summed(tmp_path: Path) -> None:
    """A gradient that is kept for every step counts as the sum over steps."""
    by_step = BACKWARD.replace(
        "np.zeros_like(self.W_h)", "np.zeros((d_out.shape[1], *self.W_h.shape))"
    ).replace("self.dW_h +=", "self.dW_h[t] =")
    init = f"class Layer:\n    def __init__(self, n_in, n_hidden):{WEIGHTS}"
    found = found_in(tmp_path, init + FORWARD + by_step)
    assert dict(found.binding.calls["backward"].answers)["grad/W_h"] == "dW_h.sum(axis=0)"


def test_an_object_is_chosen_by_what_is_asked_of_it(tmp_path: Path) -> None:
    """An argument whose methods the constructor calls gets an object of a class that has them."""
    found = found_in(
        tmp_path,
        """
        class Plain:
            def __init__(self):
                self.made = 0
        class Draws:
            def __init__(self, sigma):
                self.sigma = sigma
            def weights(self, *shape):
                return self.sigma * np.random.randn(*shape)
        class Layer:
            def __init__(self, n_in, n_hidden, how):
                self.W_x, self.W_h = how.weights(n_in, n_hidden), how.weights(n_hidden, n_hidden)
                self.b = np.zeros(n_hidden)
        """
        + textwrap.indent(FORWARD, "        ").replace("        \n", "\n"),
    )
    assert found.binding.make == "Layer(features, hidden, Draws(sigma=0.01))"


def test_the_network_comes_before_its_layers(tmp_path: Path) -> None:
    """Of several classes, the one that makes objects of another is the network."""
    init = f"class Layer:\n    def __init__(self, n_in, n_hidden):{WEIGHTS}"
    network = """
    class Network:
        def __init__(self, n_in, n_hidden, n_out):
            self.layer = Layer(n_in, n_hidden)
            self.V, self.c = 0.1 * np.random.randn(n_hidden, n_out), np.zeros(n_out)
        def forward(self, x):
            return self.layer.forward(x)[:, -1] @ self.V + self.c
    """
    found = found_in(tmp_path, init + FORWARD, network)
    assert found.binding.make.startswith("Network(")
    assert found.binding.parameters["W_h"] == "model.layer.W_h"


def test_weights_that_the_first_call_makes_are_set_after_it(tmp_path: Path) -> None:
    """A layer that makes its weights in its first call is called once before they are set."""
    init = """
    class Layer:
        def __init__(self, n_hidden):
            self.n, self.built = n_hidden, False
        def call(self, x):
            if not self.built:
                self.build(x.shape[-1], self.n)
            return self.forward(x)
        def build(self, n_in, n_hidden):
            self.built = True"""
    found = found_in(tmp_path, textwrap.dedent(init) + WEIGHTS + FORWARD)
    assert found.whole.forward.is_right
    assert found.binding.setup


def test_a_file_is_never_opened(tmp_path: Path) -> None:
    """A method that writes a file writes none while it is found out how to ask."""
    init = f"class Layer:\n    def __init__(self, n_in, n_hidden):{WEIGHTS}"
    save = f"""
    def keep(self, x):
        with open({str(tmp_path / "kept")!r}, "w") as file:
            file.write(str(x))
    """
    found_in(tmp_path, init + FORWARD + save)
    assert not (tmp_path / "kept").exists()


def test_a_function_that_goes_back_is_asked(tmp_path: Path) -> None:
    """A forward pass that returns the function that goes back is asked for gradients with it."""
    init = f"class Layer:\n    def __init__(self, n_in, n_hidden):{WEIGHTS}"
    back = FORWARD.replace("forward", "begin").replace(
        "return np.stack(self.states[1:], axis=1)",
        "def back(d_out):\n            return self.backward(d_out)\n"
        "        return np.stack(self.states[1:], axis=1), back",
    )
    back = back.replace("self.backward(", "self._go(")
    found = found_in(tmp_path, init + back + BACKWARD.replace("backward", "_go"))
    assert found.binding.calls["backward"].expression == "out[1](upstream)"


RATE = """
    def step(self, x, labels):
        scores = self.forward(x)[:, -1] @ self.V + self.c
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        d = (p - np.eye(len(self.c))[labels]) / len(x)
        d_out = np.zeros((*x.shape[:2], len(self.b)))
        d_out[:, -1] = d @ self.V.T
        self.backward(d_out)
        self.dV, self.dc = self.states[-1].T @ d, d.sum(axis=0)
        for name in ("W_x", "W_h", "b", "V", "c"):
            weight = getattr(self, name)
            weight -= self.pace * getattr(self, "d" + name)
"""


def test_a_rate_without_a_name_is_found_by_its_steps(tmp_path: Path) -> None:
    """The learning rate is the argument with which the steps are right, whatever its name is."""
    init = (
        f"class Net:\n    def __init__(self, n_in, n_hidden, n_out, pace=0.3):{WEIGHTS}"
        "        self.V, self.c = 0.1 * np.random.randn(n_hidden, n_out), np.zeros(n_out)\n"
        "        self.pace = pace\n"
    )
    found = found_in(tmp_path, init + FORWARD + BACKWARD + RATE)
    assert "pace=lr" in found.binding.make


@pytest.mark.parametrize("added", ["", " + self.b_h"])
def test_a_bias_that_nothing_reads_is_said(tmp_path: Path, added: str) -> None:
    """A bias beside W_x that the forward pass does not add is named; one that it adds is not."""
    init = f"class Layer:\n    def __init__(self, n_in, n_hidden):{WEIGHTS}"
    forward = FORWARD.replace(" + self.b)", f"{added})")
    found = found_in(tmp_path, init.replace("self.b ", "self.b_h ") + forward)
    module = found.whole.forward.outcome.session.module
    target = Target(module=module, name="Layer", attempts=Attempts(most=500))
    assert ("b_h" in finished(target, found).lacking) == (not added)
