"""Modules in the spirit of the big frameworks: Parameter, Module, and two layers."""
import numpy as np


class Parameter:
    def __init__(self, data):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)

    def zero_grad(self):
        self.grad[...] = 0


class Module:
    def parameters(self):
        for value in self.__dict__.values():
            if isinstance(value, Parameter):
                yield value
            elif isinstance(value, Module):
                yield from value.parameters()

    def zero_grad(self):
        for p in self.parameters():
            p.zero_grad()

    def __call__(self, *args):
        return self.forward(*args)


class ElmanRNN(Module):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)

    x is (T, N, input_size), or (N, T, input_size) with batch_first.
    forward returns (all states, last state); backward takes their gradients
    and returns the gradients of x and h0. Parameter gradients accumulate.
    """

    def __init__(self, input_size, hidden_size, batch_first=False, seed=None):
        rng = np.random.default_rng(seed)
        k = hidden_size ** -0.5
        self.batch_first = batch_first
        self.hidden_size = hidden_size
        self.W_ih = Parameter(rng.uniform(-k, k, (hidden_size, input_size)))
        self.W_hh = Parameter(rng.uniform(-k, k, (hidden_size, hidden_size)))
        self.b_ih = Parameter(rng.uniform(-k, k, hidden_size))
        self.b_hh = Parameter(rng.uniform(-k, k, hidden_size))

    def forward(self, x, h0=None):
        if self.batch_first:
            x = x.transpose(1, 0, 2)
        T, N, _ = x.shape
        h = np.zeros((N, self.hidden_size)) if h0 is None else h0
        hs = [h]
        for t in range(T):
            from_x = x[t] @ self.W_ih.data.T + self.b_ih.data
            from_h = h @ self.W_hh.data.T
            h = np.tanh(from_x + from_h)
            hs.append(h)
        self._saved = x, hs
        out = np.stack(hs[1:])
        return (out.transpose(1, 0, 2) if self.batch_first else out), h

    def backward(self, grad_out=None, grad_last=None):
        x, hs = self._saved
        if grad_out is None:
            grad_out = np.zeros(x.shape[:2] + (self.hidden_size,))
        elif self.batch_first:
            grad_out = grad_out.transpose(1, 0, 2)
        dh = np.zeros_like(hs[0]) if grad_last is None else grad_last
        dx = np.empty_like(x)
        for t in reversed(range(len(x))):
            dz = (dh + grad_out[t]) * (1 - hs[t + 1] ** 2)
            self.W_ih.grad += dz.T @ x[t]
            self.W_hh.grad += dz.T @ hs[t]
            self.b_ih.grad += dz.sum(0)
            self.b_hh.grad += dz.sum(0)
            dx[t] = dz @ self.W_ih.data
            dh = dz @ self.W_hh.data
        return (dx.transpose(1, 0, 2) if self.batch_first else dx), dh


class Linear(Module):
    def __init__(self, n_in, n_out, seed=None):
        rng = np.random.default_rng(seed)
        k = n_in ** -0.5
        self.weight = Parameter(rng.uniform(-k, k, (n_out, n_in)))
        self.bias = Parameter(rng.uniform(-k, k, n_out))

    def forward(self, x):
        self._x = x
        return x @ self.weight.data.T + self.bias.data

    def backward(self, g):
        self.weight.grad += g.T @ self._x
        self.bias.grad += g.sum(0)
        return g @ self.weight.data


class Net(Module):
    def __init__(self, n_in, n_hidden, n_out):
        self.rnn = ElmanRNN(n_in, n_hidden, batch_first=True, seed=0)
        self.head = Linear(n_hidden, n_out, seed=1)

    def forward(self, x):
        return self.head(self.rnn(x)[1])

    def backward(self, g):
        return self.rnn.backward(None, self.head.backward(g))[0]


def cross_entropy(logits, y):
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    n = np.arange(len(y))
    loss = -np.log(p[n, y]).mean()
    p[n, y] -= 1
    return loss, p / len(y)


class SGD:
    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def step(self):
        for p in self.params:
            p.data -= self.lr * p.grad


if __name__ == "__main__":
    rng = np.random.default_rng(5)
    x = rng.normal(size=(100, 9, 2))
    y = (x[:, :, 0].sum(1) > x[:, :, 1].sum(1)).astype(int)
    net = Net(2, 12, 2)
    opt = SGD(net.parameters(), 0.1)
    for epoch in range(200):
        net.zero_grad()
        loss, g = cross_entropy(net(x), y)
        net.backward(g)
        opt.step()
        if epoch % 50 == 0:
            print(epoch, round(loss, 4))
    print("acc", (net(x).argmax(1) == y).mean())
