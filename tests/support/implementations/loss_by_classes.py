import numpy as np


class RNNModel:
    """W = [W_h; W_x; b] is one matrix, (hidden + features + 1, hidden)."""

    def __init__(self, features, hidden, classes, seed=7):
        rs = np.random.RandomState(seed)
        self.hidden = hidden
        self.W = rs.randn(hidden + features + 1, hidden) * 0.1
        self.W_y = rs.randn(hidden + 1, classes) * 0.1

    def forward(self, x):
        # x: (time, batch, features)
        ones = np.ones((x.shape[1], 1))
        h = np.zeros((x.shape[1], self.hidden))
        self.tape = []
        for x_t in x:
            v = np.hstack([h, x_t, ones])
            h = np.tanh(v @ self.W)
            self.tape.append((v, h))
        self.last = np.hstack([h, ones])
        return self.last @ self.W_y

    def criterion(self, logits, target):
        """target: one-hot (batch, classes)"""
        shifted = logits - logits.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = np.mean(-target * logp)
        dlogits = (np.exp(logp) - target) / len(target)
        return loss, dlogits

    def backward(self, dlogits):
        self.dW_y = self.last.T @ dlogits
        self.dW = np.zeros_like(self.W)
        dh = dlogits @ self.W_y[:-1].T
        for v, h in self.tape[::-1]:
            da = dh * (1 - h ** 2)
            self.dW += v.T @ da
            dh = da @ self.W[:self.hidden].T

    def step(self, lr):
        self.W -= lr * self.dW
        self.W_y -= lr * self.dW_y
