import numpy as np


class Layer:
    def __init__(self, n_features, n_nodes):
        self.parameters = {
            'Wx': np.random.randn(n_features, n_nodes) * 0.05,
            'Wh': np.random.randn(n_nodes, n_nodes) * 0.05,
            'b': np.zeros(n_nodes),
        }

    def forward(self, x, h):
        """x: (batch, time, features), h: (batch, nodes)"""
        p = self.parameters
        self.x, self.hs = x, [h]
        for t in range(x.shape[1]):
            h = np.tanh(np.dot(x[:, t], p['Wx']) + np.dot(h, p['Wh']) + p['b'])
            self.hs.append(h)
        return np.array(self.hs[1:]).swapaxes(0, 1)

    def backward(self, dout):
        """dout: (batch, time, nodes). Saves memory by working in it."""
        p = self.parameters
        T = dout.shape[1]
        for t in range(T - 1, -1, -1):
            dout[:, t] *= 1 - self.hs[t + 1] ** 2
            if t > 0:
                dout[:, t - 1] += np.dot(dout[:, t], p['Wh'].T)
        before = np.array(self.hs[:-1]).swapaxes(0, 1)
        grads = {
            'Wx': np.einsum('btf,bth->fh', self.x, dout),
            'Wh': np.einsum('btk,bth->kh', before, dout),
            'b': dout.sum(axis=(0, 1)),
        }
        dx = np.dot(dout, p['Wx'].T)
        dh0 = np.dot(dout[:, 0], p['Wh'].T)
        return grads, dx, dh0
