"""Kinds: small programs, each with what made an adapter judge one like it wrongly once."""

from dataclasses import dataclass

from tests.support.asking import Outcome

AGREES, DIFFERS = Outcome.AGREES, Outcome.DIFFERS


@dataclass(frozen=True)
class Kind:
    """A program, the outcome, and which array is the first that differs."""

    code: str
    outcome: Outcome = AGREES
    first: str = ""


def _changed(code: str, right: str, wrong: str) -> str:
    assert code.count(right) == 1
    return code.replace(right, wrong)


STATES_AND_OUTPUTS = """
class Reader:
    def __init__(self, inputs, units, outputs):
        self.A = np.random.randn(inputs, units)
        self.B = np.random.randn(units, units)
        self.a = np.zeros((1, units))
        self.C = np.random.randn(units, outputs)
        self.c = np.zeros((1, outputs))

    def forward(self, x):
        state, states, outputs = np.zeros_like(self.a), [], []
        for row in x:
            state = np.tanh(row[None] @ self.A + state @ self.B + self.a)
            states.append(state[0])
            outputs.append((state @ self.C + self.c)[0])
        return np.array(states), np.array(outputs)
"""

TWO_BIASES = """
class Layer:
    def __init__(self, inputs, units):
        self.weight_ih = np.random.randn(units, inputs)
        self.weight_hh = np.random.randn(units, units)
        self.bias_ih = np.random.randn(units)
        self.bias_hh = np.random.randn(units)

    def forward(self, x):
        self.x, self.states = x, [np.zeros((len(x), len(self.bias_ih)))]
        for t in range(x.shape[1]):
            a = x[:, t] @ self.weight_ih.T + self.bias_ih
            a = a + self.states[-1] @ self.weight_hh.T + self.bias_hh
            self.states.append(np.tanh(a))
        return np.stack(self.states[1:], axis=1)

    def backward(self, upstream):
        self.grad_weight_ih = np.zeros_like(self.weight_ih)
        self.grad_weight_hh = np.zeros_like(self.weight_hh)
        self.grad_bias_ih = np.zeros_like(self.bias_ih)
        self.grad_bias_hh = np.zeros_like(self.bias_hh)
        dx, carried = np.zeros_like(self.x), 0
        for t in reversed(range(self.x.shape[1])):
            da = (upstream[:, t] + carried) * (1 - self.states[t + 1] ** 2)
            self.grad_weight_ih += da.T @ self.x[:, t]
            self.grad_weight_hh += da.T @ self.states[t]
            self.grad_bias_ih += da.sum(axis=0)
            self.grad_bias_hh += da.sum(axis=0)
            dx[:, t] = da @ self.weight_ih
            carried = da @ self.weight_hh
        return dx
"""

OUTER_FUNCTION = """
def through_time(d, x, start, states, p):
    g = {name: np.zeros_like(p[name]) for name in ("in", "rec", "bias")}
    for t in reversed(range(x.shape[1])):
        da = d * (1 - states[:, t] ** 2)
        g["in"] += x[:, t].T @ da
        g["rec"] += (states[:, t - 1] if t else start).T @ da
        g["bias"] += da.sum(axis=0)
        d = da @ p["rec"].T
    return g

def outputs(x, start, p):
    state, states = start, []
    for t in range(x.shape[1]):
        state = np.tanh(x[:, t] @ p["in"] + state @ p["rec"] + p["bias"])
        states.append(state)
    return np.stack(states, axis=1), state @ p["out"] + p["offset"]

def loss_and_gradients(x, labels, start, p):
    states, logits = outputs(x, start, p)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    q = e / e.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(q[rows, labels]).mean()
    d = q.copy()
    d[rows, labels] -= 1
    d = d / len(labels)
    g = through_time(d @ p["out"].T, x, start, states, p)
    g["out"], g["offset"] = states[:, -1].T @ d, d.sum(axis=0)
    return loss, g

def descend(p, g, rate):
    for name in p:
        p[name] = p[name] - rate * g[name]
    return p
"""

OWN_TRAINING = """
class Model:
    def __init__(self, inputs, units, classes, rate=0.01):
        self.rate = rate
        self.V = np.random.randn(inputs, units)
        self.W = np.random.randn(units, units)
        self.b = np.zeros(units)
        self.U = np.random.randn(units, classes)
        self.c = np.zeros(classes)

    def forward(self, x):
        self.x, self.s = x, [np.zeros((len(x), len(self.b)), x.dtype)]
        for t in range(x.shape[1]):
            self.s.append(np.tanh(x[:, t] @ self.V + self.s[-1] @ self.W + self.b))
        return self.s[-1] @ self.U + self.c

    def backward(self, d):
        self.dU, self.dc = self.s[-1].T @ d, d.sum(axis=0)
        self.dV, self.dW, self.db = (np.zeros_like(w) for w in (self.V, self.W, self.b))
        d = d @ self.U.T
        for t in reversed(range(self.x.shape[1])):
            da = d * (1 - self.s[t + 1] ** 2)
            self.dV += self.x[:, t].T @ da
            self.dW += self.s[t].T @ da
            self.db += da.sum(axis=0)
            d = da @ self.W.T

    def train_step(self, x, labels):
        logits = self.forward(x)
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        d = p.copy()
        d[np.arange(len(labels)), labels] -= 1
        self.backward(d / len(labels))
        for name in ("V", "W", "b", "U", "c"):
            setattr(self, name, getattr(self, name) - self.rate * getattr(self, "d" + name))
        return -np.log(p[np.arange(len(labels)), labels]).mean()
"""

CELL_FUNCTION = """
def cell(x, h, W_ih, W_hh, b):
    return np.tanh(x @ W_ih.T + h @ W_hh.T + b)
"""

SENTENCE = """
words, units, tags = 6, 8, 3
Wi, Wr = np.random.randn(words, units), np.random.randn(units, units)
Wo = np.random.randn(units, tags)
bi, bo = np.zeros((1, units)), np.zeros((1, tags))

def forward(x, y, before):
    h, p, cost = {-1: before}, {}, 0.0
    for t in range(len(x)):
        h[t] = np.tanh(x[t].reshape(1, -1) @ Wi + h[t - 1] @ Wr + bi)
        s = h[t] @ Wo + bo
        p[t] = np.exp(s - s.max()) / np.exp(s - s.max()).sum()
        cost += -np.log(np.sum(y[t] * p[t]))
    return cost, h, p

def backward(x, y, h, p):
    dWi, dWr, dbi, dWo, dbo = (np.zeros_like(w) for w in (Wi, Wr, bi, Wo, bo))
    carried = np.zeros_like(bi)
    for t in reversed(range(len(x))):
        d = p[t] - y[t]
        dWo += h[t].T @ d
        dbo += d
        da = (1 - h[t] ** 2) * (d @ Wo.T + carried)
        dWi += x[t].reshape(-1, 1) @ da
        dWr += h[t - 1].T @ da
        dbi += da
        carried = da @ Wr.T
    return dWi, dWr, dbi, dWo, dbo
"""

LABELS_OF_STEPS = """
class Characters:
    def __init__(self, vocabulary, units):
        self.E = np.random.randn(vocabulary, units)
        self.R = np.random.randn(units, units)
        self.r = np.zeros(units)
        self.O = np.random.randn(units, vocabulary)
        self.o = np.zeros(vocabulary)

    def forward(self, ids):
        self.x = np.eye(len(self.E))[ids.T]
        self.s = [np.zeros((len(ids), len(self.r)))]
        for x in self.x:
            self.s.append(np.tanh(x @ self.E + self.s[-1] @ self.R + self.r))
        return np.concatenate([s @ self.O + self.o for s in self.s[1:]])

    def loss_and_gradients(self, ids, labels):
        z = self.forward(ids)
        y = labels.T.reshape(-1)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p = p / p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(len(y)), y]).mean()
        p[np.arange(len(y)), y] -= 1
        d = (p / len(y)).reshape(len(self.x), len(ids), -1)
        g, carried = {name: np.zeros_like(getattr(self, name)) for name in "ERrOo"}, 0
        for t in reversed(range(len(d))):
            g["O"] += self.s[t + 1].T @ d[t]
            g["o"] += d[t].sum(axis=0)
            da = (d[t] @ self.O.T + carried) * (1 - self.s[t + 1] ** 2)
            g["E"] += self.x[t].T @ da
            g["R"] += self.s[t].T @ da
            g["r"] += da.sum(axis=0)
            carried = da @ self.R.T
        return loss, g
"""

MEAN_LOSS = """
class Scorer:
    def __init__(self, inputs, units, classes):
        self.Wi = np.random.randn(inputs, units)
        self.Wr = np.random.randn(units, units)
        self.b = np.zeros(units)
        self.Wo = np.random.randn(units, classes)
        self.c = np.zeros(classes)

    def forward(self, x):
        self.x, self.s = x, [np.zeros((len(x), len(self.b)))]
        for t in range(x.shape[1]):
            self.s.append(np.tanh(x[:, t] @ self.Wi + self.s[-1] @ self.Wr + self.b))
        z = self.s[-1] @ self.Wo + self.c
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def loss(self, y):
        return -np.log(self.p[np.arange(len(y)), y]).mean()

    def backward(self, y):
        d = self.p.copy()
        d[np.arange(len(y)), y] -= 1
        d = d / len(y)
        self.dWo, self.dc = self.s[-1].T @ d, d.sum(axis=0)
        self.dWi, self.dWr, self.db = (np.zeros_like(w) for w in (self.Wi, self.Wr, self.b))
        d = d @ self.Wo.T
        for t in reversed(range(self.x.shape[1])):
            da = d * (1 - self.s[t + 1] ** 2)
            self.dWi += self.x[:, t].T @ da
            self.dWr += self.s[t].T @ da
            self.db += da.sum(axis=0)
            d = da @ self.Wr.T
"""

MIXED_LAYOUT = """
class Helper:
    def __init__(self, inputs, units):
        self.weight_ih = np.random.randn(units, inputs)
        self.weight_hh = np.random.randn(units, units)
        self.bias = np.zeros(units)

    def forward(self, x, h_0):
        h, out = h_0, []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ self.weight_ih.T + h @ self.weight_hh + self.bias)
            out.append(h)
        return np.stack(out, axis=1)
"""

LEARNED_START = """
class Net:
    def __init__(self, inputs, units):
        self.Wx = np.random.randn(inputs, units)
        self.Wh = np.random.randn(units, units)
        self.b = np.zeros(units)
        self.start = np.random.randn(units)

    def forward(self, x):
        h, out = self.start, []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ self.Wx + h @ self.Wh + self.b)
            out.append(h)
        return np.stack(out, axis=1)
"""

UPDATES_AT_ONCE = """
class Forecast:
    def __init__(self, inputs, units, outputs):
        self.wi = np.random.rand(inputs, units)
        self.wh = np.random.rand(units, units)
        self.bh = np.random.rand(1, units)
        self.wo = np.random.rand(units, outputs)
        self.bo = np.random.rand(1, outputs)

    def forward(self, x):
        h, states, outputs = np.zeros_like(self.bh), [], []
        for row in x:
            h = np.tanh(row[None] @ self.wi + h @ self.wh + self.bh)
            states.append(h[0])
            outputs.append((h @ self.wo + self.bo)[0])
        return np.array(states), np.array(outputs)

    def backward(self, x, rate, grad, states):
        dwi, dwh, dwo = np.zeros_like(self.wi), np.zeros_like(self.wh), np.zeros_like(self.wo)
        dbh, dbo, carried = 0, 0, 0
        for t in reversed(range(len(x))):
            dwo += np.outer(states[t], grad[t])
            dbo = dbo + grad[[t]]
            da = (grad[[t]] @ self.wo.T + carried) * (1 - states[t] ** 2)
            if t > 0:
                dwh += np.outer(states[t - 1], da)
            dwi += np.outer(x[t], da)
            dbh = dbh + da
            carried = da @ self.wh.T
        self.wi -= rate * dwi
        self.wh -= rate * dwh
        self.bh -= rate * dbh
        self.wo -= rate * dwo
        self.bo -= rate * dbo
"""

STEPS_OF_A_LAYER = """
class Simple:
    def __init__(self, inputs, units, activation=np.tanh):
        self.W = np.random.randn(inputs, units)
        self.U = np.random.randn(units, units)
        self.b = np.zeros(units)
        self.activation = activation

    def step(self, x, before):
        return self.activation(x @ self.W + self.b + before @ self.U)

    def output(self, x, initial):
        out = [initial]
        for t in range(x.shape[1]):
            out.append(self.step(x[:, t], out[-1]))
        return np.stack(out[1:], axis=1)
"""

CELL_WITH_ITS_WEIGHTS = """
class Cell:
    def __init__(self, weight_ih, weight_hh, bias_ih, bias_hh):
        self.weight_ih, self.weight_hh = weight_ih, weight_hh
        self.bias_ih, self.bias_hh = bias_ih, bias_hh
        self.seen = []

    def __call__(self, x, before):
        a = x @ self.weight_ih.T + before @ self.weight_hh.T + self.bias_ih + self.bias_hh
        self.seen.append((x, before, np.tanh(a)))
        return self.seen[-1][2]
"""

KEEPS_ITS_STATE = """
class Stream:
    def __init__(self, inputs, units, outputs):
        self.W_xh = np.random.randn(units, inputs)
        self.W_hh = np.random.randn(units, units)
        self.W_hy = np.random.randn(outputs, units)
        self.h = np.zeros(units)

    def step(self, x):
        self.h = np.tanh(self.W_hh @ self.h + self.W_xh @ x)
        return self.W_hy @ self.h
"""

RAW_VALUES = """
class Net:
    def __init__(self, inputs, units, classes):
        self.wx = np.random.randn(inputs, units)
        self.wh = np.random.randn(units, units)
        self.bh = np.zeros(units)
        self.wy = np.random.randn(units, classes)
        self.by = np.zeros(classes)

    def forward(self, x, h0):
        self.x, self.raw, self.h = x, [], [h0]
        for t in range(x.shape[1]):
            self.raw.append(x[:, t] @ self.wx + self.h[-1] @ self.wh + self.bh)
            self.h.append(np.tanh(self.raw[-1]))
        return self.h[-1] @ self.wy + self.by

    def backward(self, d):
        g = {"wy": self.h[-1].T @ d, "by": d.sum(axis=0), "wx": 0, "wh": 0, "bh": 0}
        d = d @ self.wy.T
        for t in reversed(range(len(self.raw))):
            da = (1 - np.tanh(self.raw[t]) ** 2) * d
            g["wx"] = g["wx"] + self.x[:, t].T @ da
            g["wh"] = g["wh"] + self.h[t].T @ da
            g["bh"] = g["bh"] + da.sum(axis=0)
            d = da @ self.wh.T
        return g
"""

TENSORS = """
import torch

def forward(x, h0, Wx, Wh, b):
    states = [h0]
    for t in range(x.shape[1]):
        states.append(torch.tanh(x[:, t].mm(Wx) + states[-1].mm(Wh) + b))
    return torch.stack(states[1:], dim=1), (x, Wx, Wh, states)

def backward(upstream, cache):
    x, Wx, Wh, states = cache
    dx, carried = torch.zeros_like(x), torch.zeros_like(states[0])
    dWx, dWh, db = torch.zeros_like(Wx), torch.zeros_like(Wh), torch.zeros(len(Wh)).to(x)
    for t in range(x.shape[1] - 1, -1, -1):
        da = (upstream[:, t] + carried) * (1 - states[t + 1] ** 2)
        dx[:, t], carried = da.mm(Wx.T), da.mm(Wh.T)
        dWx, dWh, db = dWx + x[:, t].T.mm(da), dWh + states[t].T.mm(da), db + da.sum(dim=0)
    return dx, carried, dWx, dWh, db
"""

STACK = """
class Stack:
    def __init__(self, inputs, units, layers=2):
        sizes = [inputs] + [units] * (layers - 1)
        self.Wx = [np.random.randn(size, units) for size in sizes]
        self.Wh = [np.random.randn(units, units) for _ in sizes]
        self.b = [np.zeros(units) for _ in sizes]

    def forward(self, x):
        for Wx, Wh, b in zip(self.Wx, self.Wh, self.b):
            h, out = np.zeros((len(x), len(b))), []
            for t in range(x.shape[1]):
                h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
                out.append(h)
            x = np.stack(out, axis=1)
        return x
"""

FIRST_STEP = ("np.outer(states[t - 1], da)", "np.outer(states[max(t - 1, 1)], da)")

KINDS = {
    "no weight is an answer": Kind(STATES_AND_OUTPUTS),
    "two biases": Kind(TWO_BIASES),
    "one of two biases twice": Kind(
        _changed(
            TWO_BIASES, "@ self.weight_ih.T + self.bias_ih", "@ self.weight_ih.T + self.bias_hh"
        ),
        DIFFERS,
        "hidden",
    ),
    "the gradient of the second bias": Kind(
        _changed(TWO_BIASES, "self.grad_bias_hh += da.sum(axis=0)", "self.grad_bias_hh += 7.0"),
        DIFFERS,
        "grad/b_hh",
    ),
    "the outermost function": Kind(OUTER_FUNCTION),
    "a mistake between inner functions": Kind(
        _changed(OUTER_FUNCTION, "d[rows, labels] -= 1", "d[rows, labels] += 1"),
        DIFFERS,
        "grad/W_out",
    ),
    "a step uphill": Kind(
        _changed(OUTER_FUNCTION, "p[name] - rate", "p[name] + rate"), DIFFERS, "step/W_out"
    ),
    "its own training": Kind(OWN_TRAINING),
    "a mistake in its own training": Kind(
        _changed(OWN_TRAINING, "labels] -= 1", "labels] += 1"), DIFFERS, "grad/W_out"
    ),
    "a cell is a function": Kind(CELL_FUNCTION),
    "one sentence at a time": Kind(SENTENCE),
    "one sentence, back untransposed": Kind(
        _changed(SENTENCE, "carried = da @ Wr.T", "carried = da @ Wr"), DIFFERS, "grad/W_x"
    ),
    "labels in the order of outputs": Kind(LABELS_OF_STEPS),
    "labels in another order": Kind(
        _changed(LABELS_OF_STEPS, "labels.T.reshape", "labels.reshape"), DIFFERS, "loss"
    ),
    "a mean, and its gradients": Kind(MEAN_LOSS),
    "a mean, and the gradients of a sum": Kind(
        _changed(MEAN_LOSS, "        d = d / len(y)\n", ""), DIFFERS, "grad/W_out"
    ),
    "a layout that is mixed": Kind(MIXED_LAYOUT),
    "a start that is learned": Kind(LEARNED_START),
    "it updates at once": Kind(UPDATES_AT_ONCE),
    "it updates at once, wrong at one step": Kind(
        _changed(UPDATES_AT_ONCE, *FIRST_STEP), DIFFERS, "grad/W_h"
    ),
    "steps of a layer": Kind(STEPS_OF_A_LAYER),
    "a product for a sum": Kind(
        _changed(
            STEPS_OF_A_LAYER, "(x @ self.W + self.b + before", "((x @ self.W + self.b) * before"
        ),
        DIFFERS,
        "hidden",
    ),
    "a cell that is given its weights": Kind(CELL_WITH_ITS_WEIGHTS),
    "it keeps its state": Kind(KEEPS_ITS_STATE),
    "the derivative at the raw value": Kind(RAW_VALUES),
    "the derivative of the raw value": Kind(
        _changed(RAW_VALUES, "np.tanh(self.raw[t]) ** 2", "self.raw[t] ** 2"), DIFFERS, "grad/W_x"
    ),
    "tensors": Kind(TENSORS),
    "tensors, one step late": Kind(
        _changed(TENSORS, "dWh + states[t].T", "dWh + states[t + 1].T"), DIFFERS, "grad/W_h"
    ),
    "layers in lists": Kind(STACK),
}
"""Right programs, and after some of them the same with one mistake."""
