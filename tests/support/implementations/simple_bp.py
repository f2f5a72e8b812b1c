import numpy as np


class Network:
    """Recurrent layer on (F, T): a feature in each row, a time step in each column. One sequence."""

    def __init__(self, inputs, hidden):
        self.wi = np.random.rand(hidden, inputs) - 0.5
        self.wr = np.random.rand(hidden, hidden) - 0.5
        self.bias = np.zeros((hidden, 1))

    def feed(self, x, start=None):
        h = np.zeros_like(self.bias) if start is None else start
        self.x, self.h = x, [h]
        for t in range(x.shape[1]):
            h = np.tanh(self.wi @ x[:, [t]] + self.wr @ h + self.bias)
            self.h.append(h)
        return np.hstack(self.h[1:])

    def backprop(self, grad):
        """grad: (hidden, T)"""
        self.dwi = np.zeros_like(self.wi)
        self.dwr = np.zeros_like(self.wr)
        self.dbias = np.zeros_like(self.bias)
        for t in range(self.x.shape[1]):
            delta = grad[:, [t]] * (1 - self.h[t + 1] ** 2)
            self.dwi += delta @ self.x[:, [t]].T
            self.dwr += delta @ self.h[t].T
            self.dbias += delta
        return self.dwi, self.dwr, self.dbias
