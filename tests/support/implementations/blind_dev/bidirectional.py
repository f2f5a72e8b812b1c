"""Bidirectional Elman layer built from two one-directional ones."""
import numpy as np


class OneWay(object):
    """x: (T, B, D)  ->  (T, B, H)"""

    def __init__(self, d, h, rng, reverse=False):
        self.reverse = reverse
        self.p = {
            'wx': rng.standard_normal((d, h)) / np.sqrt(d),
            'wh': rng.standard_normal((h, h)) / np.sqrt(h),
            'b': np.zeros(h),
        }
        self.g = {}

    def forward(self, x):
        if self.reverse:
            x = x[::-1]
        T, B, _ = x.shape
        H = self.p['b'].size
        hs = np.zeros((T + 1, B, H))
        for t in range(T):
            hs[t + 1] = np.tanh(x[t] @ self.p['wx'] + hs[t] @ self.p['wh'] + self.p['b'])
        self.x, self.hs = x, hs
        out = hs[1:]
        return out[::-1] if self.reverse else out

    def backward(self, dout):
        if self.reverse:
            dout = dout[::-1]
        x, hs = self.x, self.hs
        self.g = {k: np.zeros_like(v) for k, v in self.p.items()}
        dx = np.zeros_like(x)
        dh = np.zeros_like(hs[0])
        for t in range(len(x) - 1, -1, -1):
            da = (dh + dout[t]) * (1 - hs[t + 1] ** 2)
            self.g['wx'] += x[t].T @ da
            self.g['wh'] += hs[t].T @ da
            self.g['b'] += da.sum(0)
            dx[t] = da @ self.p['wx'].T
            dh = da @ self.p['wh'].T
        return dx


class BiRNN(object):
    def __init__(self, d, h, seed=0):
        rng = np.random.default_rng(seed)
        self.fwd = OneWay(d, h, rng)
        self.bwd = OneWay(d, h, rng, reverse=True)
        self.h = h

    def forward(self, x):
        return np.concatenate([self.fwd.forward(x), self.bwd.forward(x)], axis=2)

    def backward(self, dout):
        return self.fwd.backward(dout[:, :, :self.h]) + self.bwd.backward(dout[:, :, self.h:])

    def update(self, lr):
        for layer in (self.fwd, self.bwd):
            for k in layer.p:
                layer.p[k] -= lr * layer.g[k]


if __name__ == '__main__':
    net = BiRNN(2, 4)
    rng = np.random.default_rng(1)
    x = rng.standard_normal((9, 16, 2))
    y = 0.5 * np.concatenate([np.roll(x, 1, 0), np.roll(x, -1, 0), x, -x], axis=2)
    for i in range(200):
        out = net.forward(x)
        net.backward((out - y) / y[0].size)
        net.update(0.05)
        if i % 50 == 0:
            print(i, ((out - y) ** 2).mean())
