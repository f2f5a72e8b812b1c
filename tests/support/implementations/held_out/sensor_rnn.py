import math

import numpy as np


class SensorRNN:
    """Fault detection from sensor windows (batch, channels, time)."""

    __slots__ = ("V", "U", "O", "c", "tape", "hidden_size")

    def __init__(self, channels, hidden_size, faults):
        self.hidden_size = hidden_size
        lim = math.sqrt(6 / (channels + hidden_size))
        self.V = np.random.uniform(-lim, lim, size=(hidden_size, channels))
        self.U = np.random.uniform(-1, 1, size=(hidden_size, hidden_size)) / math.sqrt(hidden_size)
        self.O = np.zeros((faults, hidden_size))
        self.c = np.zeros(faults)       # the hidden layer has no bias: sensors are centred
        self.tape = None

    def logits(self, windows):
        h = np.zeros((windows.shape[0], self.hidden_size))
        self.tape = []
        for t in range(windows.shape[-1]):
            x, prev = windows[..., t], h
            h = np.tanh(x @ self.V.T + prev @ self.U.T)
            self.tape.append((x, prev, h))
        return h @ self.O.T + self.c

    def loss_and_grad(self, windows, faults):
        """faults: integers (batch,). Returns the loss and a list of gradients: V, U, O, c."""
        scores = self.logits(windows)
        top = np.max(scores, axis=1, keepdims=True)
        logp = scores - top - np.log(np.sum(np.exp(scores - top), axis=1, keepdims=True))
        picked = logp[range(len(faults)), faults]
        loss = -np.sum(picked)

        err = np.exp(logp)
        err[range(len(faults)), faults] -= 1
        err = err / len(faults)
        h = self.tape[-1][2]
        dO, dc = err.T @ h, err.sum(0)
        dV, dU = np.zeros_like(self.V), np.zeros_like(self.U)
        dh = err @ self.O
        while self.tape:
            x, prev, h = self.tape.pop()
            da = dh * (1 - h * h)
            dV += da.T @ x
            dU += da.T @ prev
            dh = da @ self.U
        return loss, [dV, dU, dO, dc]

    def sgd(self, grads, eta):
        self.V, self.U, self.O, self.c = [
            w - eta * g for w, g in zip((self.V, self.U, self.O, self.c), grads)
        ]


def main():
    rnn = SensorRNN(4, 10, 3)
    x, y = np.random.randn(30, 4, 12), np.random.randint(0, 3, 30)
    for i in range(10):
        loss, grads = rnn.loss_and_grad(x, y)
        rnn.sgd(grads, 0.1)
        print(f"{i:3d}  {loss:.4f}")


if __name__ == "__main__":
    main()
