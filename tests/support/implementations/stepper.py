import numpy as np


class Cell:
    """One step per call. The tape is unwound by calling back() once per step.

        cell.reset(h0)
        for x in xs: h = cell.step(x)
        for dh in reversed(dhs): dx = cell.back(dh)
        cell.dWx, cell.dWh, cell.db, cell.dh0
    """

    def __init__(self, n_in, n_hidden):
        self.Wx = np.random.randn(n_in, n_hidden) / np.sqrt(n_in)
        self.Wh = np.random.randn(n_hidden, n_hidden) / np.sqrt(n_hidden)
        self.b = np.zeros(n_hidden)
        self.h = None
        self.tape = []

    def reset(self, h0):
        self.h = h0
        self.tape = []
        self.dWx = np.zeros_like(self.Wx)
        self.dWh = np.zeros_like(self.Wh)
        self.db = np.zeros_like(self.b)
        self.dh0 = None
        self._from_future = 0

    def step(self, x):
        before = self.h
        self.h = np.tanh(x @ self.Wx + before @ self.Wh + self.b)
        self.tape.append((x, before, self.h))
        return self.h

    def back(self, dh):
        x, before, after = self.tape.pop()
        da = (dh + self._from_future) * (1 - after ** 2)
        self.dWx += x.T @ da
        self.dWh += before.T @ da
        self.db += da.sum(axis=0)
        self._from_future = da @ self.Wh.T
        if not self.tape:
            self.dh0 = self._from_future
        return da @ self.Wx.T


if __name__ == '__main__':
    import matplotlib.pyplot as plt

    t = np.linspace(0, 20, 200)
    cell = Cell(1, 8)
    cell.reset(np.zeros((1, 8)))
    plt.plot(t, [cell.step(np.array([[np.sin(v)]]))[0] for v in t])
    plt.show()
