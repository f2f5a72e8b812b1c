"""scratch.SequenceClassifier keeps the promises of its documentation."""

from typing import Any

import numpy as np
import pytest

from parity.scratch import (
    SGD,
    DtypeError,
    ScratchSimpleRNNClassifier,
    SequenceClassifier,
    ShapeError,
    clip_by_norm,
    clip_by_value,
)
from parity.scratch.clipping import total_norm
from parity.scratch.pooling import KINDS
from tests.scratch.against_torch import DTYPES, Array, numpy_dtype
from tests.scratch.classifiers import (
    BATCH,
    CLASSES,
    FEATURES,
    LENGTHS,
    MOMENTUM,
    NAN,
    NODES,
    RNG,
    X,
    Y,
    made,
)


@pytest.mark.parametrize("pooling", KINDS)
@pytest.mark.parametrize("name", ["x", "h_0"])
def test_gradients_by_the_inputs_are_slopes(pooling: str, name: str) -> None:
    """`grads` has the gradients by x and h_0 too, and central differences agree with them."""
    model = made(layers=2, bidirectional=True, pooling=pooling)
    values = {"x": X, "h_0": RNG.standard_normal((4, BATCH, NODES))}
    model.forward(**values, lengths=LENGTHS)
    model.backward(Y)
    gradient, direction = model.grads[name], RNG.standard_normal(values[name].shape)
    ends = []
    for sign in (1, -1):
        model.forward(**values | {name: values[name] + sign * 1e-6 * direction}, lengths=LENGTHS)
        ends.append(model.backward(Y))
    slope = (ends[0] - ends[1]) / 2e-6
    assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_plain_classifier_is_the_notebooks() -> None:
    """One layer read at its last step is ScratchSimpleRNNClassifier, from seed to last bit."""
    notebooks = ScratchSimpleRNNClassifier(FEATURES, NODES, CLASSES, 0.5, seed=3)
    model = SequenceClassifier(FEATURES, NODES, CLASSES, pooling="last", optimizer=SGD(0.5), seed=3)
    for each in (notebooks, model):
        each.fit(X, Y, epochs=3, batch_size=2, seed=0)
    np.testing.assert_array_equal(model.rnn.weights["W_h"], notebooks.rnn.W_h)
    np.testing.assert_array_equal(model.W_out, notebooks.W_out)
    assert model.loss_curve_ == notebooks.loss_curve_


def test_fit_learns_from_each_rows_own_steps() -> None:
    """A rule on each row's own last step is learned, with the help of momentum and clipping."""
    x, lengths = RNG.standard_normal((200, 6, 3)), RNG.integers(1, 7, 200)
    y = (x[range(200), lengths - 1, 0] > 0).astype(int)
    model = SequenceClassifier(3, 8, 2, optimizer=SGD(0.2, momentum=0.9), clip_norm=1.0, seed=0)
    model.fit(x, y, lengths=lengths, epochs=30, batch_size=16, seed=0)
    assert len(model.loss_curve_) == 30
    assert model.loss_curve_[-1] < 0.2 < model.loss_curve_[0]
    assert (model.predict(x, lengths) == y).mean() > 0.95


def test_fit_is_mini_batch_training() -> None:
    """fit is forward, backward, update_params over shuffled mini-batches with their lengths."""
    fitted, by_hand = (SequenceClassifier(FEATURES, NODES, CLASSES, seed=1) for _ in range(2))
    fitted.fit(X, Y, lengths=LENGTHS, epochs=2, batch_size=3, seed=3)
    rng = np.random.RandomState(3)
    for _ in range(2):
        order = rng.permutation(BATCH)
        for rows in (order[:3], order[3:]):
            by_hand.forward(X[rows], lengths=LENGTHS[rows])
            by_hand.backward(Y[rows])
            by_hand.update_params()
    for name, weight in fitted.parameters.items():
        np.testing.assert_array_equal(weight, by_hand.parameters[name])


def test_ignored_labels_may_be_fitted() -> None:
    """Rows without a label train nothing, and are not an error."""
    labels = np.where(Y == 2, -100, Y)
    model = made()
    model.fit(X, labels, epochs=1)
    assert np.isfinite(model.loss_curve_).all()


def test_dropout_acts_in_training_only() -> None:
    """Forward in training draws masks, predictions do not, and fit leaves the mode alone."""
    model = made(layers=2, dropout=0.5)
    assert (model.forward(X) != model.forward(X)).any()
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))
    model.rnn.training = False
    before = model.forward(X)
    np.testing.assert_array_equal(before, model.forward(X))
    model.fit(X, Y, epochs=1)
    assert not model.rnn.training


def test_predictions_follow_the_probabilities() -> None:
    """predict is the most probable class of predict_proba, whose rows sum to 1."""
    model = made()
    probabilities = model.predict_proba(X, LENGTHS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(X, LENGTHS), probabilities.argmax(axis=1))


def test_grads_are_not_clipped() -> None:
    """`grads` are backward's gradients; clipped_grads are clipped by value first, by norm then."""
    model = made(clip_value=0.05, clip_norm=0.1)
    model.forward(X)
    model.backward(Y)
    parameters = {name: model.grads[name] for name in model.parameters}
    assert total_norm(parameters) > 0.1
    expected, _ = clip_by_norm(clip_by_value(parameters, 0.05), 0.1)
    found = model.clipped_grads()
    assert list(found) == list(model.parameters)
    for name, gradient in found.items():
        np.testing.assert_array_equal(gradient, expected[name])


def test_inputs_do_not_count_for_the_norm() -> None:
    """The clipped norm is that of the parameters' gradients, not of x's and h_0's."""
    model = made(clip_norm=1e-3)
    model.forward(X)
    model.backward(Y)
    assert total_norm(model.clipped_grads()) == pytest.approx(1e-3, rel=1e-2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_is_promoted(dtype: str) -> None:
    """Logits, loss, gradients, steps and probabilities have the dtype asked for."""
    model = made(
        dtype=numpy_dtype(dtype),
        layers=2,
        bidirectional=True,
        pooling="mean",
        label_smoothing=0.1,
        class_weights=[1, 2, 3],
        clip_norm=1.0,
        optimizer=MOMENTUM,
    )
    x = X.astype(model.dtype)
    found = [model.forward(x, lengths=LENGTHS), model.backward(Y), model.hidden]
    model.update_params()
    found += [*model.grads.values(), *model.parameters.values(), model.predict_proba(x)]
    assert {np.asarray(array).dtype.name for array in found} == {dtype}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_notebooks_classifier_computes_in_16_bits(dtype: str) -> None:
    """ScratchSimpleRNNClassifier keeps the dtype, too, in the loss, head and step of both."""
    model = ScratchSimpleRNNClassifier(FEATURES, NODES, CLASSES, seed=1, dtype=numpy_dtype(dtype))
    found = [model.forward(X), model.backward(Y)]
    model.update_params()
    found += [*model.grads.values(), model.W_out, model.b_out, model.rnn.W_x, model.rnn.b]
    assert {np.asarray(array).dtype.name for array in found} == {dtype}


def without(name: str) -> dict[str, Array]:
    parameters = made().parameters
    del parameters[name]
    return parameters


def assigned(values: dict[str, Array]) -> None:
    made().parameters = values


BAD: dict[str, tuple[Any, str]] = {
    "classes": (
        lambda: SequenceClassifier(3, 4, 0),
        "n_classes must be a whole number of at least 1, got 0",
    ),
    "pooling": (lambda: made(pooling="first"), "one of last, own, mean, max, got 'first'"),
    "smoothing": (lambda: made(label_smoothing=2), "must be a number in 0..1, got 2"),
    "reduction": (lambda: made(reduction="none"), "to step by, got 'none'"),
    "class weights": (
        lambda: made(class_weights=[1, 2]),
        "class_weights must have shape (3,), got (2,)",
    ),
    "clip norm": (lambda: made(clip_norm=-1), "clip_norm must be at least 0, got -1"),
    "clip value": (lambda: made(clip_value=NAN), "clip_value must be at least 0, got nan"),
    "parameters": (
        lambda: assigned(without("W_h")),
        "parameters must be W_x, W_h, b, W_out, b_out, got W_x, b, W_out, b_out",
    ),
    "x": (lambda: made().forward(X[0]), "x must have shape (batch, steps, 3), got (4, 3)"),
    "labels": (
        lambda: made().fit(X, Y + 1),
        "labels must lie in 0..2 or be the ignored -100, got 3",
    ),
    "lengths": (lambda: made().fit(X, Y, lengths=LENGTHS + 1), "must lie in 1..4, got 5"),
    "no samples": (
        lambda: made().fit(X[:0], Y[:0]),
        "the number of samples must be a whole number of at least 1, got 0",
    ),
    "epochs": (lambda: made().fit(X, Y, epochs=0), "epochs must be a whole number of at least 1"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_what_makes_no_sense_is_refused(call: Any, message: str) -> None:
    """An error names the value that came and the value that was expected, in one line."""
    with pytest.raises(ValueError, match="got") as raised:
        call()
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


OF_ANOTHER_TYPE: dict[str, tuple[Any, type[Exception], str]] = {
    "clip norm type": (
        lambda: made(clip_norm_type="a"),
        TypeError,
        "clip_norm_type must be a number, got 'a'",
    ),
    "clip norm": (lambda: made(clip_norm="a"), TypeError, "clip_norm must be a number, got 'a'"),
    "optimizer": (
        lambda: SequenceClassifier(3, 4, 3, optimizer=3),  # type: ignore[arg-type]
        TypeError,
        "optimizer must be an SGD, got 3",
    ),
    "smoothing": (
        lambda: made(label_smoothing="a"),
        ValueError,
        "label_smoothing must be a number in 0..1, got 'a'",
    ),
    "bias": (lambda: made(bias="no"), TypeError, "bias must be True or False, got 'no'"),
    "float32 x": (
        lambda: made().forward(X.astype(np.float32)),
        DtypeError,
        "x must be float64, as the layer, got float32",
    ),
    "whole x": (
        lambda: made().predict(X.astype(int)),
        DtypeError,
        "x must be float64, as the layer, got int64",
    ),
    "x to fit": (
        lambda: made(dtype=np.float32).fit(X, Y),
        DtypeError,
        "x must be float32, as the layer, got float64",
    ),
    "class weights": (
        lambda: SequenceClassifier(3, 4, 3, class_weights=np.array([1, 2, 3])),
        DtypeError,
        "class_weights must be float64, as the layer, got int64",
    ),
}


@pytest.mark.parametrize(
    ("call", "error", "message"), OF_ANOTHER_TYPE.values(), ids=OF_ANOTHER_TYPE.keys()
)
def test_what_is_of_another_type_is_refused(
    call: Any, error: type[Exception], message: str
) -> None:
    """Nothing is cast or kept silently: one line names the value and the expected ones."""
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message


def test_lists_are_accepted() -> None:
    """Arguments without a dtype get the classifier's: x, in forward and fit, and class weights."""
    listed = SequenceClassifier(
        FEATURES, NODES, CLASSES, seed=0, dtype=np.float32, class_weights=[1, 2, 3]
    )
    arrays = SequenceClassifier(
        FEATURES, NODES, CLASSES, seed=0, dtype=np.float32, class_weights=np.float32([1, 2, 3])
    )
    listed.fit(X.tolist(), Y.tolist(), epochs=2, seed=0)
    arrays.fit(X.astype(np.float32), Y, epochs=2, seed=0)
    assert listed.loss_curve_ == arrays.loss_curve_
    np.testing.assert_array_equal(
        listed.predict_proba(X.tolist()), arrays.predict_proba(X.astype(np.float32))
    )


def test_wrong_head_is_a_shape_error() -> None:
    """A W_out that was assigned is checked in the same way as the layers' weights."""
    model = made()
    model.W_out = np.ones((2, 2))
    with pytest.raises(ShapeError, match=r"W_out must have shape \(6, 3\), got \(2, 2\)"):
        model.forward(X)


def test_order_of_calls_is_checked() -> None:
    """Backward without forward, and a step without gradients, say what is missing."""
    with pytest.raises(RuntimeError, match="call forward first"):
        made().backward(Y)
    with pytest.raises(RuntimeError, match="call forward and backward first"):
        made().update_params()
