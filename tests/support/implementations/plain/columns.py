import numpy as np


class Rnn:
    """One sequence of column vectors, one label; every call of train is one step of SGD."""

    def __init__(self, size_in, size_hidden, size_out):
        self.Wxh = np.random.randn(size_hidden, size_in) / 10
        self.Whh = np.random.randn(size_hidden, size_hidden) / 10
        self.Why = np.random.randn(size_out, size_hidden) / 10
        self.bh = np.zeros((size_hidden, 1))
        self.by = np.zeros((size_out, 1))

    def forward(self, inputs):
        h = np.zeros((self.Whh.shape[0], 1))
        self.inputs = inputs
        self.hs = {-1: h}
        for t, x in enumerate(inputs):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            self.hs[t] = h
        return self.Why @ h + self.by

    def gradients(self, dy):
        last = len(self.inputs) - 1
        dWhy = dy @ self.hs[last].T
        dby = dy
        dWxh = np.zeros_like(self.Wxh)
        dWhh = np.zeros_like(self.Whh)
        dbh = np.zeros_like(self.bh)
        dh = self.Why.T @ dy
        for t in reversed(range(len(self.inputs))):
            da = (1 - self.hs[t] ** 2) * dh
            dWxh += da @ self.inputs[t].T
            dWhh += da @ self.hs[t - 1].T
            dbh += da
            dh = self.Whh.T @ da
        return dWxh, dWhh, dbh, dWhy, dby

    def train(self, inputs, label, lr):
        y = self.forward(inputs)
        z = y - np.max(y)
        e = np.exp(z)
        p = e / np.sum(e)
        loss = np.log(np.sum(e)) - z[label, 0]
        dy = p.copy()
        dy[label] -= 1
        dWxh, dWhh, dbh, dWhy, dby = self.gradients(dy)
        self.Wxh -= lr * dWxh
        self.Whh -= lr * dWhh
        self.bh -= lr * dbh
        self.Why -= lr * dWhy
        self.by -= lr * dby
        return loss
