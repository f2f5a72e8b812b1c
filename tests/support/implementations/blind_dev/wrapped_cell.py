"""Recurrent(cell) runs any cell over time, cells know only one step."""
import numpy as np
from collections import OrderedDict


class Variable:
    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)


class ElmanCell:
    def __init__(self, in_features, units, use_bias=True, rng=np.random):
        self.units = units
        self.vars = OrderedDict()
        self.vars["w"] = Variable(rng.standard_normal((units, in_features)) * 0.2)
        self.vars["u"] = Variable(rng.standard_normal((units, units)) * 0.2)
        if use_bias:
            self.vars["b"] = Variable(np.zeros(units))

    def zero_state(self, n):
        return np.zeros((n, self.units))

    def forward(self, x, s):
        a = x @ self.vars["w"].data.T + s @ self.vars["u"].data.T
        if "b" in self.vars:
            a += self.vars["b"].data
        new = np.tanh(a)
        return new, dict(x=x, s=s, new=new)

    def backward(self, g, memo):
        da = g - g * memo["new"] ** 2
        self.vars["w"].grad += da.T @ memo["x"]
        self.vars["u"].grad += da.T @ memo["s"]
        if "b" in self.vars:
            self.vars["b"].grad += da.sum(axis=0)
        return da @ self.vars["w"].data, da @ self.vars["u"].data


class Recurrent:
    """Batch first. return_sequences=False gives the last state only."""

    def __init__(self, cell, return_sequences=True):
        self.cell = cell
        self.return_sequences = return_sequences

    @property
    def trainables(self):
        return list(self.cell.vars.values())

    def forward(self, x, state=None):
        s = self.cell.zero_state(len(x)) if state is None else state
        self.tape, outs = [], []
        for t in range(x.shape[1]):
            s, memo = self.cell.forward(x[:, t], s)
            self.tape.append(memo)
            outs.append(s)
        return np.stack(outs, 1) if self.return_sequences else s

    def backward(self, g):
        dxs = []
        ds = 0.0 if self.return_sequences else g
        for t in range(len(self.tape) - 1, -1, -1):
            if self.return_sequences:
                ds = ds + g[:, t]
            dx, ds = self.cell.backward(ds, self.tape[t])
            dxs.insert(0, dx)
        self.state_grad = ds
        return np.stack(dxs, 1)


class SGD:
    def __init__(self, variables, lr, weight_decay=0.0):
        self.variables, self.lr, self.wd = variables, lr, weight_decay

    def step(self):
        for v in self.variables:
            v.data -= self.lr * (v.grad + self.wd * v.data)

    def zero_grad(self):
        for v in self.variables:
            v.grad[...] = 0


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    layer = Recurrent(ElmanCell(3, 2, rng=rng), return_sequences=False)
    opt = SGD(layer.trainables, 0.1)
    x = rng.standard_normal((40, 5, 3))
    y = np.sign(x.sum(axis=1)[:, :2]) * 0.8
    for i in range(201):
        out = layer.forward(x)
        opt.zero_grad()
        layer.backward((out - y) / len(x))
        opt.step()
        if i % 50 == 0:
            print(i, 0.5 * ((out - y) ** 2).sum() / len(x))
