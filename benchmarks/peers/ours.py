"""The scratch classifier, from this working tree or from another copy of the package."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from parity import scratch
from parity.model.case import Array, Case


def forward(case: Case, package: ModuleType = scratch) -> Callable[[], Array]:
    """Return the logits; every hidden state is kept for a possible backward pass."""
    model = _model(case, package)

    def logits() -> Array:
        found: Array = model.forward(case.x, case.h_0)
        return found

    return logits


def training_step(case: Case, package: ModuleType = scratch) -> Callable[[], float]:
    """Return one training step, as in `fit`."""
    model = _model(case, package)

    def step() -> float:
        model.forward(case.x, case.h_0)
        loss: float = model.backward(case.labels)
        model.update_params()
        return loss

    return step


def _model(case: Case, package: ModuleType) -> Any:
    config = case.config
    model = package.ScratchSimpleRNNClassifier(
        config.features, config.hidden, config.classes, lr=case.lr, dtype=config.dtype
    )
    model.rnn.W_x, model.rnn.W_h, model.rnn.b = case.W_x, case.W_h, case.b
    model.W_out, model.b_out = case.W_out, case.b_out
    return model
