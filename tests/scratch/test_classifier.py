"""scratch.ScratchSimpleRNNClassifier and its loss keep the promises of their documentation."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from parity.scratch import ScratchSimpleRNNClassifier, ShapeError, softmax, softmax_cross_entropy

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 5, 3)), np.array([0, 1, 2, 0, 1, 2])

EXACT = {
    "far right": ([[1e4, -1e4]], [0], 0.0),
    "far wrong": ([[1e4, -1e4]], [1], 2e4),
    "far below": ([[-1e4, -1e4 - 3]], [1], 3 + np.log1p(np.exp(-3.0))),
    "all equal": ([[1e4, 1e4, 1e4]], [2], np.log(3.0)),
}


def model(**options: Any) -> ScratchSimpleRNNClassifier:
    return ScratchSimpleRNNClassifier(3, 4, 3, seed=1, **options)


@pytest.mark.parametrize(("logits", "labels", "loss"), EXACT.values(), ids=EXACT.keys())
def test_loss_is_exact_for_huge_logits(logits: Any, labels: Any, loss: float) -> None:
    """Logits of 1e4 give the loss to the last digit or two: no overflow, no cap."""
    found, gradient = softmax_cross_entropy(np.array(logits), np.array(labels))
    assert found == pytest.approx(loss, rel=4e-16, abs=0)
    assert np.isfinite(gradient).all()


def test_loss_has_no_cap() -> None:
    """-log(p + 1e-12) never exceeds 27.6, and the loss of a hopeless guess does."""
    loss, _ = softmax_cross_entropy(np.array([[0.0, 100.0]]), np.array([0]))
    assert loss == 100


def test_gradient_rows_sum_to_zero() -> None:
    """softmax - onehot has the sum zero, for any logits."""
    _, gradient = softmax_cross_entropy(RNG.standard_normal((6, 3)) * 100, Y)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-16)


def test_softmax_rows_sum_to_one() -> None:
    """Each row of probabilities sums to 1."""
    np.testing.assert_allclose(softmax(RNG.standard_normal((6, 3)) * 1e4).sum(axis=1), 1)


def test_step_is_w_minus_lr_times_gradient() -> None:
    """update_params moves every parameter by lr times its gradient, once."""
    trained = model(lr=0.5)
    trained.forward(X)
    trained.backward(Y)
    before = {"W_x": trained.rnn.W_x, "W_out": trained.W_out, "b_out": trained.b_out}
    trained.update_params()
    after = {"W_x": trained.rnn.W_x, "W_out": trained.W_out, "b_out": trained.b_out}
    for name, weight in before.items():
        np.testing.assert_array_equal(after[name], weight - 0.5 * trained.grads[name])


def test_assigned_weights_are_not_written() -> None:
    """A step makes new arrays: the ones that were assigned stay as they were."""
    trained, weights = model(), np.ones((4, 3))
    trained.W_out = weights
    trained.forward(X)
    trained.backward(Y)
    trained.update_params()
    assert (weights == 1).all()


def test_fit_learns() -> None:
    """A rule that depends on one feature is learned, and the loss curve shows it."""
    x = RNG.standard_normal((200, 5, 3))
    y = (x[:, -1, 0] > 0).astype(int)
    trained = ScratchSimpleRNNClassifier(3, 8, 2, lr=0.5, seed=0).fit(
        x, y, epochs=30, batch_size=16, seed=0
    )
    assert len(trained.loss_curve_) == 30
    assert trained.loss_curve_[-1] < 0.2 < trained.loss_curve_[0]
    assert (trained.predict(x) == y).mean() > 0.95


def test_fit_is_mini_batch_sgd() -> None:
    """fit is forward, backward, update_params over shuffled mini-batches, and nothing else."""
    fitted = model().fit(X, Y, epochs=2, batch_size=4, seed=3)
    by_hand, rng = model(), np.random.RandomState(3)
    for _ in range(2):
        order = rng.permutation(6)
        for rows in (order[:4], order[4:]):
            by_hand.forward(X[rows])
            by_hand.backward(Y[rows])
            by_hand.update_params()
    np.testing.assert_array_equal(fitted.rnn.W_h, by_hand.rnn.W_h)
    np.testing.assert_array_equal(fitted.W_out, by_hand.W_out)


def test_fit_goes_on_where_it_stopped() -> None:
    """A second fit adds to the loss curve."""
    assert len(model().fit(X, Y, epochs=2).fit(X, Y, epochs=3).loss_curve_) == 5


def test_predictions_follow_the_probabilities() -> None:
    """predict is the most probable class of predict_proba."""
    trained = model()
    np.testing.assert_array_equal(trained.predict(X), trained.predict_proba(X).argmax(axis=1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_is_promoted(dtype: str) -> None:
    """Logits, loss, gradients and stepped weights have the dtype asked for."""
    trained = model(dtype=dtype)
    logits, loss = trained.forward(X), trained.backward(Y)
    trained.update_params()
    arrays = (logits, loss, *trained.grads.values(), trained.W_out, trained.rnn.b, trained.b_out)
    assert {np.asarray(array).dtype for array in arrays} == {np.dtype(dtype)}


BAD = {
    "shape": (Y[:3], ShapeError, "labels must have shape (6,), got (3,)"),
    "one-hot": (np.eye(3)[Y], ShapeError, "labels must have shape (6,), got (6, 3)"),
    "floats": (Y / 1.0, TypeError, "labels must be whole numbers, got dtype float64"),
    "too large": (Y + 1, ValueError, "labels must lie in 0..2, got 3"),
    "negative": (Y - 1, ValueError, "labels must lie in 0..2, got -1"),
}


@pytest.mark.parametrize(("labels", "error", "message"), BAD.values(), ids=BAD.keys())
def test_bad_labels_are_refused(labels: Any, error: type[Exception], message: str) -> None:
    """Labels that are not class numbers are refused, and the value is named."""
    trained = model()
    trained.forward(X)
    with pytest.raises(error) as raised:
        trained.backward(labels)
    assert message in str(raised.value)


def test_order_of_calls_is_checked() -> None:
    """Backward without forward, and a step without gradients, say what is missing."""
    with pytest.raises(RuntimeError, match="call forward first"):
        model().backward(Y)
    with pytest.raises(RuntimeError, match="call forward and backward first"):
        model().update_params()


def test_loss_and_gradient_of_given_logits_are_those_of_the_loss() -> None:
    """The notebook's `compute_loss_and_grad` takes any logits, not only those of the last call."""
    logits = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0], [1.0, 1.0, 1.0]])[: len(Y)]
    loss, gradient = model().compute_loss_and_grad(logits, Y[: len(logits)])
    expected, by_logits = softmax_cross_entropy(logits, Y[: len(logits)])
    assert loss == expected
    np.testing.assert_array_equal(gradient, by_logits)


def test_loss_of_equal_logits_is_log_classes() -> None:
    """Three equal logits lose log 3, to the last bit of the correctly rounded value."""
    loss, _ = softmax_cross_entropy(np.zeros((2, 3)), np.array([0, 2]))
    log_3 = Fraction("1.0986122886681098")
    assert abs(Fraction(float(loss)) - log_3) < Fraction(3, 10**16)
