"""Right programs that were accused: small gradients read off steps."""

from pathlib import Path

import numpy as np

from parity import Config, draw, judge, load
from parity.reference.frameworks.pytorch import pytorch

FIT = """
import numpy as np

class Net:
    def __init__(self, features, hidden, classes):
        self.Wx = np.random.randn(features, hidden)
        self.Wh = np.random.randn(hidden, hidden)
        self.b = np.zeros(hidden)
        self.Wy = np.random.randn(hidden, classes)
        self.by = np.zeros(classes)

    def forward(self, x):
        self.x, self.hs = x, [np.zeros((len(x), len(self.b)))]
        for t in range(x.shape[1]):
            self.hs.append(np.tanh(x[:, t] @ self.Wx + self.hs[t] @ self.Wh + self.b))
        return self.hs[-1] @ self.Wy + self.by

    def backprop(self, d_logits, lr):
        d, dWx, dWh, db = d_logits @ self.Wy.T, 0, 0, 0
        self.Wy -= lr * self.hs[-1].T @ d_logits
        self.by -= lr * d_logits.sum(axis=0)
        for t in reversed(range(self.x.shape[1])):
            d = d * (1 - self.hs[t + 1] ** 2)
            dWx, dWh, db = dWx + self.x[:, t].T @ d, dWh + self.hs[t].T @ d, db + d.sum(axis=0)
            d = d @ self.Wh.T
        self.Wx -= lr * dWx
        self.Wh -= lr * dWh
        self.b -= lr * db
"""


def test_small_gradients_are_read_off_steps_to_their_last_digit(tmp_path: Path) -> None:
    """A network that only makes steps agrees where gradients are far below one digit of a weight.

    Its gradients of saturated units are below 1e-90 then.
    """
    path = tmp_path / "mine.py"
    path.write_text(FIT)
    subject = load(str(path))
    case = draw(subject.asked(Config()))
    large = case.replace(W_out=case.W_out * 1000)
    verdict = judge(subject, large, pytorch)
    assert "grad/W_out" in {found.name for found in verdict.comparisons}
    assert verdict.passed
    found = subject.run(large)["grad/W_out"]
    assert 0 < np.min(np.abs(found)) < 1e-20
