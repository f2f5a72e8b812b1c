"""Stacked RNN for sequence labelling.

cells are given to the network, so a different cell can be plugged in later
"""
import numpy as np


class TanhCell:
    def __init__(self, n_in, n_hid):
        self.W = np.random.randn(n_hid, n_in) / np.sqrt(n_in)
        self.R = np.random.randn(n_hid, n_hid) / np.sqrt(n_hid)
        self.b = np.zeros(n_hid)
        self.n_hid = n_hid
        self.reset()

    def reset(self):
        self.dW = np.zeros_like(self.W)
        self.dR = np.zeros_like(self.R)
        self.db = np.zeros_like(self.b)

    def step(self, x, h):
        return np.tanh(x @ self.W.T + h @ self.R.T + self.b)

    def step_back(self, grad, x, h_old, h_new):
        d = grad * (1 - np.square(h_new))
        self.dW += d.T @ x
        self.dR += d.T @ h_old
        self.db += d.sum(axis=0)
        return d @ self.W, d @ self.R      # w.r.t. x and h_old

    def update(self, lr):
        self.W -= lr * self.dW
        self.R -= lr * self.dR
        self.b -= lr * self.db


class DeepRNN:
    def __init__(self, cells, n_out):
        self.cells = cells
        top = cells[-1].n_hid
        self.V = np.random.randn(n_out, top) / np.sqrt(top)
        self.c = np.zeros(n_out)

    def forward(self, x):
        """x (B, T, n_in) -> logits (B, T, n_out)"""
        B, T, _ = x.shape
        self.x = x
        # self.h[l][t] is the state of layer l after t steps
        self.h = [[np.zeros((B, cell.n_hid))] for cell in self.cells]
        logits = []
        for t in range(T):
            inp = x[:, t]
            for l, cell in enumerate(self.cells):
                inp = cell.step(inp, self.h[l][t])
                self.h[l].append(inp)
            logits.append(inp @ self.V.T + self.c)
        return np.stack(logits, axis=1)

    def backward(self, dlogits):
        B, T, _ = dlogits.shape
        for cell in self.cells:
            cell.reset()
        self.dV = np.zeros_like(self.V)
        self.dc = np.zeros_like(self.c)
        dx = np.zeros_like(self.x)
        through_time = [np.zeros((B, cell.n_hid)) for cell in self.cells]
        for t in range(T - 1, -1, -1):
            self.dV += dlogits[:, t].T @ self.h[-1][t + 1]
            self.dc += dlogits[:, t].sum(axis=0)
            g = dlogits[:, t] @ self.V
            for l in range(len(self.cells) - 1, -1, -1):
                below = self.h[l - 1][t + 1] if l > 0 else self.x[:, t]
                g, through_time[l] = self.cells[l].step_back(
                    g + through_time[l], below, self.h[l][t], self.h[l][t + 1])
            dx[:, t] = g
        return dx

    def update(self, lr):
        for cell in self.cells:
            cell.update(lr)
        self.V -= lr * self.dV
        self.c -= lr * self.dc


def cross_entropy(logits, labels):
    """mean over batch and time; labels (B, T) integers"""
    z = logits - logits.max(axis=-1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    B, T = labels.shape
    bi, ti = np.arange(B)[:, None], np.arange(T)[None]
    loss = -logp[bi, ti, labels].mean()
    d = np.exp(logp)
    d[bi, ti, labels] -= 1
    return loss, d / (B * T)


if __name__ == "__main__":
    np.random.seed(5)
    net = DeepRNN([TanhCell(1, 10), TanhCell(10, 10)], 2)
    x = np.random.randint(0, 2, (32, 8, 1)).astype(float)
    parity = x[:, :, 0].cumsum(axis=1).astype(int) % 2
    for epoch in range(400):
        loss, d = cross_entropy(net.forward(x), parity)
        net.backward(d)
        net.update(0.5)
        if epoch % 100 == 0:
            print(epoch, loss)
