"""The subject `run(case)`: the scratch layers or classifier, with the case's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .classifier import ScratchSimpleRNNClassifier
from .clipping import clip_by_norm, clip_by_value
from .optimizer import SGD
from .rnn import SimpleRNN
from .sequence_classifier import SequenceClassifier
from .stacked import RNN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from parity.model.case import Case

    Array = NDArray[Any]
    Arrays = dict[str, Array]

OPTIONS = "all"


def run(case: Case) -> dict[str, Any]:
    """Return the scratch network's arrays for `case`, by the harness's names.

    The notebook's layer and classifier answer every case that they support. Raises
    NotImplementedError for a loss that is not a cross-entropy of one state per sequence.
    """
    config = case.config
    if config.squared or config.every_step:
        raise NotImplementedError(f"scratch has the losses mean and sum, got {config.loss}")
    single = not config.with_final and config.plain_step and config.bias != "absent"
    plain = single and config.call == "batch-first" and config.initial != "absent"
    if config.kind == "layer":
        return _run_simple_layer(case) if plain else _run_layers(case)
    plain = plain and config.pool == "last" and config.plain_loss
    return _run_simple_classifier(case) if plain else _run_classifier(case)


# -- the notebook's classes ----------------------------------------------------------------------


def _run_simple_layer(case: Case) -> dict[str, Any]:
    config = case.config
    rnn = SimpleRNN(config.features, config.hidden, config.activation, dtype=case.x.dtype)
    rnn.W_x, rnn.W_h, rnn.b = case.W_x, case.W_h, case.b
    hidden = rnn.forward(case.x, case.h_0)
    dh_out = case.upstream.copy()
    dh_out[:, -1] += case.upstream_final  # the last hidden state is also the final one
    gradients = rnn.backward(case.x, dh_out, inputs=True)
    named = dict(zip(("W_x", "W_h", "b", "x", "h_0"), gradients, strict=True))
    stepped = SGD(case.lr).step(case.parameters, {name: named[name] for name in case.parameters})
    return {"hidden": hidden} | _named("grad", named) | _named("step", stepped)


def _run_simple_classifier(case: Case) -> dict[str, Any]:
    config = case.config
    model = ScratchSimpleRNNClassifier(
        config.features,
        config.hidden,
        config.classes,
        lr=case.lr,
        activation=config.activation,
        dtype=case.x.dtype,
    )
    model.rnn.W_x, model.rnn.W_h, model.rnn.b = case.W_x, case.W_h, case.b
    model.W_out, model.b_out = case.W_out, case.b_out
    logits = model.forward(case.x, case.h_0)
    loss = model.backward(case.labels)
    trace = {"hidden": model.hidden, "logits": logits, "loss": np.asarray(loss)}
    trace |= _named("grad", model.grads)
    model.update_params()
    stepped = {name: getattr(model.rnn, name) for name in ("W_x", "W_h", "b")}
    stepped |= {"W_out": model.W_out, "b_out": model.b_out}
    return trace | _named("step", stepped)


# -- all that nn.RNN has -------------------------------------------------------------------------


def _run_layers(case: Case) -> dict[str, Any]:
    config = case.config
    rnn = RNN(
        config.features,
        config.hidden,
        batch_first=config.call != "time-first",
        **_of_the_layers(case),
    )
    rnn.weights, rnn.training = _weights(case), config.mode == "training"
    upstream = _laid_out(case, case.upstream), _by_cell(case, "upstream_final")
    optimizer = _optimizer(case)

    def updates() -> Iterator[tuple[Arrays, Arrays]]:
        for _ in range(config.updates):
            output, final = rnn.forward(*_inputs(case))
            trace = _states(case, output, final, rnn)
            gradients = rnn.backward(*upstream)
            named = {name: gradients[name] for name in rnn.weights}
            if config.clip_value:
                named = clip_by_value(named, config.clip_value)
            if config.clip_norm:
                named, _ = clip_by_norm(named, config.clip_norm)
            rnn.weights = optimizer.step(rnn.weights, named)
            yield trace | _gradients(case, gradients), rnn.weights

    return _updated(updates())


def _run_classifier(case: Case) -> dict[str, Any]:
    config = case.config
    model = SequenceClassifier(
        config.features,
        config.hidden,
        config.classes,
        **_of_the_layers(case),
        pooling=config.pool,
        class_weights=case.more.get("class_weights"),
        label_smoothing=config.smoothing,
        ignore_index=config.ignore_index if config.ignored != "none" else -100,
        reduction="sum" if config.loss == "sum" else "mean",
        optimizer=_optimizer(case),
        clip_value=config.clip_value or None,
        clip_norm=config.clip_norm or None,
    )
    model.parameters = {**_weights(case), "W_out": case.W_out, "b_out": case.b_out}
    model.rnn.training = config.mode == "training"

    def updates() -> Iterator[tuple[Arrays, Arrays]]:
        for _ in range(config.updates):
            logits = model.forward(*_inputs(case))
            trace = _states(case, model.hidden, model.final, model.rnn)
            loss = model.backward(case.labels)
            trace |= {"logits": logits, "loss": np.asarray(loss)} | _gradients(case, model.grads)
            model.update_params()
            yield trace, model.parameters

    return _updated(updates())


def _of_the_layers(case: Case) -> dict[str, Any]:
    config = case.config
    return {
        "layers": config.layers,
        "bidirectional": config.bidirectional,
        "bias": config.bias != "absent",
        "dropout": config.dropout,
        "activation": config.activation,
        "dtype": case.x.dtype,
    }


def _optimizer(case: Case) -> SGD:
    config = case.config
    return SGD(
        config.lr,
        momentum=config.momentum,
        dampening=config.dampening,
        weight_decay=config.weight_decay,
        nesterov=config.nesterov,
        maximize=config.maximize,
    )


def _weights(case: Case) -> Arrays:
    return {name: w for name, w in case.parameters.items() if name not in ("W_out", "b_out")}


def _inputs(case: Case) -> tuple[Any, ...]:
    """Return x, the initial states, the lengths and the masks, as the layers take them."""
    config = case.config
    h_0 = None if config.initial == "absent" else _by_cell(case, "h_0")
    masks = [_laid_out(case, own) for name, own in case.more.items() if name.startswith("mask_")]
    return _laid_out(case, case.x), h_0, case.more.get("lengths"), masks or None


def _by_cell(case: Case, of: str) -> Array:
    """Return an array of every cell, stacked: (cells, batch, hidden), unbatched (cells, hidden)."""
    stacked = np.stack([getattr(case, cell.name(of)) for cell in case.config.cells])
    own: Array = stacked[:, 0] if case.config.call == "unbatched" else stacked
    return own


def _laid_out(case: Case, array: Array) -> Array:
    """Return (batch, steps, ...) in the call's layout, or the other way round."""
    if case.config.call == "unbatched":
        turned: Array = array[0]
    else:
        turned = array.swapaxes(0, 1) if case.config.call == "time-first" else array
    return turned


def _canonical(case: Case, array: Array) -> Array:
    return array[None] if case.config.call == "unbatched" else _laid_out(case, array)


def _states(case: Case, output: Array, final: Array, rnn: RNN) -> Arrays:
    states = {f"hidden_l{n}": _canonical(case, own) for n, own in enumerate(rnn.inner[:-1])}
    states["hidden"] = _canonical(case, output)
    return states | (_split(case, "final", final) if case.config.with_final else {})


def _gradients(case: Case, gradients: Arrays) -> Arrays:
    found = gradients | {"x": _canonical(case, gradients["x"])}
    by_state = found.pop("h_0")
    if case.config.initial != "absent":
        found |= _split(case, "h_0", by_state)
    return _named("grad", found)


def _split(case: Case, of: str, stacked: Array) -> Arrays:
    rows = stacked[:, None] if case.config.call == "unbatched" else stacked
    return {cell.name(of): own for cell, own in zip(case.config.cells, rows, strict=True)}


def _named(kind: str, arrays: Arrays) -> Arrays:
    return {f"{kind}/{name}": array for name, array in arrays.items()}


def _updated(updates: Iterator[tuple[Arrays, Arrays]]) -> Arrays:
    """Return the trace of all updates: for later ones, their states, loss and parameters."""
    found: Arrays = {}
    for number, (trace, weights) in enumerate(updates, 1):
        kind = "step" if number == 1 else f"step{number}"
        later: Arrays = {name: trace[name] for name in ("hidden", "loss") if name in trace}
        found |= (trace if number == 1 else _named(kind, later)) | _named(kind, weights)
    return found
