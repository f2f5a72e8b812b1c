"""Layers and directions are found: what is said of the first is said of every one."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from parity.adapter.search.forward.templates import of_directions, of_layers
from tests.adapter.search.verdicts import adapted, bound, judged

LISTS = """
class Net:
    def __init__(self, n_in, n_hidden, n_layers=2):
        sizes = [n_in] + [n_hidden] * n_layers
        self.Wx = [np.random.randn(a, b) for a, b in zip(sizes, sizes[1:])]
        self.Wh = [np.random.randn(n_hidden, n_hidden) for _ in range(n_layers)]
        self.bh = [np.zeros(n_hidden) for _ in range(n_layers)]

    def forward(self, x):
        for Wx, Wh, b in zip(self.Wx, self.Wh, self.bh):
            h, out = np.zeros((len(x), len(b))), []
            for t in range(x.shape[1]):
                h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
                out.append(h)
            x = np.stack(out, axis=1)
        return x
"""

OBJECTS = """
class Layer:
    def __init__(self, n_in, n_hidden):
        self.Wx, self.Wh = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_hidden)
        self.b = np.zeros(n_hidden)

    def forward(self, x):
        self.x, self.hs = x, [np.zeros((len(x), len(self.b)))]
        for t in range(x.shape[1]):
            self.hs.append(np.tanh(x[:, t] @ self.Wx + self.hs[-1] @ self.Wh + self.b))
        return np.stack(self.hs[1:], 1)

    def backward(self, dhs):
        self.dWx, self.dWh, self.db = 0 * self.Wx, 0 * self.Wh, 0 * self.b
        dx, dh = np.zeros_like(self.x), 0
        for t in reversed(range(self.x.shape[1])):
            d = (dhs[:, t] + dh) * (1 - self.hs[t + 1] ** 2)
            self.dWx += self.x[:, t].T @ d
            self.dWh += self.hs[t].T @ d
            self.db += d.sum(0)
            dx[:, t], dh = d @ self.Wx.T, d @ self.Wh.T
        return dx


class Stacked:
    def __init__(self, n_in, n_hidden, n_out, depth=1):
        self.stack = [Layer(n_hidden if k else n_in, n_hidden) for k in range(depth)]
        self.V, self.c = np.random.randn(n_hidden, n_out), np.zeros(n_out)

    def forward(self, x):
        for layer in self.stack:
            x = layer.forward(x)
        self.last = x
        return x[:, -1] @ self.V + self.c

    def backward(self, dy):
        self.dV, self.dc = self.last[:, -1].T @ dy, dy.sum(0)
        d = np.zeros_like(self.last)
        d[:, -1] = dy @ self.V.T
        for layer in reversed(self.stack):
            d = layer.backward(d)
        return d
"""

NUMBERED = """
class DeepRNN:
    def __init__(self, input_size, hidden_size, num_layers):
        self.n = num_layers
        for k in range(1, num_layers + 1):
            n = input_size if k == 1 else hidden_size
            setattr(self, f"W{k}", np.random.randn(hidden_size, n))
            setattr(self, f"U{k}", np.random.randn(hidden_size, hidden_size))
            setattr(self, f"b{k}", np.zeros(hidden_size))

    def forward(self, x, h0):
        for k in range(1, self.n + 1):
            W, U, b = (getattr(self, f"{name}{k}") for name in "WUb")
            h, out = h0[k - 1], []
            for t in range(len(x)):
                h = np.tanh(x[t] @ W.T + h @ U.T + b)
                out.append(h)
            x = np.stack(out)
        return x
"""

BOTH = """
class RNN:
    def __init__(self, n_in, n_hidden, layers=1, bidirectional=False):
        d = 2 if bidirectional else 1
        sizes = [n_in] + [n_hidden * d] * (layers - 1)
        self.Wx = [[np.random.randn(n, n_hidden) for _ in range(d)] for n in sizes]
        self.Wh = [[np.random.randn(n_hidden, n_hidden) for _ in range(d)] for n in sizes]
        self.b = [[np.zeros(n_hidden) for _ in range(d)] for n in sizes]

    def forward(self, x):
        for k in range(len(self.Wx)):
            both = []
            for d in range(len(self.Wx[k])):
                h, out = np.zeros((len(x), len(self.b[k][d]))), {}
                for t in range(x.shape[1])[:: -1 if d else 1]:
                    h = np.tanh(x[:, t] @ self.Wx[k][d] + h @ self.Wh[k][d] + self.b[k][d])
                    out[t] = h
                both.append(np.stack([out[t] for t in range(x.shape[1])], axis=1))
            x = np.concatenate(both, axis=2)
        return x
"""

TWO = {"layers": 2}
WAYS = {"bidirectional": True}

ASKED = {
    "lists": (LISTS, {"layers": 3}),
    "a list of layers under a head": (OBJECTS, TWO),
    "numbers in names, and an initial state of each": (NUMBERED, {"layers": 3}),
    "two directions": (BOTH, WAYS),
    "layers and directions": (BOTH, TWO | WAYS),
}


@pytest.mark.parametrize(("text", "options"), ASKED.values(), ids=ASKED)
def test_a_right_stack_agrees(tmp_path: Path, text: str, options: dict[str, int]) -> None:
    """A network that is made with layers or directions knows the option, and agrees with it."""
    subject = adapted(tmp_path, text)
    assert {*options} <= {*subject.knows}
    assert judged(subject).passed
    verdict = judged(subject, **options)
    assert verdict.passed, (verdict.failures, verdict.findings)


def test_gradients_of_every_layer_are_compared(tmp_path: Path) -> None:
    """The gradients of a second layer's weights are found, and those of the head."""
    names = {c.name for c in judged(adapted(tmp_path, OBJECTS), layers=2).compared}
    assert {"grad/W_x_l1", "grad/W_h_l1", "grad/b_l1", "grad/W_x", "grad/W_out"} <= names


def test_a_mistake_in_the_second_layer_differs(tmp_path: Path) -> None:
    """Layers that share one recurrent matrix are right with one layer, and wrong with two."""
    subject = adapted(tmp_path, BOTH.replace("h @ self.Wh[k][d]", "h @ self.Wh[0][d]"))
    assert judged(subject).passed
    assert [c.name for c in judged(subject, layers=2).failures] == ["hidden"]


ALWAYS_BOTH = """
class One:
    def __init__(self, d, h):
        self.p = {"x": np.random.randn(d, h), "h": np.random.randn(h, h), "b": np.zeros(h)}

    def forward(self, x):
        self.x, self.hs = x, [np.zeros((len(x), len(self.p["b"])))]
        for t in range(x.shape[1]):
            self.hs.append(np.tanh(x[:, t] @ self.p["x"] + self.hs[-1] @ self.p["h"] + self.p["b"]))
        return np.stack(self.hs[1:], axis=1)

    def backward(self, up):
        self.g = {k: 0 * v for k, v in self.p.items()}
        dx, dh = np.zeros_like(self.x), 0
        for t in reversed(range(up.shape[1])):
            d = (up[:, t] + dh) * (1 - self.hs[t + 1] ** 2)
            self.g["x"] += self.x[:, t].T @ d
            self.g["h"] += self.hs[t].T @ d
            self.g["b"] += d.sum(0)
            dx[:, t], dh = d @ self.p["x"].T, d @ self.p["h"].T
        return dx


class Both:
    def __init__(self, d, h):
        self.one, self.two, self.h = One(d, h), One(d, h), h

    def forward(self, x):
        back = self.two.forward(x[:, ::-1])[:, ::-1]
        return np.concatenate([self.one.forward(x), back], axis=2)

    def backward(self, up):
        back = self.two.backward(up[:, ::-1, self.h:])
        return self.one.backward(up[..., :self.h]) + back[:, ::-1]
"""


def test_a_network_that_always_has_two_directions_is_asked_with_two(tmp_path: Path) -> None:
    """Two layers in one class, with nothing to choose, are the two directions of one network."""
    subject = adapted(tmp_path, ALWAYS_BOTH)
    assert subject.asks["bidirectional"] is True
    verdict = judged(subject)
    assert verdict.passed, (verdict.failures, verdict.findings)
    assert {"grad/W_h", "grad/W_h_reverse", "grad/x"} <= {c.name for c in verdict.compared}


def test_a_gradient_that_is_not_turned_back_differs(tmp_path: Path) -> None:
    """The second direction's gradient by x in the wrong order of time is seen."""
    wrong = ALWAYS_BOTH.replace("+ back[:, ::-1]", "+ back")
    assert [c.name for c in judged(adapted(tmp_path, wrong)).failures] == ["grad/x"]


ALWAYS_TWO = """
class TwoLayers:
    def __init__(self, n_in, n_hidden):
        self.Wx1, self.Wh1 = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_hidden)
        self.Wx2 = np.random.randn(n_hidden, n_hidden)
        self.Wh2 = np.random.randn(n_hidden, n_hidden)
        self.b1, self.b2 = np.zeros(n_hidden), np.zeros(n_hidden)

    def forward(self, x):
        h1 = h2 = np.zeros((len(x), len(self.b1)))
        out = []
        for t in range(x.shape[1]):
            h1 = np.tanh(x[:, t] @ self.Wx1 + h1 @ self.Wh1 + self.b1)
            h2 = np.tanh(h1 @ self.Wx2 + h2 @ self.Wh2 + self.b2)
            out.append(h2)
        return np.stack(out, axis=1)
"""


def test_a_network_that_always_has_two_layers_is_asked_with_two(tmp_path: Path) -> None:
    """Weights of two layers by the author's own numbers are one stack of two."""
    subject = adapted(tmp_path, ALWAYS_TWO)
    assert subject.asks["layers"] == 2, bound(subject)
    assert judged(subject).passed


TEMPLATES = {
    "Wx[0].T": "Wx[layer].T",
    "p['W1']": "p[f'W{layer + 1}']",
    "rnn.weight_l0": "getattr(rnn, f'weight_l{layer}')",
    "b_ih_l0 + b_hh_l0": "getattr(self, f'b_ih_l{layer}') + getattr(self, f'b_hh_l{layer}')",
}


@pytest.mark.parametrize(("text", "template"), TEMPLATES.items(), ids=TEMPLATES)
def test_a_number_is_the_layer(text: str, template: str) -> None:
    """The number of the first layer, from 0 or from 1, becomes that of every layer."""
    assert template in of_layers(text)


def test_directions_are_pairs_of_what_is_alike() -> None:
    """What is held twice, under whatever names, can be the two directions."""
    arrays = {"u": np.zeros((2, 3)), "v": np.zeros((2, 3)), "w": np.zeros(3)}
    held = SimpleNamespace(p=arrays, q=dict(arrays))
    found = {*of_directions("net.p['u']", {"net": held, "net.p": arrays}.__getitem__)}
    assert {"[net.p, net.q][direction]['u']", "net.p[['u', 'v'][direction]]"} <= found
    assert "net.p[['u', 'w'][direction]]" not in found
