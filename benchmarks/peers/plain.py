"""A loop as in a notebook: NumPy, step by step, with the equations of a textbook.

A layer returns every state and takes a gradient by each. It keeps the pre-activations, and
computes the derivative of the activation from them.
"""

from collections.abc import Callable

import numpy as np

from parity.model.case import Array, Case


class Layer:
    """One time step after the other: all states out, the gradients by all states in."""

    def __init__(self, W_x: Array, W_h: Array, b: Array) -> None:
        self.W_x, self.W_h, self.b = W_x.copy(), W_h.copy(), b.copy()

    def forward(self, x: Array, h: Array) -> Array:
        """Return every state: (batch, steps, nodes)."""
        self.x, self.states, self.activations = x, [h], []
        for t in range(x.shape[1]):
            a = x[:, t] @ self.W_x + h @ self.W_h + self.b
            h = np.tanh(a)
            self.activations.append(a)
            self.states.append(h)
        return np.stack(self.states[1:], axis=1)

    def backward(self, dh_out: Array) -> None:
        """Keep every gradient."""
        self.dW_x, self.dW_h = np.zeros_like(self.W_x), np.zeros_like(self.W_h)
        self.db, self.dx = np.zeros_like(self.b), np.zeros_like(self.x)
        dh_next = np.zeros_like(self.states[0])
        for t in reversed(range(self.x.shape[1])):
            dh = dh_out[:, t] + dh_next
            da = dh * (1 - np.tanh(self.activations[t]) ** 2)
            self.dW_x += self.x[:, t].T @ da
            self.dW_h += self.states[t].T @ da
            self.db += da.sum(axis=0)
            self.dx[:, t] = da @ self.W_x.T
            dh_next = da @ self.W_h.T
        self.dh_0 = dh_next


class Classifier:
    """The layer, a linear head on its last state, cross-entropy, SGD."""

    def __init__(self, case: Case) -> None:
        self.rnn = Layer(case.W_x, case.W_h, case.b)
        self.W_out, self.b_out = case.W_out.copy(), case.b_out.copy()
        self.lr = case.lr

    def forward(self, x: Array, h_0: Array) -> Array:
        """Return the logits of the last step: (batch, classes)."""
        self.states = self.rnn.forward(x, h_0)
        self.logits: Array = self.states[:, -1] @ self.W_out + self.b_out
        return self.logits

    def backward(self, labels: Array) -> float:
        """Return the mean cross-entropy, and keep every gradient."""
        batch = len(labels)
        p = np.exp(self.logits - self.logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(batch), labels]).mean()
        d = p.copy()
        d[np.arange(batch), labels] -= 1
        d /= batch
        self.dW_out, self.db_out = self.states[:, -1].T @ d, d.sum(axis=0)
        dh_out = np.zeros_like(self.states)
        dh_out[:, -1] = d @ self.W_out.T
        self.rnn.backward(dh_out)
        return float(loss)

    def update(self) -> None:
        """Take one SGD step."""
        self.rnn.W_x -= self.lr * self.rnn.dW_x
        self.rnn.W_h -= self.lr * self.rnn.dW_h
        self.rnn.b -= self.lr * self.rnn.db
        self.W_out -= self.lr * self.dW_out
        self.b_out -= self.lr * self.db_out


def forward(case: Case) -> Callable[[], Array]:
    """Return the logits."""
    model = Classifier(case)
    return lambda: model.forward(case.x, case.h_0)


def training_step(case: Case) -> Callable[[], float]:
    """Return one training step."""
    model = Classifier(case)

    def step() -> float:
        model.forward(case.x, case.h_0)
        loss = model.backward(case.labels)
        model.update()
        return loss

    return step
