"""Cells are asked at every step, forward and back, in whichever way they carry the gradient."""

from pathlib import Path

import pytest

from tests.adapter.search.verdicts import adapted, bound, judged

HANDED = """
class Cell:
    def __init__(self, n_in, n_hidden):
        self.Wx, self.Wh = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_hidden)
        self.b = np.zeros(n_hidden)
        self.clear()

    def clear(self):
        self.dWx, self.dWh, self.db = 0 * self.Wx, 0 * self.Wh, 0 * self.b

    def forward(self, x, h_prev):
        return np.tanh(x @ self.Wx + h_prev @ self.Wh + self.b)

    def backward(self, dh, x, h_prev, h):
        d = dh * (1 - h ** 2)
        self.dWx += x.T @ d
        self.dWh += h_prev.T @ d
        self.db += d.sum(0)
        return d @ self.Wx.T, d @ self.Wh.T
"""

FUNCTIONS = """
def cell_forward(x, h_prev, Wx, Wh, b):
    h = np.tanh(Wx @ x + Wh @ h_prev + b)
    return h, (x, h_prev, h, Wx, Wh)


def cell_backward(dh, cache):
    x, h_prev, h, Wx, Wh = cache
    d = dh * (1 - h ** 2)
    return {"dx": Wx.T @ d, "dh": Wh.T @ d, "dWx": d @ x.T, "dWh": d @ h_prev.T,
            "db": d.sum(1, keepdims=True)}
"""

OWN = """
class Unit:
    def __init__(self, inputs, outputs):
        self.a, self.c = np.random.randn(inputs, outputs), np.random.randn(outputs, outputs)
        self.k = np.zeros(outputs)
        self.fresh(1)

    def fresh(self, n):
        self.s, self.log, self.carry = np.zeros((n, len(self.k))), [], 0
        self.ga, self.gc, self.gk = [], [], []

    def tick(self, v):
        old, self.s = self.s, np.tanh(v @ self.a + self.s @ self.c + self.k)
        self.log.append((v, old, self.s))
        return self.s

    def tock(self, e):
        v, old, s = self.log.pop()
        d = (e + self.carry) * (1 - s * s)
        self.carry = d @ self.c.T
        self.ga.append(v.T @ d)
        self.gc.append(old.T @ d)
        self.gk.append(d.sum(0))
        return d @ self.a.T
"""

ONE_STEP = """
class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h = np.tanh(x @ Wx + h_prev @ Wh + b)
        self.cache = x, h_prev, h
        return h

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, h = self.cache
        d = dh_next * (1 - h ** 2)
        for gradient, value in zip(self.grads, (x.T @ d, h_prev.T @ d, d.sum(0))):
            gradient[...] = value
        return d @ Wx.T, d @ Wh.T
"""

HEAD = """
class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.Wx, self.Wh = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_hidden)
        self.Wy = np.random.randn(n_hidden, n_out)
        self.bh, self.by = np.zeros(n_hidden), np.zeros(n_out)
        self.zero_grad()

    def zero_grad(self):
        self.dWx, self.dWh, self.dWy = 0 * self.Wx, 0 * self.Wh, 0 * self.Wy
        self.dbh, self.dby = 0 * self.bh, 0 * self.by

    def step(self, x, h):
        h = np.tanh(x @ self.Wx + h @ self.Wh + self.bh)
        return h, h @ self.Wy + self.by

    def step_back(self, dy, dh_next, x, h, h_prev):
        self.dWy += h.T @ dy
        self.dby += dy.sum(0)
        d = (dy @ self.Wy.T + dh_next) * (1 - h ** 2)
        self.dWx += x.T @ d
        self.dWh += h_prev.T @ d
        self.dbh += d.sum(0)
        return d @ self.Wh.T
"""

BIASES = """
class RNNCell:
    def __init__(self, weight_ih, weight_hh, bias_ih, bias_hh):
        self.weight_ih, self.weight_hh = weight_ih, weight_hh
        self.bias_ih, self.bias_hh = bias_ih, bias_hh
        self.dw_ih, self.dw_hh, self.db_ih, self.db_hh = [], [], [], []

    def __call__(self, x, h):
        both = self.bias_ih + self.bias_hh
        return np.tanh(x @ self.weight_ih.T + h @ self.weight_hh.T + both)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        d = delta * (1 - h_t ** 2)
        self.dw_ih.append(d.T @ h_prev_l)
        self.dw_hh.append(d.T @ h_prev_t)
        self.db_ih.append(d.sum(0))
        self.db_hh.append(d.sum(0))
        return d @ self.weight_ih, d @ self.weight_hh
"""

PROGRAMS = {
    "states handed over": HANDED,
    "functions with a dictionary of gradients, in columns": FUNCTIONS,
    "a gradient kept by the object, lists of gradients": OWN,
    "one step kept": ONE_STEP,
    "a head at every step": HEAD,
    "two biases handed to the constructor": BIASES,
}


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_a_right_cell_is_judged_whole(tmp_path: Path, text: str) -> None:
    """A cell's states and its gradients of every weight are found, and agree."""
    verdict = judged(adapted(tmp_path, text))
    assert verdict.passed, (verdict.failures, verdict.findings)
    assert {"hidden", "grad/W_x", "grad/W_h", "grad/b"} <= {c.name for c in verdict.compared}


MISTAKES = {
    "tanh's derivative at the state before": (HANDED, "1 - h ** 2", "1 - h_prev ** 2"),
    "a derivative without the square": (FUNCTIONS, "1 - h ** 2", "1 - h"),
    "nothing is carried": (OWN, "e + self.carry", "e"),
    "the tape is not unwound": (OWN, "self.log.pop()", "self.log[-1]"),
    "a weight not transposed": (ONE_STEP, "d @ Wh.T", "d @ Wh"),
    "a head's gradient by the state before": (HEAD, "self.dWy += h.T", "self.dWy += h_prev.T"),
    "gradients not added up": (HANDED, "self.dWh +=", "self.dWh ="),
}


@pytest.mark.parametrize(("text", "right", "wrong"), MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_cell_differs(tmp_path: Path, text: str, right: str, wrong: str) -> None:
    """No way of calling a cell makes a wrong one right: its gradients differ."""
    assert right in text
    verdict = judged(adapted(tmp_path, text.replace(right, wrong)))
    assert any(comparison.name.startswith("grad/") for comparison in verdict.failures)


def test_both_gradients_of_two_biases_are_compared(tmp_path: Path) -> None:
    """A cell with b_ih and b_hh answers a gradient of each."""
    names = {comparison.name for comparison in judged(adapted(tmp_path, BIASES)).compared}
    assert {"grad/b", "grad/b_hh"} <= names


def test_the_call_that_clears_a_cell_is_found_by_what_it_does(tmp_path: Path) -> None:
    """A method with any name that starts a new sequence comes before every case."""
    subject = adapted(tmp_path, OWN.replace("fresh", "qq"))
    assert "qq(" in bound(subject)
    assert judged(subject).passed


LAYER = """
class Step:
    def __init__(self, n_in, n_hidden):
        self.Wx, self.Wh = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_hidden)
        self.b = np.zeros(n_hidden)

    def __call__(self, x, h):
        return np.tanh(x @ self.Wx + h @ self.Wh + self.b)

    def back(self, d, x, h, new):
        d = d * (1 - new ** 2)
        return d @ self.Wx.T, d @ self.Wh.T, x.T @ d, h.T @ d, d.sum(0)


class Unrolled:
    def __init__(self, step):
        self.step = step

    def forward(self, xs, h0):
        self.xs, self.hs = xs, [h0]
        for t in range(xs.shape[1]):
            self.hs.append(self.step(xs[:, t], self.hs[-1]))
        return np.stack(self.hs[1:], axis=1)

    def backward(self, dhs):
        dx, dh = np.zeros_like(self.xs), 0
        self.dWx, self.dWh, self.db = 0, 0, 0
        for t in reversed(range(self.xs.shape[1])):
            dx[:, t], dh, gx, gh, gb = self.step.back(
                dhs[:, t] + dh, self.xs[:, t], self.hs[t], self.hs[t + 1])
            self.dWx, self.dWh, self.db = self.dWx + gx, self.dWh + gh, self.db + gb
        return dx
"""


def test_a_layer_is_judged_and_not_its_cell(tmp_path: Path) -> None:
    """A cell is handed to the layer that runs it; a mistake of the layer's own is seen."""
    assert judged(adapted(tmp_path, LAYER)).passed
    wrong = adapted(tmp_path, LAYER.replace("self.dWh + gh", "gh"))
    assert "Unrolled(Step(features, hidden))" in bound(wrong)
    assert [comparison.name for comparison in judged(wrong).failures] == ["grad/W_h"]
