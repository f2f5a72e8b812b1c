# RNN with one matrix for [x, h]: W has shape (n_in + n_hid, n_hid).
# Ported from the Theano version (scan) to plain NumPy, sept.
import numpy as np


class RecurrentLayer(object):

    def __init__(self, n_in, n_hid, learn_h0=False, rng=np.random):
        self.n_in = n_in
        self.n_hid = n_hid
        scale = 1.0 / np.sqrt(n_in + n_hid)
        self.W = rng.normal(0.0, scale, size=(n_in + n_hid, n_hid))
        self.b = np.zeros(n_hid)
        self.h0 = np.zeros(n_hid)
        self.learn_h0 = learn_h0

    def fprop(self, seq):
        """seq: (time, batch, n_in); returns (time, batch, n_hid)"""
        n_steps, n_batch = seq.shape[:2]
        self.zs, self.hs, self.xh = [], [], []
        h = np.tile(self.h0, (n_batch, 1))
        for x in seq:
            xh = np.hstack((x, h))
            z = xh.dot(self.W) + self.b
            h = np.tanh(z)
            self.xh.append(xh)
            self.zs.append(z)
            self.hs.append(h)
        return np.array(self.hs)

    def bprop(self, d_hs):
        """d_hs: gradient of every output; returns the gradient of seq"""
        self.gW = np.zeros_like(self.W)
        self.gb = np.zeros_like(self.b)
        d_h = np.zeros_like(self.hs[0])
        d_seq = []
        for t in range(len(d_hs) - 1, -1, -1):
            d_h = d_h + d_hs[t]
            d_z = d_h * (1.0 - self.zs[t] ** 2)
            self.gW += self.xh[t].T.dot(d_z)
            self.gb += d_z.sum(axis=0)
            d_xh = d_z.dot(self.W.T)
            d_seq.append(d_xh[:, :self.n_in])
            d_h = d_xh[:, self.n_in:]
        self.gh0 = d_h.sum(axis=0)
        return np.array(d_seq[::-1])

    def sgd(self, eta):
        self.W -= eta * self.gW
        self.b -= eta * self.gb
        if self.learn_h0:
            self.h0 -= eta * self.gh0


class Readout(object):

    def __init__(self, n_hid, n_out, rng=np.random):
        self.W = rng.normal(0.0, 1.0 / np.sqrt(n_hid), size=(n_hid, n_out))
        self.b = np.zeros(n_out)

    def fprop(self, hs):
        self.hs = hs
        return hs.dot(self.W) + self.b

    def bprop(self, d_y):
        self.gW = np.einsum('tbh,tbo->ho', self.hs, d_y)
        self.gb = d_y.sum(axis=(0, 1))
        return d_y.dot(self.W.T)

    def sgd(self, eta):
        self.W -= eta * self.gW
        self.b -= eta * self.gb


class SequenceModel(object):
    """squared error summed over time and outputs, averaged over the batch"""

    def __init__(self, n_in, n_hid, n_out, **kw):
        self.rnn = RecurrentLayer(n_in, n_hid, **kw)
        self.out = Readout(n_hid, n_out)

    def cost(self, x, y):
        return np.sum((self.out.fprop(self.rnn.fprop(x)) - y) ** 2) / x.shape[1]

    def train(self, x, y, eta):
        pred = self.out.fprop(self.rnn.fprop(x))
        c = np.sum((pred - y) ** 2) / x.shape[1]
        self.rnn.bprop(self.out.bprop(2.0 * (pred - y) / x.shape[1]))
        self.rnn.sgd(eta)
        self.out.sgd(eta)
        return c


if __name__ == '__main__':
    np.random.seed(21)
    x = np.random.randn(10, 50, 2)
    y = np.zeros((10, 50, 1))
    y[1:, :, 0] = 0.5 * x[:-1, :, 0] * 1.0 + 0.2 * x[1:, :, 1]
    model = SequenceModel(2, 20, 1, learn_h0=True)
    for i in range(300):
        c = model.train(x, y, 0.01)
        if i % 75 == 0:
            print('update %3d cost %.5f' % (i, c))
