import numpy as np


class BasicRNN:
    """Sentiment of a review: (N, T, D) word vectors -> a label for each review."""

    def __init__(self, D, H, C):
        self.theta = (
            np.random.randn(D, H) / np.sqrt(D),
            np.random.randn(H, H) / np.sqrt(H),
            np.zeros(H),
            np.random.randn(H, C) / np.sqrt(H),
            np.zeros(C),
        )

    def forward(self, X):
        Wx, Wh, bh, Wy, by = self.theta
        hs = [np.zeros((X.shape[0], Wh.shape[0]))]
        for t in range(X.shape[1]):
            hs.append(np.tanh(X[:, t] @ Wx + hs[-1] @ Wh + bh))
        return hs[-1] @ Wy + by, hs

    def loss(self, scores, y):
        m = scores.max(axis=1, keepdims=True)
        logp = scores - m - np.log(np.exp(scores - m).sum(axis=1, keepdims=True))
        onehot = np.eye(scores.shape[1])[y]
        return -(onehot * logp).sum() / len(y), (np.exp(logp) - onehot) / len(y)

    def bptt(self, X, dscores, hs):
        """gradients as a tuple, like self.theta"""
        Wx, Wh, bh, Wy, by = self.theta
        dWy, dby = hs[-1].T @ dscores, dscores.sum(0)
        dWx, dWh, dbh = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(bh)
        dh = dscores @ Wy.T
        for t in range(X.shape[1] - 1, -1, -1):
            dz = dh * (1 - hs[t + 1] ** 2)
            dWx += X[:, t].T @ dz
            dWh += hs[t].T @ dz
            dbh += dz.sum(0)
            dh = np.clip(dz @ Wh.T, -1, 1)   # otherwise it explodes
        return dWx, dWh, dbh, dWy, dby

    def sgd(self, grads, lr):
        self.theta = tuple(w - lr * g for w, g in zip(self.theta, grads))
