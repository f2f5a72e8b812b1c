import numpy as np
from abc import ABC, abstractmethod


class LayerBase(ABC):
    def __init__(self):
        self.X = []
        self.trainable = True
        self.gradients = {}
        self.parameters = {}
        self.derived_variables = {}

    @abstractmethod
    def forward(self, z, **kwargs):
        raise NotImplementedError

    @abstractmethod
    def backward(self, out, **kwargs):
        raise NotImplementedError

    def flush_gradients(self):
        self.X = []
        for k in self.derived_variables:
            self.derived_variables[k] = []
        for k, v in self.gradients.items():
            self.gradients[k] = np.zeros_like(v)

    def update(self, lr):
        for k, v in self.gradients.items():
            self.parameters[k] = self.parameters[k] - lr * v
        self.flush_gradients()


class RNNCell(LayerBase):
    """A single step of a vanilla (Elman) RNN.

        Z[t] = Wax^T X[t] + bx + Waa^T A[t-1] + ba
        A[t] = tanh(Z[t])

    parameters: Waa (n_out, n_out), Wax (n_in, n_out), ba (n_out, 1), bx (n_out, 1)
    """

    def __init__(self, n_in, n_out):
        super().__init__()
        self.n_in = n_in
        self.n_out = n_out
        self.n_timesteps = None
        lim = lambda a, b: np.sqrt(6 / (a + b))
        self.parameters = {
            "Waa": np.random.uniform(-1, 1, (n_out, n_out)) * lim(n_out, n_out),
            "Wax": np.random.uniform(-1, 1, (n_in, n_out)) * lim(n_in, n_out),
            "ba": np.zeros((n_out, 1)),
            "bx": np.zeros((n_out, 1)),
        }
        self.gradients = {k: np.zeros_like(v) for k, v in self.parameters.items()}
        self.derived_variables = {"A": [], "Z": [], "current_step": 0, "dLdA_accumulator": None}

    def forward(self, Xt):
        """Xt: (n_ex, n_in) -> At: (n_ex, n_out)"""
        dv = self.derived_variables
        if len(dv["A"]) == 0:
            dv["A"] = [np.zeros((Xt.shape[0], self.n_out))]
        P = self.parameters
        Zt = dv["A"][-1] @ P["Waa"] + P["ba"].T + Xt @ P["Wax"] + P["bx"].T
        At = np.tanh(Zt)
        dv["Z"].append(Zt)
        dv["A"].append(At)
        dv["current_step"] = len(dv["Z"])
        self.X.append(Xt)
        return At

    def backward(self, dLdAt):
        """Steps have to be presented last one first. Returns dL/dXt."""
        dv = self.derived_variables
        dv["current_step"] -= 1
        t = dv["current_step"]
        As = dv["A"]                      # As[0] is the initial state
        P = self.parameters
        dA_acc = dv["dLdA_accumulator"]
        if dA_acc is None or len(np.shape(dA_acc)) == 0 or t == len(dv["Z"]) - 1:
            dA_acc = np.zeros_like(As[0])
        dA = dLdAt + dA_acc
        dZ = (1 - As[t + 1] ** 2) * dA
        dXt = dZ @ P["Wax"].T
        self.gradients["Waa"] += As[t + 1].T @ dZ
        self.gradients["Wax"] += self.X[t].T @ dZ
        self.gradients["ba"] += dZ.sum(axis=0, keepdims=True).T
        self.gradients["bx"] += dZ.sum(axis=0, keepdims=True).T
        dv["dLdA_accumulator"] = dZ @ P["Waa"].T
        return dXt

    def flush_gradients(self):
        super().flush_gradients()
        self.derived_variables["current_step"] = 0
        self.derived_variables["dLdA_accumulator"] = None


class RNN(LayerBase):
    """Runs an RNNCell over the last axis of X: (n_ex, n_in, n_t)."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.cell = RNNCell(n_in, n_out)

    @property
    def parameters(self):
        return self.cell.parameters

    @parameters.setter
    def parameters(self, value):
        if hasattr(self, "cell"):
            self.cell.parameters = value

    def forward(self, X):
        self.cell.flush_gradients()
        Y = [self.cell.forward(X[:, :, t]) for t in range(X.shape[2])]
        return np.dstack(Y)

    def backward(self, dLdA):
        """dLdA: (n_ex, n_out, n_t) -> dLdX (n_ex, n_in, n_t)"""
        dLdX = [self.cell.backward(dLdA[:, :, t]) for t in reversed(range(dLdA.shape[2]))]
        self.gradients = self.cell.gradients
        return np.dstack(dLdX[::-1])

    def update(self, lr):
        self.cell.update(lr)


if __name__ == "__main__":
    np.random.seed(0)
    rnn = RNN(3, 5)
    X = np.random.randn(8, 3, 6)
    target = np.tanh(np.cumsum(np.random.randn(8, 5, 6) * 0.1, axis=2))
    for i in range(200):
        A = rnn.forward(X)
        diff = (A - target) / len(X)
        rnn.backward(diff)
        rnn.update(0.02)
        if i % 50 == 0:
            print(i, 0.5 * ((A - target) ** 2).sum() / len(X))
