"""The loop that a notebook would have: NumPy, step by step, the equations as in a textbook."""

from collections.abc import Callable

import numpy as np

from parity.case import Array, Case


class PlainRNN:
    """A sequence classifier, one time step after the other."""

    def __init__(self, case: Case) -> None:
        self.W_x, self.W_h, self.b = case.W_x.copy(), case.W_h.copy(), case.b.copy()
        self.W_out, self.b_out = case.W_out.copy(), case.b_out.copy()
        self.lr = case.lr

    def forward(self, x: Array, h: Array) -> Array:
        """Return the logits of the last step: (batch, classes)."""
        self.x, self.hs = x, [h]
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ self.W_x + h @ self.W_h + self.b)
            self.hs.append(h)
        self.logits: Array = h @ self.W_out + self.b_out
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
        self.dW_out, self.db_out = self.hs[-1].T @ d, d.sum(axis=0)
        self.dW_x, self.dW_h = np.zeros_like(self.W_x), np.zeros_like(self.W_h)
        self.db, self.dx = np.zeros_like(self.b), np.zeros_like(self.x)
        dh = d @ self.W_out.T
        for t in reversed(range(self.x.shape[1])):
            da = dh * (1 - self.hs[t + 1] ** 2)
            self.dW_x += self.x[:, t].T @ da
            self.dW_h += self.hs[t].T @ da
            self.db += da.sum(axis=0)
            self.dx[:, t] = da @ self.W_x.T
            dh = da @ self.W_h.T
        self.dh_0 = dh
        return float(loss)

    def update(self) -> None:
        """Take one SGD step."""
        self.W_x -= self.lr * self.dW_x
        self.W_h -= self.lr * self.dW_h
        self.b -= self.lr * self.db
        self.W_out -= self.lr * self.dW_out
        self.b_out -= self.lr * self.db_out


def forward(case: Case) -> Callable[[], Array]:
    """Return the logits."""
    rnn = PlainRNN(case)
    return lambda: rnn.forward(case.x, case.h_0)


def training_step(case: Case) -> Callable[[], float]:
    """Return one training step."""
    rnn = PlainRNN(case)

    def step() -> float:
        rnn.forward(case.x, case.h_0)
        loss = rnn.backward(case.labels)
        rnn.update()
        return loss

    return step
