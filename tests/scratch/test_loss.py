"""scratch.softmax_cross_entropy: PyTorch's CrossEntropyLoss, each option alone and all together."""

from typing import Any

import numpy as np
import pytest
import torch

from parity.scratch import DtypeError, ShapeError, softmax, softmax_cross_entropy
from parity.scratch.loss import mean_cross_entropy
from tests.scratch.against_torch import (
    DTYPES,
    NARROW,
    Parts,
    assert_close,
    eps,
    exact,
    in_pairs,
    numpy_dtype,
    one_each,
    tensor,
    tiny,
)

BATCH, CLASSES = 6, 4
RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((BATCH, CLASSES)) * 3
LABELS = np.array([0, 1, 2, 3, 1, 0])
WEIGHTS = np.array([0.5, 2.0, 0.0, 1.25])  # the same number in every dtype, as is 1/8

PARTS: Parts = {
    "weights": {"": {}, "weighted": {"class_weights": WEIGHTS}},
    "smoothing": {
        "": {},
        "smooth": {"label_smoothing": 0.125},
        "uniform": {"label_smoothing": 1.0},
    },
    "ignored": {
        "": {},
        "some ignored": {"labels": np.array([0, -100, 2, 3, -100, 0])},
        "a class ignored": {"ignore_index": 1},
    },
    "reduction": {"": {}, "sum": {"reduction": "sum"}},
}
OPTIONS = in_pairs(PARTS)
IN_EVERY_DTYPE = in_pairs(PARTS | {"dtype": one_each("name", {name: name for name in DTYPES})})
IN_16_BITS = in_pairs(PARTS | {"dtype": one_each("name", {name: name for name in NARROW})})
"""Every two of the options and dtypes meet in one case."""


def by_torch(
    logits: Any, name: str, *, labels: Any = LABELS, class_weights: Any = None, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return PyTorch's loss and gradient, of logits given and computed in the dtype `name`."""
    leaf = tensor(logits, name).requires_grad_()
    weight = None if class_weights is None else tensor(class_weights, name)
    loss = torch.nn.functional.cross_entropy(leaf, torch.tensor(labels), weight, **options)
    loss.backward()
    assert leaf.grad is not None
    return exact(loss), exact(leaf.grad)


def by_scratch(
    logits: Any, name: str, *, labels: Any = LABELS, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    given = np.asarray(logits).astype(numpy_dtype(name))
    if "class_weights" in options:
        options["class_weights"] = options["class_weights"].astype(given.dtype)
    loss, gradient = softmax_cross_entropy(given, labels, **options)
    assert loss.dtype.name == gradient.dtype.name == name
    return exact(loss), exact(gradient)


def sizes(
    logits: Any,
    *,
    labels: Any = LABELS,
    class_weights: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> tuple[float, float]:
    """Return how large the terms are whose sum is the loss, and those of a gradient's element."""
    weights = np.ones(np.shape(logits)[1]) if class_weights is None else class_weights
    kept = labels != ignore_index
    own = weights[labels[kept]]
    norm = own.sum() if reduction == "mean" else 1
    losses = -np.log(softmax(np.asarray(logits)))[kept]
    terms = (own + weights.sum() * (label_smoothing > 0)) * losses.max(axis=1)
    return terms.sum() / norm, (own.max() + weights.max() * (label_smoothing > 0)) / norm


def rounding(name: str, logits: Any) -> float:
    """Return the allowance for sums over rows and classes, an exponential and some products."""
    return (sum(np.shape(logits)) + 8) * eps(name)


@pytest.mark.parametrize("options", IN_EVERY_DTYPE.values(), ids=IN_EVERY_DTYPE.keys())
def test_loss_and_gradient_are_pytorchs(options: dict[str, Any]) -> None:
    """Every two options together, in every dtype, give PyTorch's results in the same dtype."""
    options = dict(options)
    name = options.pop("name")
    found, expected = by_scratch(LOGITS, name, **options), by_torch(LOGITS, name, **options)
    for ours, theirs, size in zip(found, expected, sizes(LOGITS, **options), strict=True):
        assert_close(ours, theirs, rounding(name, LOGITS) * size)


@pytest.mark.parametrize("options", IN_16_BITS.values(), ids=IN_16_BITS.keys())
def test_16_bit_results_are_rounded_once(options: dict[str, Any]) -> None:
    """Results are those of the same logits in float64, up to float32's errors and one rounding."""
    options = dict(options)
    name = options.pop("name")
    given = exact(tensor(LOGITS, name))
    found, expected = by_scratch(given, name, **options), by_torch(given, "float64", **options)
    for ours, theirs, size in zip(found, expected, sizes(given, **options), strict=True):
        once = np.maximum(np.abs(theirs) * eps(name), tiny(name)) / 2
        assert_close(ours, theirs, once + rounding("float32", given) * size)


@pytest.mark.parametrize("logits", [LOGITS.T.copy().T, np.repeat(LOGITS, 2, axis=1)[:, ::2]])
def test_memory_order_plays_no_part(logits: Any) -> None:
    """Logits whose memory is transposed, or has gaps, have the same loss."""
    assert not logits.flags.c_contiguous
    for found, expected in zip(
        mean_cross_entropy(logits, LABELS), mean_cross_entropy(LOGITS, LABELS), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_plain_loss_takes_the_short_way() -> None:
    """Without options, the result has the very bits of the unchecked plain loss."""
    found, expected = softmax_cross_entropy(LOGITS, LABELS), mean_cross_entropy(LOGITS, LABELS)
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_gradient_is_the_slope_of_the_loss(options: dict[str, Any]) -> None:
    """Central differences measure the gradient, without PyTorch."""
    options = {"labels": LABELS} | options
    direction, step = RNG.standard_normal(LOGITS.shape), 1e-6
    _, gradient = softmax_cross_entropy(LOGITS, **options)
    ends = [
        softmax_cross_entropy(LOGITS + sign * step * direction, **options)[0] for sign in (1, -1)
    ]
    slope = (ends[0] - ends[1]) / (2 * step)
    assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6)


ALL_IGNORED = np.full(BATCH, -100)
HUGE = [[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0], [1e4, 1e4, 1e4]]
NAN, INF = float("nan"), float("inf")
EDGES: dict[str, tuple[Any, dict[str, Any]]] = {
    "all ignored": (LOGITS, {"labels": ALL_IGNORED}),
    "all ignored, smooth": (LOGITS, {"labels": ALL_IGNORED, "label_smoothing": 0.5}),
    "all ignored, sum": (LOGITS, {"labels": ALL_IGNORED, "reduction": "sum"}),
    "no weight left": (LOGITS, {"labels": np.full(BATCH, 2), "class_weights": WEIGHTS}),
    "no weight left, smooth": (
        LOGITS,
        {"labels": np.full(BATCH, 2), "class_weights": WEIGHTS, "label_smoothing": 0.5},
    ),
    "no weight or ignored": (
        LOGITS,
        {"labels": np.array([2, 2, -100, -100, 2, 2]), "class_weights": WEIGHTS},
    ),
    "no weight left, sum": (
        LOGITS,
        {"labels": np.full(BATCH, 2), "class_weights": WEIGHTS, "reduction": "sum"},
    ),
    "no rows": (np.zeros((0, 3)), {"labels": np.zeros(0, int)}),
    "no rows, sum": (np.zeros((0, 3)), {"labels": np.zeros(0, int), "reduction": "sum"}),
    "one class": (LOGITS[:, :1], {"labels": np.zeros(BATCH, int)}),
    "one class, smooth": (
        LOGITS[:, :1],
        {"labels": np.zeros(BATCH, int), "label_smoothing": 0.5},
    ),
    "huge, right": (HUGE, {"labels": np.array([0, 1, 2])}),
    "huge, wrong": (HUGE, {"labels": np.array([1, 2, 0])}),
    "huge, smooth": (HUGE, {"labels": np.array([1, 2, 0]), "label_smoothing": 0.5}),
    "NaN": ([[NAN, 0.0], [0.0, 1.0]], {"labels": np.array([0, 1])}),
    "NaN, ignored": ([[NAN, 0.0], [0.0, 1.0]], {"labels": np.array([-100, 1])}),
    "NaN weight": (LOGITS, {"class_weights": np.array([NAN, 1, 1, 1])}),
    "negative weight": (LOGITS, {"class_weights": np.array([-0.5, 1, 1, 1])}),
    "-inf elsewhere": ([[0.0, -INF, 1.0]], {"labels": np.array([0])}),
    "-inf elsewhere, smooth": (
        [[0.0, -INF, 1.0]],
        {"labels": np.array([0]), "label_smoothing": 0.5},
    ),
    "-inf at the label": ([[0.0, -INF, 1.0]], {"labels": np.array([1])}),
    "-inf, ignored": ([[0.0, -INF], [0.0, 1.0]], {"labels": np.array([-100, 1])}),
}


@pytest.mark.parametrize(("logits", "options"), EDGES.values(), ids=EDGES.keys())
def test_edges_are_pytorchs(
    logits: Any, options: dict[str, Any], subtests: pytest.Subtests
) -> None:
    """Without a divisor, and beyond the finite, every dtype gives PyTorch's loss, unwarned."""
    for name in DTYPES:
        with subtests.test(name):
            found, expected = by_scratch(logits, name, **options), by_torch(logits, name, **options)
            assert_close(found[0], expected[0], rounding(name, logits) * np.abs(expected[0]))
            assert_close(found[1], expected[1], rounding(name, logits))


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
@pytest.mark.parametrize("labels", [np.zeros(0, int), ALL_IGNORED], ids=["no rows", "all ignored"])
def test_sum_of_nothing_is_positive_zero(labels: Any, smoothing: float) -> None:
    """The loss is not -0.0, which would be printed: PyTorch's has no sign either."""
    options = {"labels": labels, "label_smoothing": smoothing, "reduction": "sum"}
    for by in (by_scratch, by_torch):
        loss, _ = by(LOGITS[: len(labels)], "float64", **options)
        assert loss == 0
        assert not np.signbit(loss)


def test_class_weights_may_be_a_list() -> None:
    """A list does not have a dtype, and gets the logits'."""
    logits = LOGITS.astype(np.float32)
    found = softmax_cross_entropy(logits, LABELS, class_weights=WEIGHTS.tolist())
    assert found[0] == softmax_cross_entropy(logits, LABELS, class_weights=np.float32(WEIGHTS))[0]
    assert found[0].dtype == np.float32


def test_infinite_logit_has_no_loss() -> None:
    """Infinity minus infinity is NaN, for PyTorch too; NumPy's warning says so first."""
    with pytest.warns(RuntimeWarning, match="invalid value"):
        loss, gradient = softmax_cross_entropy(np.array([[0.0, np.inf]]), np.array([0]))
    assert np.isnan(loss)
    assert np.isnan(gradient).all()


def test_float16_loss_too_large_is_infinite() -> None:
    """A sum beyond 65504 is infinite in float16, without a warning."""
    assert by_scratch([[6e4, -6e4]], "float16", labels=np.array([1]))[0] == np.inf


def test_float16_counts_its_rows_in_float32() -> None:
    """70000 equal rows have each row's loss, not PyTorch's 0, whose count of them is infinite."""
    logits, labels = np.zeros((70000, 2)), np.zeros(70000, int)
    assert by_torch(logits, "float16", labels=labels)[0] == 0
    assert by_scratch(logits, "float16", labels=labels)[0] == np.float16(np.log(2))


def test_ignored_class_may_be_a_class() -> None:
    """ignore_index inside 0..classes-1 leaves out every row of that class."""
    kept = LABELS != 1
    loss, gradient = softmax_cross_entropy(LOGITS, LABELS, ignore_index=1)
    expected, rows = softmax_cross_entropy(LOGITS[kept], LABELS[kept])
    assert loss == pytest.approx(expected, rel=1e-15)
    assert not gradient[~kept].any()
    np.testing.assert_allclose(gradient[kept], rows, rtol=1e-14)


def test_nothing_given_is_written() -> None:
    """Logits, labels and weights stay as they were, and may be read-only."""
    given = [LOGITS.copy(), LABELS.copy(), WEIGHTS.copy()]
    for array in given:
        array.setflags(write=False)
    softmax_cross_entropy(given[0], given[1], class_weights=given[2], label_smoothing=0.5)
    for array, before in zip(given, (LOGITS, LABELS, WEIGHTS), strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("name", NARROW)
def test_16_bit_softmax_is_rounded_once(name: str) -> None:
    """Each probability is the exact one's nearest number, as PyTorch's is."""
    given = LOGITS.astype(numpy_dtype(name))
    found = softmax(given)
    assert found.dtype == given.dtype
    np.testing.assert_array_equal(exact(found), exact(torch.softmax(tensor(given), dim=1)))


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "shape": ({"labels": LABELS[:3]}, ShapeError, "labels must have shape (6,), got (3,)"),
    "floats": ({"labels": LABELS / 1}, TypeError, "must be whole numbers, got dtype float64"),
    "above": (
        {"labels": LABELS + 1},
        ValueError,
        "labels must lie in 0..3 or be the ignored -100, got 4",
    ),
    "below": (
        {"labels": LABELS - 1},
        ValueError,
        "labels must lie in 0..3 or be the ignored -100, got -1",
    ),
    "not ignored": (
        {"labels": ALL_IGNORED, "ignore_index": -1},
        ValueError,
        "labels must lie in 0..3 or be the ignored -1, got -100",
    ),
    "logits": ({"logits": LOGITS[0]}, ShapeError, "must have shape (batch, classes), got (4,)"),
    "no classes": ({"logits": LOGITS[:, :0]}, ShapeError, "(batch, classes), got (6, 0)"),
    "weights": (
        {"class_weights": WEIGHTS[:2]},
        ShapeError,
        "class_weights must have shape (4,), got (2,)",
    ),
    "dtype of the weights": (
        {"class_weights": WEIGHTS.astype(np.float32)},
        DtypeError,
        "class_weights must be float64, as the logits, got float32",
    ),
    "smoothing above": (
        {"label_smoothing": 1.5},
        ValueError,
        "label_smoothing must be a number in 0..1, got 1.5",
    ),
    "smoothing below": ({"label_smoothing": -0.1}, ValueError, "in 0..1, got -0.1"),
    "smoothing NaN": ({"label_smoothing": NAN}, ValueError, "in 0..1, got nan"),
    "smoothing 'a'": (
        {"label_smoothing": "a"},
        ValueError,
        "label_smoothing must be a number in 0..1, got 'a'",
    ),
    "ignored 1.5": ({"ignore_index": 1.5}, TypeError, "must be a whole number, got 1.5"),
    "reduction": (
        {"reduction": "none"},
        ValueError,
        "reduction must be mean or sum, one number to step by, got 'none'",
    ),
}


@pytest.mark.parametrize(("change", "error", "message"), BAD.values(), ids=BAD.keys())
def test_what_makes_no_sense_is_refused(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    """An error names the value that came and the value that was expected, in one line."""
    with pytest.raises(error) as raised:
        softmax_cross_entropy(**{"logits": LOGITS, "labels": LABELS} | change)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
