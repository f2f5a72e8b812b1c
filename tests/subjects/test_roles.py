"""Roles: which functions compute a loss, gradients or a step, and which stand beside them."""

import ast

import pytest

from parity.model.coverage import Role
from parity.subjects.roles import roles

COMPUTES = {
    "def cross_entropy(p, y): return -(y * p).sum()": [Role.LOSS],
    "def zork(p, y): return -np.log(p[y])": [Role.LOSS],
    "def backward(self, dh): return dh @ self.W": [Role.GRADIENTS],
    "def zork(p, y):\n p[range(len(y)), y] -= 1\n return p": [Role.GRADIENTS],
    "def zork(h, d):\n for t in reversed(range(5)): d = d[t] @ h\n return d": [Role.GRADIENTS],
    "def zork(h, d): return (d * (1 - h ** 2)) @ h": [Role.GRADIENTS],
    "def update(p, g): p['W'] -= 0.1 * g['W']": [Role.STEP],
    "def zork(p, g, lr):\n for k in p: p[k] = p[k] + lr * g[k]": [Role.STEP],
    "def zork(p, g, speed): return {k: p[k] - speed * g[k] for k in p}": [Role.STEP],
    "def zork(self, g, pas=.1): setattr(self, 'W', getattr(self, 'W') - pas * g)": [Role.STEP],
    "def zork(a, da):\n for w, g in zip(a, da): w += -1e-2 * g": [Role.STEP],
}
"""Functions, by name or by what they do; a meaningless name hides none of them."""

BESIDE = {
    "a loop that calls the parts": (
        "def train(self, X, Y, epochs):\n"
        " for x, y in zip(X, Y): self.backward(y); self.update(); losses.append(self.loss(y))"
    ),
    "one time step": "def rnn_step(x, h, W): return np.tanh(x @ W + h @ W)",
    "a head": "def logits(h, W, b): return h @ W + b",
    "a numerical check": "def numerical_gradient(f, w): return (f(w + 1e-5) - f(w - 1e-5)) / 2e-5",
    "a sampler": "def sample(p, T): return np.exp(np.log(p) / T)",
    "a plot": "def plot_loss(losses): plt.plot(np.log(losses))",
    "an activation's slope": "def sigmoid_grad(a): return a * (1 - a)",
    "noisy data": "def make_data(t, noise): return np.sin(t) - 0.1 * noise",
    "an initialiser": "def init_weights(n): return np.random.randn(n, n) * 0.1",
    "a decay": "def decay(self): self.lr *= 0.9",
    "a stub": "def backward(self): raise NotImplementedError",
    "another subject": "def gradients(case): return case.x @ case.W_x",
}
"""Functions without which a verdict is complete."""


def function(text: str) -> ast.FunctionDef:
    (found,) = ast.parse(text).body
    assert isinstance(found, ast.FunctionDef)
    return found


@pytest.mark.parametrize(("text", "expected"), COMPUTES.items())
def test_function_that_must_be_judged(text: str, expected: list[Role]) -> None:
    """A loss, gradients and a step are recognised, each by its name or by its arithmetic."""
    own = function(text)
    assert [*roles(own.name, "", own)] == expected


@pytest.mark.parametrize("text", BESIDE.values(), ids=BESIDE.keys())
def test_function_beside_the_computation(text: str) -> None:
    """Helpers, samplers, plots, checks and loops over the parts have no role."""
    own = function(text)
    assert roles(own.name, "", own) == ()


def test_derivative_of_an_activation_class_is_a_helper() -> None:
    """`Sigmoid.backward` is a part of other gradients, not gradients that must be judged."""
    own = function("def backward(self, d): return d * self.a * (1 - self.a)")
    assert roles(own.name, "Sigmoid", own) == ()
    assert roles(own.name, "Recurrent", own) == (Role.GRADIENTS,)
