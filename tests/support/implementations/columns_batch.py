# RNN with examples as columns: X[t] is (features, m), labels are one-hot (classes, m)
import numpy as np


class RNN:
    def __init__(self, n_x, n_h, n_y):
        self.Wax = np.random.randn(n_h, n_x) * 0.01
        self.Waa = np.random.randn(n_h, n_h) * 0.01
        self.Wya = np.random.randn(n_y, n_h) * 0.01
        self.ba = np.zeros((n_h, 1))
        self.by = np.zeros((n_y, 1))

    def forward(self, X):
        """X: (T, n_x, m). Returns class probabilities (n_y, m) and the states, by t"""
        m = X.shape[2]
        a = {-1: np.zeros((self.Waa.shape[0], m))}
        for t in range(X.shape[0]):
            a[t] = np.tanh(np.dot(self.Wax, X[t]) + np.dot(self.Waa, a[t-1]) + self.ba)
        z = np.dot(self.Wya, a[X.shape[0]-1]) + self.by
        z = z - np.max(z, axis=0)
        self.logprob = z - np.log(np.sum(np.exp(z), axis=0))
        return np.exp(self.logprob), a

    def cost(self, Y):
        m = Y.shape[1]
        return -np.sum(Y * self.logprob) / m

    def backward(self, X, Y, probs, a):
        T, _, m = X.shape
        dz = (probs - Y) / m
        grads = {
            'dWya': np.dot(dz, a[T-1].T),
            'dby': np.sum(dz, axis=1, keepdims=True),
            'dWax': np.zeros_like(self.Wax),
            'dWaa': np.zeros_like(self.Waa),
            'dba': np.zeros_like(self.ba),
        }
        da = np.dot(self.Wya.T, dz)
        for t in range(T-1, -1, -1):
            dpre = da * (1 - np.square(a[t]))
            grads['dWax'] += np.dot(dpre, X[t].T)
            grads['dWaa'] += np.dot(dpre, a[t-1].T)
            grads['dba'] += np.sum(dpre, axis=1, keepdims=True)
            da = np.dot(self.Waa.T, dpre)
        return grads

    def update(self, grads, alpha):
        for name in ['Wax', 'Waa', 'Wya', 'ba', 'by']:
            setattr(self, name, getattr(self, name) - alpha * grads['d' + name])


if __name__ == '__main__':
    np.random.seed(3)
    net = RNN(2, 8, 2)
    X = np.random.randn(6, 2, 50)
    Y = np.eye(2)[(X.sum(axis=(0, 1)) > 0).astype(int)].T
    for i in range(201):
        p, a = net.forward(X)
        if i % 50 == 0:
            print('iteration %d cost %.4f' % (i, net.cost(Y)))
        net.update(net.backward(X, Y, p, a), 0.5)
