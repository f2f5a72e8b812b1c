import numpy as np


class ElmanLayer(object):
    """ h[t] = tanh([x[t], h[t-1], 1] W), W = [W_x; W_h; b] stacked on top of each other.

    Time first: x is (T, N, F). One product per step. """

    def __init__(self, n_in, n_hid, scale=0.1):
        self.n_in, self.n_hid = n_in, n_hid
        self.W = scale * np.random.standard_normal((n_in + n_hid + 1, n_hid))
        self.W[-1] = 0.

    def forward(self, x, h0):
        steps, n, f = x.shape
        assert f == self.n_in
        self.Z = np.ones((steps, n, self.W.shape[0]))
        self.Z[:, :, :f] = x
        self.H = np.zeros((steps, n, self.n_hid))
        h = h0
        for t in range(steps):
            self.Z[t, :, f:-1] = h
            h = np.tanh(self.Z[t] @ self.W)
            self.H[t] = h
        return self.H.copy()

    def backward(self, dH):
        steps, n, _ = dH.shape
        f = self.n_in
        dW = np.zeros(self.W.shape)
        dx = np.zeros((steps, n, f))
        dh = np.zeros((n, self.n_hid))
        for t in reversed(range(steps)):
            da = (dH[t] + dh) * (1 - self.H[t] ** 2)
            dW += self.Z[t].T @ da
            dZ = da @ self.W.T
            dx[t] = dZ[:, :f]
            dh = dZ[:, f:-1]
        return dx, dh, dW
