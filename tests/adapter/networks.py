"""Small right networks in the ways in which people write them, to be bound by hand."""

import numpy as np


class CharRNN:
    """Weights on the left and sequences in columns: h = tanh(Wxh x + Whh h + bh), then a head."""

    def __init__(self, hidden: int, n_in: int, n_out: int):
        self.Wxh, self.Whh = np.zeros((hidden, n_in)), np.zeros((hidden, hidden))
        self.bh, self.Why, self.by = (
            np.zeros((hidden, 1)),
            np.zeros((n_out, hidden)),
            np.zeros((n_out, 1)),
        )

    def forward(self, x):  # (features, steps, batch)
        self.x, self.h = x, [np.zeros((len(self.Whh), x.shape[2]))]
        for t in range(x.shape[1]):
            self.h.append(np.tanh(self.Wxh @ x[:, t] + self.Whh @ self.h[-1] + self.bh))
        return self.Why @ self.h[-1] + self.by, np.array(self.h[1:])

    def cost(self, scores, labels):
        p = np.exp(scores) / np.exp(scores).sum(axis=0)
        self.error = (p - np.eye(len(p))[labels].T) / len(labels)
        return -np.log(p[labels, np.arange(len(labels))]).mean()

    def bptt(self):
        self.dWhy, self.dby = self.error @ self.h[-1].T, self.error.sum(axis=1, keepdims=True)
        self.dWxh, self.dWhh, self.dbh = (np.zeros_like(w) for w in (self.Wxh, self.Whh, self.bh))
        dh = self.Why.T @ self.error
        for t in reversed(range(self.x.shape[1])):
            d = dh * (1 - self.h[t + 1] ** 2)
            self.dWxh += d @ self.x[:, t].T
            self.dWhh += d @ self.h[t].T
            self.dbh += d.sum(axis=1, keepdims=True)
            dh = self.Whh.T @ d

    def descend(self, rate):
        for name in ("Wxh", "Whh", "bh", "Why", "by"):
            setattr(self, name, getattr(self, name) - rate * getattr(self, "d" + name))


class Stack:
    """Layers and directions with two biases each, in a dictionary with PyTorch's names."""

    def __init__(self, input_size, hidden_size, num_layers=1, bidirectional=False):
        self.ways = ("", "_reverse") if bidirectional else ("",)
        self.num_layers, self.hidden = num_layers, hidden_size
        self.weights = {}
        for k in range(num_layers):
            for way in self.ways:
                n_in = len(self.ways) * hidden_size if k else input_size
                self.weights[f"weight_ih_l{k}{way}"] = np.zeros((hidden_size, n_in))
                self.weights[f"weight_hh_l{k}{way}"] = np.zeros((hidden_size, hidden_size))
                self.weights[f"bias_ih_l{k}{way}"] = np.zeros(hidden_size)
                self.weights[f"bias_hh_l{k}{way}"] = np.zeros(hidden_size)

    def _four(self, k, way):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [self.weights[f"{name}_l{k}{way}"] for name in names]

    def __call__(self, x, h_0):  # h_0: (layers * directions, batch, hidden)
        self.seen, first = {}, iter(h_0)
        for k in range(self.num_layers):
            outs = []
            for way in self.ways:
                W, U, b, c = self._four(k, way)
                order = range(x.shape[1])[:: -1 if way else 1]
                h, states = next(first), {}
                before = {}
                for t in order:
                    before[t] = h
                    states[t] = h = np.tanh(x[:, t] @ W.T + b + h @ U.T + c)
                self.seen[k, way] = x, states, before, order
                outs.append(np.stack([states[t] for t in range(x.shape[1])], axis=1))
            x = np.concatenate(outs, axis=2)
        return x, np.stack([states[order[-1]] for _, states, _, order in self.seen.values()])

    def backward(self, d_out, d_last):
        self.grads = {name: np.zeros_like(array) for name, array in self.weights.items()}
        cells, d_first = list(self.seen), {}
        for k in reversed(range(self.num_layers)):
            dx = 0
            for place, way in enumerate(self.ways):
                own = d_out[..., place * self.hidden : (place + 1) * self.hidden]
                found, d_first[k, way] = self._through(k, way, own, d_last[cells.index((k, way))])
                dx = dx + found
            d_out = dx
        return d_out, [d_first[cell] for cell in cells]

    def _through(self, k, way, d_out, dh):
        W, U, _, _ = self._four(k, way)
        x, states, before, order = self.seen[k, way]
        dx = np.zeros_like(x)
        for t in reversed(order):
            d = (d_out[:, t] + dh) * (1 - states[t] ** 2)
            self.grads[f"weight_ih_l{k}{way}"] += d.T @ x[:, t]
            self.grads[f"weight_hh_l{k}{way}"] += d.T @ before[t]
            self.grads[f"bias_ih_l{k}{way}"] += d.sum(axis=0)
            self.grads[f"bias_hh_l{k}{way}"] += d.sum(axis=0)
            dx[:, t], dh = d @ W, d @ U
        return dx, dh

    def step(self, rate):
        for name, gradient in self.grads.items():
            self.weights[name] -= rate * gradient


STACK = {
    "W_x": 'weights[f"weight_ih_l{layer}{reverse}"].T',
    "W_h": 'weights[f"weight_hh_l{layer}{reverse}"].T',
    "b": 'weights[f"bias_ih_l{layer}{reverse}"] + weights[f"bias_hh_l{layer}{reverse}"]',
    "forward": "self(x, every_h_0) -> hidden: out[0], final: out[1]",
    "backward": "backward(upstream_output, every_upstream_final) -> "
    "grad/x: out[0], grad/h_0: out[1], "
    'grad/W_x: grads[f"weight_ih_l{layer}{reverse}"].T, '
    'grad/W_h: grads[f"weight_hh_l{layer}{reverse}"].T, '
    'grad/b: grads[f"bias_ih_l{layer}{reverse}"], '
    'grad/b_hh: grads[f"bias_hh_l{layer}{reverse}"]',
    "update": "step(lr)",
}
"""The items that bind `Stack`; its constructor is understood."""

CHAR_RNN = {
    "W_x": "Wxh.T",
    "W_h": "Whh.T",
    "b": "bh[:, 0]",
    "W_out": "Why.T",
    "b_out": "by[:, 0]",
    "forward": "scores, states = forward(x.T) -> "
    "logits: scores.T, hidden: states.transpose(2, 0, 1)",
    "loss": "cost(scores, labels) -> loss: out",
    "backward": "bptt() -> grad/W_x: dWxh.T, grad/W_h: dWhh.T, grad/b: dbh[:, 0], "
    "grad/W_out: dWhy.T, grad/b_out: dby[:, 0]",
    "update": "descend(lr)",
}
"""The items that bind `CharRNN`; x.T is (features, steps, batch)."""


class Cell:
    """One step of a layer, and one step back."""

    def __init__(self, input_size, hidden_size):
        self.W, self.U = np.zeros((input_size, hidden_size)), np.zeros((hidden_size, hidden_size))
        self.b = np.zeros(hidden_size)
        self.clear()

    def clear(self):
        self.dW, self.dU, self.db = np.zeros_like(self.W), np.zeros_like(self.U), 0 * self.b

    def forward(self, x, h):
        return np.tanh(x @ self.W + h @ self.U + self.b)

    def backward(self, d, x, before, after):
        d = d * (1 - after**2)
        self.dW += x.T @ d
        self.dU += before.T @ d
        self.db += d.sum(axis=0)
        return d @ self.W.T, d @ self.U.T


CELL = {
    "W_x": "W",
    "W_h": "U",
    "b": "self.b",
    "reset": "clear()",
    "forward": "for t: h = forward(x[:, t], h) -> hidden: h",
    "backward": "for t reversed: dx, dh = backward(upstream[:, t] + dh, x[:, t], h_before, h) -> "
    "grad/x: dx, grad/h_0: dh, grad/W_x: dW, grad/W_h: dU, grad/b: db",
}
"""The items that bind `Cell`: the harness calls it for every step, forward and back."""


class Faulty:
    """A network with everything that goes wrong while it is bound."""

    def __init__(self, features: int, hidden: int):
        self.W, self.U = np.zeros((features, hidden)), np.zeros((hidden, hidden))
        self.b, self._copied = np.zeros(hidden), np.zeros(hidden)

    @property
    def copied(self):
        return self._copied.copy()

    def forward(self, x):
        return x[:, 99]

    def stub(self, x):
        raise NotImplementedError

    def prints(self, x):
        print("loud")
        return "done"

    def probabilities(self, x):
        return np.full((len(x), 7), 1 / 7)


FAULTY = {"W_x": "W", "W_h": "U", "b": "self.b", "forward": "forward(x)"}


class Trained:
    """A network whose training step only subtracts the rate."""

    def __init__(self):
        self.W = np.zeros((4, 5))

    def train(self, rate):
        self.W -= rate
