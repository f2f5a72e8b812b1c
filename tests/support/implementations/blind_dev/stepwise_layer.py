"""A recurrent layer which is called once per time step.

    layer.begin(batch)
    for x in xs: h = layer(x)
    for g in reversed(gs): dx = layer.back(g)
    layer.apply(lr)
"""
import numpy as np


class Tanh:
    @staticmethod
    def f(z):
        return np.tanh(z)

    @staticmethod
    def df(out):
        return 1.0 - out * out


class StepRecurrent:
    def __init__(self, size_in, size_out, act=Tanh):
        self.act = act
        lim = (6.0 / (size_in + size_out)) ** 0.5
        self.weights = np.random.uniform(-lim, lim, (size_in, size_out))
        self.recurrent = np.random.uniform(-lim, lim, (size_out, size_out))
        self.bias = np.zeros((1, size_out))
        self.begin(1)

    def begin(self, batch, state=None):
        self.state = np.zeros((batch, self.bias.shape[1])) if state is None else state
        self.stack = []
        self.carry = np.zeros_like(self.state)
        self.weights_grad = np.zeros_like(self.weights)
        self.recurrent_grad = np.zeros_like(self.recurrent)
        self.bias_grad = np.zeros_like(self.bias)

    def __call__(self, x):
        pre = x @ self.weights + self.state @ self.recurrent + self.bias
        new = self.act.f(pre)
        self.stack.append((x, self.state, new))
        self.state = new
        return new

    def back(self, grad):
        x, old, new = self.stack.pop()
        delta = (grad + self.carry) * self.act.df(new)
        self.weights_grad += x.T @ delta
        self.recurrent_grad += old.T @ delta
        self.bias_grad += delta.sum(axis=0, keepdims=True)
        self.carry = delta @ self.recurrent.T
        return delta @ self.weights.T

    def apply(self, lr):
        self.weights -= lr * self.weights_grad
        self.recurrent -= lr * self.recurrent_grad
        self.bias -= lr * self.bias_grad


if __name__ == "__main__":
    np.random.seed(11)
    layer = StepRecurrent(2, 3)
    xs = np.random.randn(6, 20, 2)
    ys = np.tanh(np.random.randn(6, 20, 3))
    for epoch in range(100):
        layer.begin(20)
        outs = [layer(x) for x in xs]
        loss = sum(((o - y) ** 2).sum() for o, y in zip(outs, ys)) / ys.size
        for o, y in zip(reversed(outs), ys[::-1]):
            layer.back(2 * (o - y) / ys.size)
        layer.apply(0.1)
        if epoch % 25 == 0:
            print(epoch, loss)
