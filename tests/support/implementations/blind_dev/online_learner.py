import numpy as np


class RecurrentNetwork:
    """Vanilla RNN with a softmax at the end of the sequence.

    Everything is a column; learn() sees one example, changes the weights
    on the way back and returns the loss before the change.
    """

    def __init__(self, x_dim, h_dim, y_dim, lr=0.05, seed=None):
        r = np.random.RandomState(seed)
        self.lr = lr
        self.h_dim = h_dim
        self.Wx = r.randn(h_dim, x_dim) * 0.3
        self.Wh = r.randn(h_dim, h_dim) * 0.3
        self.Wy = r.randn(y_dim, h_dim) * 0.3
        self.bh = np.zeros((h_dim, 1))
        self.by = np.zeros((y_dim, 1))

    def _softmax(self, z):
        z = np.exp(z - z.max())
        return z / z.sum()

    def run(self, xs):
        """xs: list of (x_dim, 1) columns"""
        self.xs = xs
        self.h = {-1: np.zeros((self.h_dim, 1))}
        for t, x in enumerate(xs):
            self.h[t] = np.tanh(self.Wx.dot(x) + self.Wh.dot(self.h[t - 1]) + self.bh)
        self.p = self._softmax(self.Wy.dot(self.h[len(xs) - 1]) + self.by)
        return self.p

    def learn(self, xs, label):
        p = self.run(xs)
        T = len(xs)
        loss = -np.log(p[label, 0])
        # output layer
        dy = p.copy()
        dy[label] -= 1
        self.Wy -= self.lr * dy.dot(self.h[T - 1].T)
        self.by -= self.lr * dy
        dh = self.Wy.T.dot(dy)
        # through time
        dWx, dWh, dbh = 0, 0, 0
        for t in range(T - 1, -1, -1):
            da = dh * (1 - self.h[t] ** 2)
            dWx = dWx + da.dot(xs[t].T)
            dWh = dWh + da.dot(self.h[t - 1].T)
            dbh = dbh + da
            dh = self.Wh.T.dot(da)
        self.Wx -= self.lr * dWx
        self.Wh -= self.lr * dWh
        self.bh -= self.lr * dbh
        return loss


def make_example(rng, T=6):
    """which of the two inputs had more energy"""
    x = rng.randn(T, 2)
    label = int((x[:, 0] ** 2).sum() > (x[:, 1] ** 2).sum())
    return [c.reshape(-1, 1) for c in x], label


if __name__ == "__main__":
    rng = np.random.RandomState(0)
    net = RecurrentNetwork(2, 16, 2, seed=1)
    running = 0.7
    for i in range(5000):
        xs, label = make_example(rng)
        running = 0.995 * running + 0.005 * net.learn(xs, label)
        if i % 1000 == 999:
            print(i + 1, running)
