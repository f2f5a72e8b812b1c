"""Gradients that add up from one call to the next are no leak: each case has its own object."""

from pathlib import Path

from parity import Config, draw, judge, load
from parity.reference.frameworks.pytorch import pytorch

LAYER = """
import numpy as np

class Layer:
    def __init__(self, n_in, n_hidden):
        self.u, self.w = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_hidden)
        self.c = np.zeros(n_hidden)
        self.gu, self.gw = np.zeros_like(self.u), np.zeros_like(self.w)
        self.gc = np.zeros_like(self.c)

    def forward(self, x):
        self.x, self.h = x, [np.zeros((len(x), len(self.c)))]
        for t in range(x.shape[1]):
            self.h.append(np.tanh(x[:, t] @ self.u + self.h[-1] @ self.w + self.c))
        return np.stack(self.h[1:], axis=1)

    def backward(self, d):
        later = 0
        for t in reversed(range(self.x.shape[1])):
            a = (d[:, t] + later) * (1 - self.h[t + 1] ** 2)
            self.gu += self.x[:, t].T @ a
            self.gw += self.h[t].T @ a
            self.gc += a.sum(axis=0)
            later = a @ self.w.T
"""


def test_gradients_that_add_up_accuse_nobody(tmp_path: Path) -> None:
    """A layer that nobody clears, as PyTorch's parameters are, agrees."""
    path = tmp_path / "mine.py"
    path.write_text(LAYER)
    subject = load(str(path))
    assert judge(subject, draw(subject.asked(Config())), pytorch, thorough=True).passed
