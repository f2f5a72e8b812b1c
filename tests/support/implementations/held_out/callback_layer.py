"""A recurrent layer in the callback style: the forward pass hands back the function that undoes it.

    Y, backprop = layer.begin_update(X, h0)
    dX, dh0 = backprop(dY)          # also adds to layer.d
    layer.finish_update(lr)
"""
import numpy as np


class Recurrent:
    def __init__(self, nO, nI):
        self.nO, self.nI = nO, nI
        self.W = np.random.uniform(-0.3, 0.3, (nO, nI))
        self.U = np.random.uniform(-0.3, 0.3, (nO, nO))
        self.b = np.zeros(nO)
        self._clear()

    def _clear(self):
        self.d = {"W": np.zeros_like(self.W), "U": np.zeros_like(self.U), "b": np.zeros_like(self.b)}

    def predict(self, X, h0):
        return self.begin_update(X, h0)[0]

    def begin_update(self, X, h0):
        """X: (nB, nT, nI), h0: (nB, nO)"""
        nB, nT, _ = X.shape
        Y = np.zeros((nB, nT, self.nO))
        WX = X @ self.W.T + self.b      # once for all steps
        h = h0
        for i in range(nT):
            h = np.tanh(WX[:, i] + h @ self.U.T)
            Y[:, i] = h

        def backprop(dY):
            dA = np.zeros_like(Y)
            dh = np.zeros((nB, self.nO))
            for i in range(nT - 1, -1, -1):
                dA[:, i] = (dY[:, i] + dh) * (1 - Y[:, i] ** 2)
                dh = dA[:, i] @ self.U
            shifted = np.zeros_like(Y)
            shifted[:, 1:] = Y[:, :-1]
            self.d["W"] += np.tensordot(dA, X, axes=([0, 1], [0, 1]))
            self.d["U"] += np.tensordot(dA, shifted, axes=([0, 1], [0, 1]))
            self.d["b"] += dA.sum(axis=(0, 1))
            return dA @ self.W, dh

        return Y, backprop

    def finish_update(self, lr):
        for key, grad in self.d.items():
            getattr(self, key)[...] -= lr * grad
        self._clear()


layer = Recurrent(5, 3)
X = np.random.randn(4, 6, 3)
Y, backprop = layer.begin_update(X, np.zeros((4, 5)))
dX, dh0 = backprop(np.ones_like(Y))
layer.finish_update(0.01)
assert dX.shape == X.shape
