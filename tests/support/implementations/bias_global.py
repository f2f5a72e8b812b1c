import numpy as np

n_in, n_h = 3, 5
np.random.seed(0)
Wx = np.random.randn(n_in, n_h) * 0.3
Wh = np.random.randn(n_h, n_h) * 0.3
b = 0.0   # bias


class MyRNN:
    def __init__(self, Wx, Wh, b, h0=None):
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.h0 = h0

    def forward(self, x):
        """x (N, F, T)"""
        h = np.zeros((x.shape[0], self.Wh.shape[0])) if self.h0 is None else self.h0
        self.x, self.hs = x, [h]
        for t in range(x.shape[2]):
            h = np.tanh(x[:, :, t] @ self.Wx + h @ self.Wh + b)
            self.hs.append(h)
        return np.stack(self.hs[1:], axis=2)      # (N, H, T)

    def backward(self, dh):
        dWx, dWh, db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        acc = 0
        for t in range(self.x.shape[2])[::-1]:
            dz = (dh[:, :, t] + acc) * (1 - self.hs[t + 1] ** 2)
            dWx += self.x[:, :, t].T @ dz
            dWh += self.hs[t].T @ dz
            db += dz.sum(axis=0)
            acc = dz @ self.Wh.T
        return {'dWx': dWx, 'dWh': dWh, 'db': db, 'dh0': acc}


rnn = MyRNN(Wx, Wh, np.full(n_h, b))
y = rnn.forward(np.random.randn(2, n_in, 4))
print(y.shape)
print(rnn.backward(np.ones_like(y))['db'])
