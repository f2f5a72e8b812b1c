"""An adapter loses no mistake: small edits are made in everything that somebody's code offers."""

from pathlib import Path

import pytest

from parity.cli.adapt import main as adapt
from parity.cli.compare import main as compare
from tests.support.slow import one_in

FUNCTIONS = """
import numpy as np

def rnn_forward(x, h0, Wx, Wh, b):
    h, hs = h0, []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
        hs.append(h)
    return np.stack(hs, axis=1), (x, h0, Wx, Wh, b, hs)

def rnn_backward(dh, cache):
    x, h0, Wx, Wh, b, hs = cache
    dx, dWx, dWh, db = np.zeros_like(x), 0, 0, 0
    carry = np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        total = dh[:, t] + carry
        da = total * (1 - hs[t] ** 2)
        before = hs[t - 1] if t else h0
        dx[:, t] = da @ Wx.T
        dWx = dWx + x[:, t].T @ da
        dWh = dWh + before.T @ da
        db = db + da.sum(axis=0)
        carry = da @ Wh.T
    return dx, carry, dWx, dWh, db
"""

CLASS = """
import numpy as np

class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.Wx = np.random.randn(n_in, n_hidden)
        self.Wh = np.random.randn(n_hidden, n_hidden)
        self.b = np.zeros(n_hidden)
        self.Wy = np.random.randn(n_hidden, n_out)
        self.by = np.zeros(n_out)

    def forward(self, x, h0=None):
        h = np.zeros((len(x), len(self.b))) if h0 is None else h0
        self.x, self.hs = x, [h]
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ self.Wx + h @ self.Wh + self.b)
            self.hs.append(h)
        return h @ self.Wy + self.by

    def backward(self, logits, y):
        top = logits.max(axis=1, keepdims=True)
        p = np.exp(logits - top)
        p = p / p.sum(axis=1, keepdims=True)
        d = (p - np.eye(len(self.by))[y]) / len(y)
        self.dWy, self.dby = self.hs[-1].T @ d, d.sum(axis=0)
        self.dWx, self.dWh, self.db = 0, 0, 0
        dh = d @ self.Wy.T
        for t in reversed(range(self.x.shape[1])):
            da = dh * (1 - self.hs[t + 1] ** 2)
            self.dWx = self.dWx + self.x[:, t].T @ da
            self.dWh = self.dWh + self.hs[t].T @ da
            self.db = self.db + da.sum(axis=0)
            dh = da @ self.Wh.T

    def update(self, lr):
        for name in ("Wx", "Wh", "b", "Wy", "by"):
            setattr(self, name, getattr(self, name) - lr * getattr(self, "d" + name))
"""

DIFFERS, INCOMPLETE = 1, 2

MISTAKES: dict[str, tuple[str, str, str, int]] = {
    "gradient of x": (FUNCTIONS, "dx[:, t] = da", "dx[:, t] = total", DIFFERS),
    "gradient of h_0": (FUNCTIONS, "return dx, carry", "return dx, 2 * carry", DIFFERS),
    "gradient of b by row": (FUNCTIONS, "da.sum(axis=0)", "da", INCOMPLETE),
    "gradient of b a number": (FUNCTIONS, "da.sum(axis=0)", "da.sum()", INCOMPLETE),
    "h_0 of functions unused": (FUNCTIONS, "h, hs = h0, []", "h, hs = 0 * h0, []", INCOMPLETE),
    "h_0 of a class unused": (CLASS, "if h0 is None else h0", "", DIFFERS),
    "step without b": (CLASS, '"Wh", "b", "Wy"', '"Wh", "Wy"', DIFFERS),
    "step of nothing": (CLASS, "setattr(self, name, getattr", "print(name, getattr", DIFFERS),
    "step that raises": (CLASS, "- lr * getattr", "- self.rate * getattr", INCOMPLETE),
    "step up": (CLASS, "- lr * getattr", "+ lr * getattr", DIFFERS),
    "twice by the batch": (CLASS, "np.eye(len(self.by))[y]) / len(y)",
                           "np.eye(len(self.by))[y]) / len(y) ** 2", INCOMPLETE),
    "clipped at 5": (CLASS, "dh = da @ self.Wh.T", "dh = np.clip(da @ self.Wh.T, -5, 5)", DIFFERS),
    "labels as columns": (CLASS, "np.eye(len(self.by))[y]", "np.eye(len(self.by))[y * 0]", DIFFERS),
}  # fmt: skip


def written(tmp_path: Path, code: str) -> str:
    path = tmp_path / "mine.py"
    path.write_text(code)
    return f"{path}:Net" if "class Net" in code else str(path)


@pytest.mark.parametrize("code", [FUNCTIONS, CLASS], ids=["functions", "class"])
def test_right_code_agrees_in_all_it_offers(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any edit both sides agree, and gradients and steps are among the compared arrays."""
    assert compare(["--no-keep", "--subject", written(tmp_path, code)]) == 0
    out = capsys.readouterr().out
    assert ("grad/h_0" if code == FUNCTIONS else "step/b_out") in out
    assert "not checked, since the subject offers none" in out


@pytest.mark.parametrize("name", one_in(16, MISTAKES))
def test_no_mistake_is_lost(name: str, tmp_path: Path) -> None:
    """Code with a mistake in anything that it offers never agrees, adapted in memory or written."""
    code, right, wrong, status = MISTAKES[name]
    assert code.count(right) == 1
    spec = written(tmp_path, code.replace(right, wrong))
    assert compare(["--no-keep", "--subject", spec]) == status
    target = tmp_path / "adapter.py"
    assert adapt(["--write", str(target), spec]) == (2 if status == INCOMPLETE else 0)
    assert compare(["--no-keep", "--subject", str(target)]) == status
