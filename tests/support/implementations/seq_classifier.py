import numpy as np


class RNN:
    """hidden = tanh([1, h, x] W): the weights are one matrix, bias on top."""

    def __init__(self, n_in, n_hidden, n_classes, lr=0.1):
        self.nh, self.lr = n_hidden, lr
        self.W = np.random.randn(1 + n_hidden + n_in, n_hidden) * 0.1
        self.V = np.random.randn(1 + n_hidden, n_classes) * 0.1

    @staticmethod
    def _with_one(*parts):
        return np.concatenate([np.ones((len(parts[0]), 1)), *parts], axis=1)

    def forward(self, X):
        """X: (N, T, n_in) -> log probabilities (N, n_classes)"""
        h = np.zeros((len(X), self.nh))
        self.inputs, self.hs = [], []
        for t in range(X.shape[1]):
            z = self._with_one(h, X[:, t])
            h = np.tanh(z @ self.W)
            self.inputs.append(z)
            self.hs.append(h)
        o = self._with_one(h) @ self.V
        o -= o.max(axis=1, keepdims=True)
        return o - np.log(np.exp(o).sum(axis=1, keepdims=True))

    def train_step(self, X, y):
        logp = self.forward(X)
        n = len(y)
        loss = -logp[np.arange(n), y].mean()
        do = np.exp(logp)
        do[np.arange(n), y] -= 1
        do /= n
        dV = self._with_one(self.hs[-1]).T @ do
        dW = np.zeros_like(self.W)
        dh_next = np.zeros((n, self.nh))
        for t in reversed(range(len(self.hs))):
            dh = do @ self.V[1:].T + dh_next      # from the output and from the future
            da = dh * (1 - self.hs[t] ** 2)
            dW += self.inputs[t].T @ da
            dh_next = da @ self.W[1:1 + self.nh].T
        self.W -= self.lr * dW
        self.V -= self.lr * dV
        return loss


model = RNN(2, 8, 2)
X = np.random.randn(32, 6, 2)
y = (X[:, -1, 0] > 0).astype(int)
losses = [model.train_step(X, y) for _ in range(50)]
print('first %.3f last %.3f' % (losses[0], losses[-1]))
