"""RNN layer with a single joint matrix: h_t = tanh([x_t, h_{t-1}, 1] W)"""
import numpy as np


class JointRNN:
    def __init__(self, in_dim, hid_dim, scale=0.1):
        # rows: first in_dim for x, then hid_dim for h, last one is the bias
        self.W = scale * np.random.randn(in_dim + hid_dim + 1, hid_dim)
        self.in_dim = in_dim
        self.hid_dim = hid_dim
        self.dW = None

    def forward(self, X, h0=None):
        """X: (seq, batch, in_dim); returns H (seq, batch, hid_dim)"""
        seq, batch, _ = X.shape
        h = np.zeros((batch, self.hid_dim)) if h0 is None else h0
        ones = np.ones((batch, 1))
        self.Z = []        # concatenated inputs
        H = np.empty((seq, batch, self.hid_dim))
        for t in range(seq):
            z = np.hstack([X[t], h, ones])
            h = np.tanh(z.dot(self.W))
            self.Z.append(z)
            H[t] = h
        self.H = H
        return H

    def backward(self, dH):
        seq, batch, _ = dH.shape
        self.dW = np.zeros_like(self.W)
        dX = np.empty((seq, batch, self.in_dim))
        dh = np.zeros((batch, self.hid_dim))
        for t in range(seq - 1, -1, -1):
            da = (dH[t] + dh) * (1 - self.H[t] ** 2)
            self.dW += self.Z[t].T.dot(da)
            dz = da.dot(self.W.T)
            dX[t] = dz[:, :self.in_dim]
            dh = dz[:, self.in_dim:self.in_dim + self.hid_dim]
        self.dh0 = dh
        return dX

    def sgd(self, lr):
        self.W -= lr * self.dW


def numerical_check():
    np.random.seed(0)
    net = JointRNN(2, 3, 0.5)
    X = np.random.randn(4, 2, 2)
    up = np.random.randn(4, 2, 3)
    net.forward(X)
    net.backward(up)
    ana = net.dW.copy()
    eps = 1e-5
    worst = 0.0
    for i in np.ndindex(net.W.shape):
        old = net.W[i]
        net.W[i] = old + eps
        p = (net.forward(X) * up).sum()
        net.W[i] = old - eps
        m = (net.forward(X) * up).sum()
        net.W[i] = old
        worst = max(worst, abs((p - m) / (2 * eps) - ana[i]))
    print("largest difference", worst)


if __name__ == "__main__":
    numerical_check()
