"""Small classifiers of sequences, with drawn weights that stretch nothing."""

from typing import Any

import numpy as np

from parity.scratch import SGD, SequenceClassifier
from tests.scratch.against_torch import Array

BATCH, STEPS, FEATURES, NODES, CLASSES = 5, 4, 3, 6, 3
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((BATCH, STEPS, FEATURES)), np.array([0, 1, 2, 2, 0])
LENGTHS = np.array([4, 1, 3, 4, 2])
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


MOMENTUM = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}
