import numpy as np


class RNN:
    def __init__(self, hidden_dim, activation=np.tanh, activation_grad=lambda h: 1 - h ** 2):
        self.hidden_dim = hidden_dim
        self.activation = activation
        self.activation_grad = activation_grad

    def init_weights(self, input_dim):
        self.Wxh = np.random.randn(input_dim, self.hidden_dim) * 0.1
        self.Whh = np.random.randn(self.hidden_dim, self.hidden_dim) * 0.1
        self.bh = np.random.randn(self.hidden_dim) * 0.1

    def forward(self, x):
        """x: (batch, time, input_dim) -> (batch, time, hidden_dim)"""
        self.init_weights(x.shape[-1])
        self.x = x
        self.h = [np.zeros((x.shape[0], self.hidden_dim))]
        for t in range(x.shape[1]):
            self.h.append(self.activation(x[:, t] @ self.Wxh + self.h[-1] @ self.Whh + self.bh))
        return np.stack(self.h[1:], 1)

    def backward(self, dh):
        dWxh = np.zeros_like(self.Wxh)
        dWhh = np.zeros_like(self.Whh)
        dbh = np.zeros_like(self.bh)
        dnext = 0
        for t in range(dh.shape[1] - 1, -1, -1):
            dz = (dh[:, t] + dnext) * self.activation_grad(self.h[t + 1])
            dWxh += self.x[:, t].T @ dz
            dWhh += self.h[t].T @ dz
            dbh += dz.sum(0)
            dnext = dz @ self.Whh.T
        return dWxh, dWhh, dbh


print(RNN(4).forward(np.ones((2, 3, 5))).shape)
