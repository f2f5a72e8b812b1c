"""scratch.SequenceClassifier: whole steps are PyTorch's, and its documentation is kept to."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from parity.scratch import (
    SGD,
    DtypeError,
    ScratchSimpleRNNClassifier,
    SequenceClassifier,
    ShapeError,
    clip_by_norm,
    clip_by_value,
    relu,
)
from parity.scratch.clipping import total_norm
from parity.scratch.pooling import KINDS
from tests.scratch.against_torch import (
    DTYPES,
    Array,
    Parts,
    assert_close,
    eps,
    in_pairs,
    numpy_dtype,
    one_each,
    tensor,
)
from tests.support.properties import repeatable

BATCH, STEPS, FEATURES, NODES, CLASSES = 5, 4, 3, 6, 3
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((BATCH, STEPS, FEATURES)), np.array([0, 1, 2, 2, 0])
LENGTHS = np.array([4, 1, 3, 4, 2])
UPDATES = 3
NAN = float("nan")


def made(optimizer: dict[str, Any] | None = None, **options: Any) -> SequenceClassifier:
    """Return a classifier whose matrices stretch nothing: no rounding error grows in them.

    Its class weights are of its dtype.
    """
    if options.get("class_weights") is not None:
        options["class_weights"] = np.asarray(
            options["class_weights"], options.get("dtype", np.float64)
        )
    sgd = SGD(**{"lr": 0.1} | (optimizer or {}))
    model = SequenceClassifier(FEATURES, NODES, CLASSES, seed=1, optimizer=sgd, **options)
    model.parameters = {
        name: _unit(RNG.standard_normal(array.shape)).astype(model.dtype)
        for name, array in model.parameters.items()
    }
    return model


def _unit(array: Array) -> Array:
    unit: Array = array / np.linalg.norm(array, 2)
    return unit


class Twin:
    """The same classifier and the same step, of PyTorch's own parts."""

    def __init__(self, model: SequenceClassifier, optimizer: dict[str, Any], dtype: str) -> None:
        rnn = model.rnn
        self.model, self.dtype = model, dtype
        self.rnn = torch.nn.RNN(
            FEATURES,
            NODES,
            rnn.layers,
            "relu" if rnn.activation is relu else "tanh",
            bias=rnn.bias,
            batch_first=True,
            bidirectional=rnn.directions == 2,
            dtype=DTYPES[dtype],
        )
        self.head = torch.nn.Linear(NODES * rnn.directions, CLASSES, dtype=DTYPES[dtype])
        self.named = {"W_out": self.head.weight, "b_out": self.head.bias}
        for name, parameter in self.rnn.named_parameters():
            if name.startswith("bias_hh"):  # b is one, PyTorch's two biases would step twice
                parameter.requires_grad_(False).zero_()
            else:
                self.named[_ours(name)] = parameter
        for name, weight in model.parameters.items():
            self.named[name].data = tensor(weight.T)
        options = {"lr": 0.1} | optimizer
        self.optimizer = torch.optim.SGD(self.named.values(), **options)

    def update(self, lengths: Array | None, labels: Array) -> tuple[torch.Tensor, torch.Tensor]:
        """Take one step, and return the logits and the loss before it."""
        self.optimizer.zero_grad()
        logits = self.head(self._pooled(lengths))
        options = self.model.loss_options.copy()
        weights = options.pop("class_weights")
        loss = torch.nn.functional.cross_entropy(
            logits,
            torch.tensor(labels),
            None if weights is None else tensor(weights),
            **options,
        )
        loss.backward()
        if self.model.clip_value is not None:
            torch.nn.utils.clip_grad_value_(self.named.values(), self.model.clip_value)
        if self.model.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(
                self.named.values(), self.model.clip_norm, self.model.clip_norm_type
            )
        self.optimizer.step()
        return logits, loss

    def _pooled(self, lengths: Array | None) -> torch.Tensor:
        how, counts = self.model.pooling, torch.full((BATCH,), STEPS)
        if lengths is not None:
            counts = torch.tensor(lengths)
        packed = pack_padded_sequence(
            tensor(X, self.dtype), counts, batch_first=True, enforce_sorted=False
        )
        ended, final = self.rnn(packed)
        output, _ = pad_packed_sequence(ended, batch_first=True, total_length=STEPS)
        if how == "own":
            return torch.cat(list(final[-self.model.rnn.directions :]), dim=1)
        if how == "last":
            return output[:, -1]
        rows = [row[:count] for row, count in zip(output, counts, strict=True)]
        return torch.stack([row.mean(0) if how == "mean" else row.max(0).values for row in rows])


def _ours(name: str) -> str:
    for theirs, ours in (("weight_ih", "W_x"), ("weight_hh", "W_h"), ("bias_ih", "b"), ("_l0", "")):
        name = name.replace(theirs, ours)
    return name


READ: Parts = {
    "lengths": one_each("lengths", {"": None, "own lengths": LENGTHS}),
    "dtype": one_each("dtype", {"": "float64", "float32": "float32"}),
}
NETWORKS = in_pairs(
    {
        "layers": {"": {}, "two layers": {"layers": 2}},
        "directions": {"": {}, "both ways": {"bidirectional": True}},
        "bias": {"": {}, "no bias": {"bias": False}},
        "activation": {"": {}, "relu": {"activation": "relu"}},
        "pooling": one_each("pooling", {how: how for how in KINDS}),
    }
    | READ
)
MOMENTUM = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}
STEPPING: dict[str, dict[str, Any]] = {
    "weighted": {"class_weights": np.array([0.5, 2.0, 1.25])},
    "smooth": {"label_smoothing": 0.1},
    "ignoring": {"ignore_index": 2},
    "sum": {"reduction": "sum"},
    "momentum": {"optimizer": {"momentum": 0.9, "dampening": 0.3}},
    "nesterov, decay": {"optimizer": MOMENTUM},
    "maximize": {"optimizer": {"maximize": True}},
    "clipped by value": {"clip_value": 0.01},
    "clipped by norm": {"clip_norm": 0.1},
    "clipped by greatest": {"clip_norm": 0.02, "clip_norm_type": float("inf")},
    "everything": {
        "class_weights": np.array([0.5, 2.0, 1.25]),
        "label_smoothing": 0.1,
        "ignore_index": 2,
        "reduction": "sum",
        "optimizer": MOMENTUM,
        "clip_value": 0.05,
        "clip_norm": 0.1,
        "layers": 2,
        "bidirectional": True,
        "pooling": "mean",
    },
}


def check_updates(*, lengths: Array | None, dtype: str, **options: Any) -> None:
    """Logits, loss and every stepped parameter agree at each of a few updates.

    Along the way, there and back, through layers and steps, each number is rounded once per
    element of the rows and columns that it is summed over; no matrix stretches the errors.
    """
    model = made(dtype=numpy_dtype(dtype), **options)
    twin = Twin(model, options.get("optimizer", {}), dtype)
    once = 2 * model.rnn.layers * STEPS * (NODES * model.rnn.directions + FEATURES)
    for update in range(1, UPDATES + 1):
        logits = model.forward(X.astype(model.dtype), lengths=lengths)
        loss = model.backward(Y)
        model.update_params()
        allowed = update * once * eps(dtype)
        expected = twin.update(lengths, Y)
        assert_close(logits, expected[0], allowed)
        assert_close(loss, expected[1], allowed * BATCH)
        for name, weight in model.parameters.items():
            assert weight.dtype.name == dtype
            assert_close(weight.T, twin.named[name], allowed * BATCH)


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS.keys())
def test_networks_train_as_pytorchs(options: dict[str, Any]) -> None:
    """Every two of stacks, ways to read them, lengths and dtypes meet in one network."""
    check_updates(**options)


TRAINED = in_pairs({"options": {name: {"named": name} for name in STEPPING}} | READ)


@pytest.mark.parametrize("options", TRAINED.values(), ids=TRAINED.keys())
def test_steps_are_pytorchs(options: dict[str, Any]) -> None:
    """Every option of the loss, the clipping and the optimizer, alone and all together."""
    read = {name: options[name] for name in READ}
    check_updates(**read, **STEPPING[options["named"]])


@st.composite
def networks(choose: st.DrawFn) -> dict[str, Any]:
    """Return any network, read in any way, with any options of the loss and the step."""
    one = {key: choose(st.sampled_from(values)) for key, values in ANY.items()}
    clipping = choose(st.sampled_from([{}, {"clip_value": 0.05}, {"clip_norm": 0.1}]))
    lengths = choose(st.none() | st.lists(st.integers(1, STEPS), min_size=BATCH, max_size=BATCH))
    return one | clipping | {"lengths": None if lengths is None else np.array(lengths)}


ANY: dict[str, list[Any]] = {
    "layers": [1, 2, 3],
    "bidirectional": [False, True],
    "bias": [True, False],
    "pooling": list(KINDS),
    "class_weights": [None, np.array([0.5, 2.0, 1.25])],
    "label_smoothing": [0.0, 0.1, 1.0],
    "ignore_index": [-100, 2],
    "reduction": ["mean", "sum"],
    "optimizer": [{}, MOMENTUM, {"momentum": 0.9, "dampening": 0.3}, {"maximize": True}],
}
"""Without relu: a state that is zero but for rounding has one slope here and another there."""


@settings(repeatable, max_examples=25)
@given(networks())
def test_any_network_trains_as_pytorchs(options: dict[str, Any]) -> None:
    """What no pair shows, some network of many options does: stacks, lengths, loss and step."""
    check_updates(**options, dtype="float64")


@pytest.mark.parametrize("pooling", KINDS)
@pytest.mark.parametrize("name", ["x", "h_0"])
def test_gradients_by_the_inputs_are_slopes(pooling: str, name: str) -> None:
    """`grads` holds those by x and h_0 too, as central differences measure them."""
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
    """A rule that each row's own last step decides is learned, momentum and clipping helping."""
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
    """Rows without a label train nothing, and are no error."""
    labels = np.where(Y == 2, -100, Y)
    model = made()
    model.fit(X, labels, epochs=1)
    assert np.isfinite(model.loss_curve_).all()


def test_dropout_acts_in_training_only() -> None:
    """Forward in training depends on luck, predictions do not, and fit leaves the mode alone."""
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
    """`grads` is what backward found; clipped_grads is by value first, by norm then."""
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
    """The norm that is clipped is that of the parameters' gradients, not of x's and h_0's."""
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
    """So does ScratchSimpleRNNClassifier, with the loss, head and step that both share."""
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
    """One line names what came and what was expected."""
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
    """Nothing is cast or kept silently: one line names the value and what was expected."""
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message


def test_lists_are_accepted() -> None:
    """What has no dtype gets the classifier's: x, as given and to fit, and the class weights."""
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
    """A W_out that was assigned is checked as the layers' weights are."""
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
