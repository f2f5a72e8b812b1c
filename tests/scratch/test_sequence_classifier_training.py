"""scratch.SequenceClassifier: whole steps of training are PyTorch's."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from parity.scratch import SequenceClassifier, relu
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
from tests.scratch.classifiers import (
    BATCH,
    CLASSES,
    FEATURES,
    LENGTHS,
    MOMENTUM,
    NODES,
    STEPS,
    X,
    Y,
    made,
)
from tests.support.properties import repeatable

UPDATES = 3


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
            if name.startswith("bias_hh"):  # b is one; PyTorch's two biases would step twice
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
    """Every option of the loss, clipping and optimizer gives PyTorch's step, alone and together."""
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
    """Networks with many random options agree, beyond pairs: stacks, lengths, loss and step."""
    check_updates(**options, dtype="float64")
