import numpy as np


class RecurrentNet:
    """Samples are columns: X (T, F, N), Y one-hot (C, N)."""

    def __init__(self, f, h, c, eta=0.5):
        self.eta = eta
        self.A = np.random.randn(h, f) * 0.1
        self.B = np.random.randn(h, h) * 0.1
        self.C = np.random.randn(c, h) * 0.1
        self.a = np.zeros((h, 1))
        self.c = np.zeros((c, 1))

    def softmax(self, z):
        z = z - np.max(z)
        return z - np.log(np.sum(np.exp(z)))      # its logarithm, really

    def predict(self, X):
        s = np.zeros((self.B.shape[0], X.shape[2]))
        self.S = [s]
        for x in X:
            s = np.tanh(self.A @ x + self.B @ s + self.a)
            self.S.append(s)
        return self.softmax(self.C @ s + self.c)

    def train(self, X, Y):
        """one step of gradient descent; returns the loss before it"""
        N = Y.shape[1]
        logp = self.predict(X)
        loss = -np.sum(Y * logp) / N
        d = (Y - np.exp(logp)) / N
        dC, dc = d @ self.S[-1].T, d.sum(axis=1, keepdims=True)
        dA, dB, da = np.zeros_like(self.A), np.zeros_like(self.B), np.zeros_like(self.a)
        ds = self.C.T @ d
        for t in range(len(X) - 1, -1, -1):
            dz = ds * (1 - self.S[t + 1] ** 2)
            dA += dz @ X[t].T
            dB += dz @ self.S[t].T
            da += dz.sum(axis=1, keepdims=True)
            ds = self.B.T @ dz
        self.A -= self.eta * dA
        self.B -= self.eta * dB
        self.C -= self.eta * dC
        self.a -= self.eta * da
        self.c -= self.eta * dc
        return loss
