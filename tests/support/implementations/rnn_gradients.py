import numpy as np


class RNN:
    """Regression-free version: only the recurrent part, x is a list of T column vectors (F, 1)."""

    def __init__(self, F, H):
        self.Wf = np.random.randn(H, F) * .2
        self.Wh = np.random.randn(H, H) * .2
        self.bias_f = np.zeros((H, 1))
        self.bias_h = np.zeros((H, 1))

    def forward(self, x, h=None):
        """returns {t: h_t}, with the initial state at -1"""
        states = {-1: np.zeros((len(self.Wh), 1)) if h is None else h}
        for t, column in enumerate(x):
            states[t] = np.tanh(self.Wf @ column + self.bias_f + self.Wh @ states[t - 1] + self.bias_h)
        return states

    def backward(self, x, states, dstates):
        """dstates: list of T columns (H, 1), dL/dh_t"""
        g = dict(Wf=0, Wh=0, bias_f=0, bias_h=0)
        carry = np.zeros_like(self.bias_h)
        for t in range(len(x) - 1, -1, -1):
            dt = (dstates[t] + carry) * (1 - states[t] ** 2)
            g['Wf'] = g['Wf'] + np.outer(dt, x[t])
            g['Wh'] = g['Wh'] + np.outer(dt, states[t])
            g['bias_f'] = g['bias_f'] + dt
            g['bias_h'] = g['bias_h'] + dt
            carry = self.Wh.T @ dt
        return g
