import numpy as np


class NeuralNet:
    """RNN from scratch. forward(X) -> scores, backward(y, lr) trains."""

    def __init__(self, nIn, nHid, nOut):
        self.w_ih = np.random.normal(0, 0.1, (nIn, nHid))
        self.w_hh = np.random.normal(0, 0.1, (nHid, nHid))
        self.w_ho = np.random.normal(0, 0.1, (nHid, nOut))
        self.b_h = np.zeros(nHid)
        self.b_o = np.zeros(nOut)

    def forward(self, X):
        # X: samples x steps x inputs
        self.X = X
        self.H = np.zeros((X.shape[1] + 1, X.shape[0], len(self.b_h)))
        for step in range(X.shape[1]):
            net = X[:, step].dot(self.w_ih) + self.H[step].dot(self.w_hh) + self.b_h
            self.H[step + 1] = np.tanh(net)
        self.scores = self.H[-1].dot(self.w_ho) + self.b_o
        return self.scores

    def cross_entropy(self, y):
        s = self.scores - self.scores.max(1)[:, None]
        return np.mean(np.log(np.exp(s).sum(1)) - s[np.arange(len(y)), y])

    def backward(self, y, lr=0.1):
        n = len(y)
        s = np.exp(self.scores - self.scores.max(1)[:, None])
        err = s / s.sum(1)[:, None]
        err[np.arange(n), y] -= 1
        err /= n
        delta = err.dot(self.w_ho.T)
        self.w_ho -= lr * self.H[-1].T.dot(err)
        self.b_o -= lr * err.sum(0)
        for step in range(self.X.shape[1], 0, -1):
            delta = delta * (1 - self.H[step] ** 2)
            self.w_ih -= lr * self.X[:, step - 1].T.dot(delta)
            self.w_hh -= lr * self.H[step - 1].T.dot(delta)
            self.b_h -= lr * delta.sum(0)
            delta = delta.dot(self.w_hh.T)


if __name__ == "__main__":
    X = np.random.rand(20, 4, 2)
    y = (X[:, 0, 0] > .5).astype(int)
    nn = NeuralNet(2, 5, 2)
    for i in range(100):
        nn.forward(X)
        nn.backward(y)
    print(nn.cross_entropy(y))
