import numpy as np


def tanh(x):
    return np.tanh(x)


def tanh_derivative(x):
    return 1 - np.tanh(x) ** 2


class RNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.W_xh = np.random.randn(input_size, hidden_size) * 0.1
        self.W_hh = np.random.randn(hidden_size, hidden_size) * 0.1
        self.b_h = np.zeros((1, hidden_size))
        self.W_hy = np.random.randn(hidden_size, output_size) * 0.1
        self.b_y = np.zeros((1, output_size))

    def forward(self, X):
        # X shape: (batch_size, time_steps, input_size)
        self.X = X
        self.h = np.zeros((X.shape[0], X.shape[1] + 1, self.W_hh.shape[0]))
        for t in range(X.shape[1]):
            self.h[:, t + 1] = tanh(X[:, t] @ self.W_xh + self.h[:, t] @ self.W_hh + self.b_h)
        self.y = self.h[:, -1] @ self.W_hy + self.b_y
        return self.y

    def compute_loss(self, y_onehot):
        m = np.max(self.y, axis=1, keepdims=True)
        self.log_softmax = self.y - m - np.log(np.sum(np.exp(self.y - m), axis=1, keepdims=True))
        return -np.sum(y_onehot * self.log_softmax) / len(y_onehot)

    def backward(self, y_onehot):
        self.compute_loss(y_onehot)
        d_y = (np.exp(self.log_softmax) - y_onehot) / len(y_onehot)
        self.dW_hy = self.h[:, -1].T @ d_y
        self.db_y = np.sum(d_y, axis=0, keepdims=True)
        self.dW_xh = np.zeros_like(self.W_xh)
        self.dW_hh = np.zeros_like(self.W_hh)
        self.db_h = np.zeros_like(self.b_h)
        d_h = d_y @ self.W_hy.T
        for t in reversed(range(self.X.shape[1])):
            d_a = d_h * tanh_derivative(self.h[:, t + 1])
            self.dW_xh += self.X[:, t].T @ d_a
            self.dW_hh += self.h[:, t].T @ d_a
            self.db_h += np.sum(d_a, axis=0, keepdims=True)
            d_h = d_a @ self.W_hh.T

    def update(self, learning_rate):
        self.W_xh -= learning_rate * self.dW_xh
        self.W_hh -= learning_rate * self.dW_hh
        self.b_h -= learning_rate * self.db_h
        self.W_hy -= learning_rate * self.dW_hy
        self.b_y -= learning_rate * self.db_y
