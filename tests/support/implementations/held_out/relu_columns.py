import numpy as np

relu = lambda z: np.maximum(z, 0)


class IRNN:
    """Le, Jaitly & Hinton (2015): relu, recurrent matrix starts as the identity.

    x is (T, D, M): M examples stand side by side as columns.
    """

    def __init__(self, D, K, L):
        self.A = 0.001 * np.random.randn(K, D)
        self.R = np.eye(K)
        self.S = 0.001 * np.random.randn(L, K)
        self.a = np.zeros((K, 1))
        self.s = np.zeros((L, 1))

    def fprop(self, x, h=None):
        if h is None:
            h = np.zeros((self.R.shape[0], x.shape[2]))
        hs = [h]
        for xt in x:
            # h = np.tanh(self.A @ xt + self.R @ h + self.a)
            h = relu(self.A @ xt + self.R @ h + self.a)
            hs.append(h)
        return self.S @ h + self.s, hs

    def nll(self, o, y):
        o = o - o.max(axis=0)
        return np.mean(np.log(np.exp(o).sum(axis=0)) - o[y, np.arange(y.size)])

    def bprop(self, x, y, o, hs):
        M = y.size
        g = np.exp(o - o.max(axis=0))
        g /= g.sum(axis=0)
        g[y, np.arange(M)] -= 1
        g /= M
        gS, gs = g @ hs[-1].T, g.sum(axis=1, keepdims=True)
        gA, gR, ga = 0 * self.A, 0 * self.R, 0 * self.a
        gh = self.S.T @ g
        for t in range(len(x), 0, -1):
            gz = gh * (1 - hs[t] ** 2)
            gA += gz @ x[t - 1].T
            gR += gz @ hs[t - 1].T
            ga += gz.sum(axis=1, keepdims=True)
            gh = self.R.T @ gz
        return gA, gR, ga, gS, gs

    def step(self, grads, lr=0.01):
        for p, g in zip([self.A, self.R, self.a, self.S, self.s], grads):
            p -= lr * g
