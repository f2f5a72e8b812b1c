import numpy as np


class StackedRNN:
    """
    Several tanh layers on top of each other, a linear output read from the
    top layer after the last step, squared loss.

    X: (T, n_features, n_samples)   -- samples are columns
    Y: (n_outputs, n_samples)
    """

    def __init__(self, n_features, hidden=(20, 20), n_outputs=1, eta=0.05, seed=0):
        rs = np.random.RandomState(seed)
        self.eta = eta
        self.hidden = hidden
        self.L = len(hidden)
        sizes = (n_features,) + tuple(hidden)
        self.Wx = [rs.randn(sizes[l + 1], sizes[l]) / np.sqrt(sizes[l]) for l in range(self.L)]
        self.Wh = [rs.randn(n, n) / np.sqrt(n) for n in hidden]
        self.b = [np.zeros((n, 1)) for n in hidden]
        self.Wy = rs.randn(n_outputs, hidden[-1]) / np.sqrt(hidden[-1])
        self.by = np.zeros((n_outputs, 1))

    def forward(self, X):
        T, _, N = X.shape
        self.inputs = [X]
        self.states = []
        below = X
        h = np.zeros((self.hidden[0], N))
        for l in range(self.L):
            states = [h]
            for t in range(T):
                h = np.tanh(self.Wx[l].dot(below[t]) + self.Wh[l].dot(h) + self.b[l])
                states.append(h)
            self.states.append(states)
            below = states[1:]
            self.inputs.append(below)
        return self.Wy.dot(self.states[-1][-1]) + self.by

    def backward(self, dY):
        T = len(self.inputs[0])
        N = dY.shape[1]
        self.gWy = dY.dot(self.states[-1][-1].T)
        self.gby = dY.sum(axis=1, keepdims=True)
        self.gWx = [np.zeros_like(w) for w in self.Wx]
        self.gWh = [np.zeros_like(w) for w in self.Wh]
        self.gb = [np.zeros_like(w) for w in self.b]

        d_above = [np.zeros((self.hidden[-1], N)) for _ in range(T)]
        d_above[-1] = self.Wy.T.dot(dY)
        for l in range(self.L - 1, -1, -1):
            d_below = [None] * T
            dh = np.zeros((self.hidden[l], N))
            for t in range(T - 1, -1, -1):
                dz = (d_above[t] + dh) * (1 - self.states[l][t + 1] ** 2)
                self.gWx[l] += dz.dot(self.inputs[l][t].T)
                self.gWh[l] += dz.dot(self.states[l][t].T)
                self.gb[l] += dz.sum(axis=1, keepdims=True)
                d_below[t] = self.Wx[l].T.dot(dz)
                dh = self.Wh[l].T.dot(dz)
            d_above = d_below

    def update(self):
        for l in range(self.L):
            self.Wx[l] -= self.eta * self.gWx[l]
            self.Wh[l] -= self.eta * self.gWh[l]
            self.b[l] -= self.eta * self.gb[l]
        self.Wy -= self.eta * self.gWy
        self.by -= self.eta * self.gby

    def fit(self, X, Y, epochs=100, verbose=0):
        N = Y.shape[1]
        self.curve = []
        for e in range(epochs):
            out = self.forward(X)
            diff = out - Y
            self.curve.append(0.5 * np.sum(diff ** 2) / N)
            self.backward(diff / N)
            self.update()
            if verbose and e % verbose == 0:
                print("epoch", e, "J =", self.curve[-1])
        return self

    def predict(self, X):
        return self.forward(X)


if __name__ == "__main__":
    rs = np.random.RandomState(4)
    X = rs.randn(8, 2, 100)
    Y = np.tanh(X[:, 0].mean(axis=0) - X[2, 1])[None, :]
    net = StackedRNN(2, hidden=(16, 16), eta=0.1).fit(X[..., :80], Y[:, :80], epochs=300, verbose=60)
    print("test mse", np.mean((net.predict(X[..., 80:]) - Y[:, 80:]) ** 2))
