# coding: utf-8
import numpy as np


class RNNCell:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.memo = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h_next = np.tanh(np.dot(x, Wx) + np.dot(h_prev, Wh) + b)
        self.memo = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, h_next = self.memo
        dt = dh_next * (1 - h_next ** 2)
        self.grads[2][...] = np.sum(dt, axis=0)
        self.grads[1][...] = np.dot(h_prev.T, dt)
        self.grads[0][...] = np.dot(x.T, dt)
        return np.dot(dt, Wx.T), np.dot(dt, Wh.T)


class TimeRecurrent:
    """Runs T cells that share the parameters. xs is (N, T, D)."""

    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]
        self.cells = None
        self.h, self.dh = None, None
        self.stateful = stateful

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        H = Wh.shape[0]
        self.cells = []
        hs = np.empty((N, T, H), dtype=xs.dtype)
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype=xs.dtype)
        for t in range(T):
            cell = RNNCell(*self.params)
            self.h = cell.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.cells.append(cell)
        return hs

    def backward(self, dhs):
        Wx, Wh, b = self.params
        N, T, H = dhs.shape
        dxs = np.empty((N, T, Wx.shape[0]), dtype=dhs.dtype)
        total = [np.zeros_like(p) for p in self.params]
        dh = 0
        for t in reversed(range(T)):
            dx, dh = self.cells[t].backward(dhs[:, t, :] + dh)
            dxs[:, t, :] = dx
            for i, g in enumerate(self.cells[t].grads):
                total[i] = g
        for i, g in enumerate(total):
            self.grads[i][...] = g
        self.dh = dh
        return dxs


class TimeAffine:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None

    def forward(self, x):
        N, T, D = x.shape
        self.x = x
        return (x.reshape(N * T, -1) @ self.params[0] + self.params[1]).reshape(N, T, -1)

    def backward(self, dout):
        N, T, D = self.x.shape
        d = dout.reshape(N * T, -1)
        self.grads[0][...] = self.x.reshape(N * T, -1).T @ d
        self.grads[1][...] = d.sum(axis=0)
        return (d @ self.params[0].T).reshape(N, T, D)


if __name__ == '__main__':
    D, H, O = 4, 6, 2
    rn = np.random.randn
    layer = TimeRecurrent(rn(D, H) * .3, rn(H, H) * .3, np.zeros(H))
    out = TimeAffine(rn(H, O) * .3, np.zeros(O))
    xs = rn(8, 12, D)
    ts = xs[:, :, :2] * 0.5
    for epoch in range(100):
        ys = out.forward(layer.forward(xs))
        d = (ys - ts) / ts.shape[0]
        layer.backward(out.backward(d))
        for l in (layer, out):
            for p, g in zip(l.params, l.grads):
                p -= 0.05 * g
        if epoch % 20 == 0:
            print(epoch, float((0.5 * (ys - ts) ** 2).sum() / ts.shape[0]))
