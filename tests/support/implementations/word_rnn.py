import numpy as np


class RNNNumpy:

    def __init__(self, word_dim, hidden_dim=100, n_labels=2, bptt_truncate=4):
        self.word_dim = word_dim
        self.hidden_dim = hidden_dim
        self.bptt_truncate = bptt_truncate
        # Randomly initialize the network parameters
        self.U = np.random.uniform(-np.sqrt(1./word_dim), np.sqrt(1./word_dim), (hidden_dim, word_dim))
        self.V = np.random.uniform(-np.sqrt(1./hidden_dim), np.sqrt(1./hidden_dim), (n_labels, hidden_dim))
        self.W = np.random.uniform(-np.sqrt(1./hidden_dim), np.sqrt(1./hidden_dim), (hidden_dim, hidden_dim))

    def forward_propagation(self, x):
        """x: word indices, (N, T). Returns the label probabilities and the states (T + 1, N, H)"""
        N, T = x.shape
        s = np.zeros((T + 1, N, self.hidden_dim))     # s[-1] is the initial state, zero
        for t in np.arange(T):
            # indexing U by the words is the same as multiplying with one-hot vectors
            s[t] = np.tanh(self.U[:, x[:, t]].T + s[t-1].dot(self.W.T))
        z = s[T-1].dot(self.V.T)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), s

    def calculate_loss(self, x, y):
        o, s = self.forward_propagation(x)
        return -np.log(o[np.arange(len(y)), y] + 1e-8).mean()

    def bptt(self, x, y):
        N, T = x.shape
        o, s = self.forward_propagation(x)
        dLdU = np.zeros(self.U.shape)
        dLdW = np.zeros(self.W.shape)
        delta_o = o
        delta_o[np.arange(N), y] -= 1.
        delta_o /= N
        dLdV = delta_o.T.dot(s[T-1])
        delta_t = delta_o.dot(self.V) * (1 - s[T-1] ** 2)
        # Backpropagation through time (for at most self.bptt_truncate steps)
        for step in np.arange(max(0, T-self.bptt_truncate), T)[::-1]:
            dLdW += delta_t.T.dot(s[step-1])
            np.add.at(dLdU.T, x[:, step], delta_t)
            delta_t = delta_t.dot(self.W) * (1 - s[step-1] ** 2)
        return [dLdU, dLdV, dLdW]

    def sgd_step(self, x, y, learning_rate):
        dLdU, dLdV, dLdW = self.bptt(x, y)
        self.U -= learning_rate * dLdU
        self.V -= learning_rate * dLdV
        self.W -= learning_rate * dLdW


np.random.seed(10)
model = RNNNumpy(50, 10)
o, s = model.forward_propagation(np.random.randint(0, 50, (3, 7)))
print(o.shape)
print(o)
