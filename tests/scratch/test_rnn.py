"""scratch.SimpleRNN keeps the promises of its documentation, one claim at a time."""

from typing import Any

import ml_dtypes  # noqa: F401  (it registers bfloat16)
import numpy as np
import pytest

from parity.cases.draw import draw
from parity.model.config import Config
from parity.scratch import ShapeError, SimpleRNN, relu

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 5, 3))


def layer(**options: Any) -> SimpleRNN:
    rnn = SimpleRNN(3, 4, seed=1, **options)
    rnn.W_h = RNG.standard_normal((4, 4))
    return rnn


def loss_of(rnn: SimpleRNN, x: Any, h_0: Any, upstream: Any) -> float:
    return float((rnn.forward(x, h_0) * upstream).sum())


def test_equation_at_every_step() -> None:
    """h[t] = f(x[t] W_x + h[t-1] W_h + b), from h_0."""
    rnn, h = layer(), RNG.standard_normal((2, 4))
    hidden = rnn.forward(X, h)
    previous = np.concatenate([h[:, None], hidden[:, :-1]], axis=1)
    expected = np.tanh(X @ rnn.W_x + previous @ rnn.W_h + rnn.b)
    np.testing.assert_allclose(hidden, expected, rtol=1e-13)


def test_initial_state_is_zero_by_default() -> None:
    """No initial state means zeros."""
    rnn = layer()
    assert np.array_equal(rnn.forward(X), rnn.forward(X, np.zeros((2, 4))))


@pytest.mark.parametrize("activation", [np.tanh, relu], ids=["tanh", "relu"])
@pytest.mark.parametrize("name", ["W_x", "W_h", "b", "x", "h_0"])
def test_gradient_is_the_slope_of_the_loss(activation: Any, name: str) -> None:
    """Every gradient agrees with central differences, for each activation by its own slope."""
    rnn = layer(activation=activation)
    upstream, h_0 = RNG.standard_normal((2, 5, 4)), RNG.standard_normal((2, 4))
    rnn.forward(X, h_0)
    gradients = rnn.backward(X, upstream, inputs=True)
    gradient = dict(zip(("W_x", "W_h", "b", "x", "h_0"), gradients, strict=True))[name]
    values = {"x": X, "h_0": h_0, "W_x": rnn.W_x, "W_h": rnn.W_h, "b": rnn.b}
    direction, step = RNG.standard_normal(gradient.shape), 1e-6
    ends = []
    for sign in (1, -1):
        moved = values | {name: values[name] + sign * step * direction}
        rnn.W_x, rnn.W_h, rnn.b = moved["W_x"], moved["W_h"], moved["b"]
        ends.append(loss_of(rnn, moved["x"], moved["h_0"], upstream))
    slope = (ends[0] - ends[1]) / (2 * step)
    assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6)


def test_backward_does_not_divide_by_the_batch() -> None:
    """A batch of two equal rows has twice the gradient of one: means belong to the loss."""
    rnn, row, upstream = layer(), X[:1], RNG.standard_normal((1, 5, 4))
    rnn.forward(row)
    once = rnn.backward(row, upstream)[0]
    rnn.forward(np.repeat(row, 2, axis=0))
    twice = rnn.backward(np.repeat(row, 2, axis=0), np.repeat(upstream, 2, axis=0))[0]
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-13)


def test_relu_slope_at_zero_is_zero() -> None:
    """With every pre-activation exactly zero, no gradient passes relu: PyTorch's convention."""
    rnn = SimpleRNN(3, 4, activation="relu")
    rnn.W_x = np.zeros((3, 4))
    rnn.forward(X)
    assert not rnn.backward(X, np.ones((2, 5, 4)))[2].any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_nothing_is_promoted(dtype: str) -> None:
    """Every array that a layer returns has the dtype asked for, whatever the inputs' dtype."""
    rnn = SimpleRNN(3, 4, seed=1, dtype=dtype)
    hidden = rnn.forward(X.tolist(), np.ones((2, 4), np.float64))
    gradients = rnn.backward(X, np.ones((2, 5, 4), np.float64), inputs=True)
    assert {array.dtype for array in (hidden, *gradients, rnn.W_x, rnn.W_h, rnn.b)} == {
        np.dtype(dtype)
    }


def test_unknown_activation_works_forward_only() -> None:
    """Any function works forward; backward names the function whose derivative it lacks."""
    rnn = layer(activation=np.sin)
    assert np.array_equal(rnn.forward(X)[:, 0], np.sin(X[:, 0] @ rnn.W_x + rnn.b))
    with pytest.raises(NotImplementedError, match=r"scratch\.relu, not for sin"):
        rnn.backward(X, np.ones((2, 5, 4)))


def test_results_belong_to_the_caller() -> None:
    """Overwriting the output, or the input, after forward does not disturb backward."""
    rnn, x, upstream = layer(), X.copy(), RNG.standard_normal((2, 5, 4))
    rnn.forward(X)
    expected = rnn.backward(X, upstream)
    rnn.forward(x)[...] = 7
    x[...] = 7
    assert all(
        np.array_equal(*pair) for pair in zip(rnn.backward(x, upstream), expected, strict=True)
    )


def test_time_major_input_is_not_kept_by_reference() -> None:
    """A batch of one is contiguous either way round, and is copied all the same."""
    rnn, x, upstream = layer(), X[:1].copy(), RNG.standard_normal((1, 5, 4))
    rnn.forward(x)
    expected = rnn.backward(x, upstream)[0]
    x[...] = 7
    assert np.array_equal(rnn.backward(x, upstream)[0], expected)


def test_last_is_the_last_hidden_state() -> None:
    """`last` is forward's last state, `hidden` the others, and d_last the last's own gradient."""
    rnn, upstream = layer(), np.zeros((2, 5, 4))
    upstream[:, -1] = RNG.standard_normal((2, 4))
    hidden = rnn.forward(X)
    expected = rnn.backward(X, upstream, inputs=True)
    np.testing.assert_array_equal(rnn.last(X), hidden[:, -1])
    np.testing.assert_array_equal(rnn.hidden, hidden)
    for found in (
        rnn.backward(X, None, d_last=upstream[:, -1], inputs=True),
        rnn.backward(X, upstream / 2, d_last=upstream[:, -1] / 2, inputs=True),
    ):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_parts_add_up() -> None:
    """More steps than the kernel takes at once give the same as the steps one by one."""
    rnn, steps = SimpleRNN(3, 64, seed=1), 300
    rnn.W_h = RNG.standard_normal((64, 64)) / 8
    x, upstream = RNG.standard_normal((32, steps, 3)), RNG.standard_normal((32, steps, 64))
    hidden = rnn.forward(x)
    assert len(rnn._forward.parts) > 1  # type: ignore[union-attr]
    gradients = rnn.backward(x, upstream, inputs=True)
    h, W_h, dh = np.zeros((32, 64)), np.zeros((64, 64)), np.zeros((32, 64))
    for t in range(steps):
        h = np.tanh(x[:, t] @ rnn.W_x + h @ rnn.W_h + rnn.b)
        np.testing.assert_allclose(hidden[:, t], h, rtol=0, atol=1e-11)
    for t in reversed(range(steps)):
        da = (dh + upstream[:, t]) * (1 - hidden[:, t] ** 2)
        W_h += (hidden[:, t - 1] if t else 0 * h).T @ da
        np.testing.assert_allclose(gradients[3][:, t], da @ rnn.W_x.T, rtol=0, atol=1e-11)
        dh = da @ rnn.W_h.T
    np.testing.assert_allclose(gradients[1], W_h, rtol=0, atol=1e-9)
    np.testing.assert_allclose(gradients[4], dh, rtol=0, atol=1e-11)


def test_global_random_state_is_left_alone() -> None:
    """Making a layer, seeded or not, does not move NumPy's global generator."""
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    SimpleRNN(3, 4, seed=5)
    SimpleRNN(3, 4)
    assert np.random.rand() == expected


BAD = {
    "features": (lambda: layer().forward(X[..., :2]), "x must have shape (batch, steps, 3), got"),
    "two dimensions": (lambda: layer().forward(X[0]), "got (5, 3)"),
    "no steps": (lambda: layer().forward(X[:, :0]), "at least one step, got shape (2, 0, 3)"),
    "h_0": (lambda: layer().forward(X, np.ones((3, 4))), "h_0 must have shape (2, 4), got (3, 4)"),
    "upstream": (lambda: _backward(X, np.ones((2, 4))), "dh_out must have shape (2, 5, 4), got"),
    "other x": (lambda: _backward(X[:1], np.ones((1, 5, 4))), "x must be forward's, (2, 5, 3)"),
    "size": (lambda: SimpleRNN(0, 4), "n_features must be a whole number of at least 1, got 0"),
    "dtype": (lambda: SimpleRNN(3, 4, dtype=np.int64), "float32 or float64, got int64"),
    "activation": (lambda: SimpleRNN(3, 4, "gelu"), "tanh, relu or a callable, got 'gelu'"),
    "weight": (lambda: _assigned().forward(X), "W_h must have shape (4, 4), got (3, 4)"),
}


def _backward(x: Any, upstream: Any) -> Any:
    rnn = layer()
    rnn.forward(X)
    return rnn.backward(x, upstream)


def _assigned() -> SimpleRNN:
    rnn = layer()
    rnn.W_h = np.ones((3, 4))
    return rnn


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_what_does_not_fit_is_refused(call: Any, message: str) -> None:
    """The message names the array, the shape expected and the shape that came."""
    with pytest.raises(ValueError, match="got") as raised:
        call()
    assert message in str(raised.value)


def test_shape_errors_are_shape_errors() -> None:
    """A caller can catch wrong shapes apart from other mistakes."""
    with pytest.raises(ShapeError):
        layer().forward(X[0])


def test_backward_before_forward_is_refused() -> None:
    """Backward before any forward pass is refused: there are no states."""
    with pytest.raises(RuntimeError, match="call forward first"):
        layer().backward(X, np.ones((2, 5, 4)))


def test_case_arrays_are_accepted_read_only() -> None:
    """A layer works on arrays that it may not write to."""
    case = draw(Config())
    rnn = SimpleRNN(3, 6)
    rnn.W_x, rnn.W_h, rnn.b = case.W_x, case.W_h, case.b
    assert rnn.forward(case.x, case.h_0).flags.writeable
