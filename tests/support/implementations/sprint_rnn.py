import numpy as np


class SimpleInitializer:
    def __init__(self, sigma):
        self.sigma = sigma

    def W(self, n_nodes1, n_nodes2):
        return self.sigma * np.random.randn(n_nodes1, n_nodes2)

    def B(self, n_nodes):
        return np.zeros(n_nodes)


class SGD:
    def __init__(self, lr):
        self.lr = lr

    def update(self, layer):
        layer.W_x -= self.lr * layer.dW_x
        layer.W_h -= self.lr * layer.dW_h
        layer.b -= self.lr * layer.db


class SimpleRNN:
    """
    n_features : number of features
    n_nodes : number of nodes
    initializer : instance of the initialisation method
    optimizer : instance of the optimisation method
    """
    def __init__(self, n_features, n_nodes, initializer, optimizer):
        self.optimizer = optimizer
        self.n_nodes = n_nodes
        self.W_x = initializer.W(n_features, n_nodes)
        self.W_h = initializer.W(n_nodes, n_nodes)
        self.b = initializer.B(n_nodes)

    def forward(self, X):
        self.X = X
        batch, n_seq, _ = X.shape
        self.h = np.zeros((batch, n_seq + 1, self.n_nodes))
        for n in range(n_seq):
            self.h[:, n + 1] = np.tanh(X[:, n] @ self.W_x + self.h[:, n] @ self.W_h + self.b)
        return self.h[:, -1]

    def backward(self, dh):
        batch, n_seq, _ = self.X.shape
        self.dW_x, self.dW_h, self.db = np.zeros_like(self.W_x), np.zeros_like(self.W_h), np.zeros_like(self.b)
        for n in range(n_seq, 0, -1):
            da = dh * (1 - self.h[:, n] ** 2)
            self.dW_x += self.X[:, n - 1].T @ da / batch
            self.dW_h += self.h[:, n - 1].T @ da / batch
            self.db += da.sum(axis=0) / batch
            dh = da @ self.W_h.T
        self.optimizer.update(self)


class ScratchSimpleRNNClassifier:
    def __init__(self, n_features, n_nodes, n_output, lr=0.01, sigma=0.01):
        self.rnn = SimpleRNN(n_features, n_nodes, SimpleInitializer(sigma), SGD(lr))
        self.lr = lr
        self.W_out = SimpleInitializer(sigma).W(n_nodes, n_output)
        self.b_out = np.zeros(n_output)

    def forward(self, X):
        self.last = self.rnn.forward(X)
        A = self.last @ self.W_out + self.b_out
        A = A - A.max(axis=1, keepdims=True)
        self.log_Z = A - np.log(np.exp(A).sum(axis=1, keepdims=True))
        return np.exp(self.log_Z)

    def cross_entropy(self, y):
        return -self.log_Z[np.arange(len(y)), y].mean()

    def backward(self, y):
        dA = np.exp(self.log_Z)
        dA[np.arange(len(y)), y] -= 1
        dA /= len(y)
        dh = dA @ self.W_out.T
        self.W_out -= self.lr * self.last.T @ dA
        self.b_out -= self.lr * dA.sum(axis=0)
        self.rnn.backward(dh)
