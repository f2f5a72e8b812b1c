import numpy as np


class RNNClassifier:
    """Sequences (batch, steps, inputs) in, one class out: tanh units, softmax, SGD."""

    def __init__(self, n_inputs, n_hidden, n_classes):
        self.Wx = np.random.randn(n_inputs, n_hidden) * 0.1
        self.Wh = np.random.randn(n_hidden, n_hidden) * 0.1
        self.bh = np.zeros(n_hidden)
        self.Wy = np.random.randn(n_hidden, n_classes) * 0.1
        self.by = np.zeros(n_classes)

    def forward(self, x):
        batch, steps, inputs = x.shape
        self.x = x
        self.h = np.zeros((batch, steps + 1, len(self.bh)), x.dtype)
        for t in range(steps):
            a = x[:, t] @ self.Wx + self.h[:, t] @ self.Wh + self.bh
            self.h[:, t + 1] = np.tanh(a)
        return self.h[:, -1] @ self.Wy + self.by

    def loss(self, x, y):
        logits = self.forward(x)
        z = logits - logits.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.p = np.exp(log_p)
        return -log_p[np.arange(len(y)), y].mean()

    def backward(self, y):
        d = self.p.copy()
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        self.dWy = self.h[:, -1].T @ d
        self.dby = d.sum(axis=0)
        self.dWx = np.zeros_like(self.Wx)
        self.dWh = np.zeros_like(self.Wh)
        self.dbh = np.zeros_like(self.bh)
        dh = d @ self.Wy.T
        for t in reversed(range(self.x.shape[1])):
            da = dh * (1 - self.h[:, t + 1] ** 2)
            self.dWx += self.x[:, t].T @ da
            self.dWh += self.h[:, t].T @ da
            self.dbh += da.sum(axis=0)
            dh = da @ self.Wh.T

    def update(self, lr):
        self.Wx = self.Wx - lr * self.dWx
        self.Wh = self.Wh - lr * self.dWh
        self.bh = self.bh - lr * self.dbh
        self.Wy = self.Wy - lr * self.dWy
        self.by = self.by - lr * self.dby
