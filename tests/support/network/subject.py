"""How the scratch network is asked: its layer or its classifier, with the case's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.support.network.classifier import ScratchSimpleRNNClassifier
from tests.support.network.rnn import SimpleRNN

if TYPE_CHECKING:
    from parity.model.case import Case


def run(case: Case) -> dict[str, Any]:
    """Return the scratch network's arrays for `case`, by the harness's names."""
    return _run_layer(case) if case.config.kind == "layer" else _run_classifier(case)


def _run_layer(case: Case) -> dict[str, Any]:
    config = case.config
    rnn = SimpleRNN(config.features, config.hidden, config.activation, dtype=config.dtype)
    rnn.W_x, rnn.W_h, rnn.b = case.W_x, case.W_h, case.b
    hidden = rnn.forward(case.x, case.h_0)
    dh_out = case.upstream.copy()
    dh_out[:, -1] += case.upstream_final  # the last hidden state is also the final one
    gradients = rnn.backward(case.x, dh_out, inputs=True)
    named = dict(zip(("W_x", "W_h", "b", "x", "h_0"), gradients, strict=True))
    return {
        "hidden": hidden,
        **{f"grad/{name}": gradient for name, gradient in named.items()},
        **{
            f"step/{name}": weight - case.lr * named[name]
            for name, weight in case.parameters.items()
        },
    }


def _run_classifier(case: Case) -> dict[str, Any]:
    config = case.config
    model = ScratchSimpleRNNClassifier(
        config.features,
        config.hidden,
        config.classes,
        lr=case.lr,
        activation=config.activation,
        dtype=config.dtype,
    )
    model.rnn.W_x, model.rnn.W_h, model.rnn.b = case.W_x, case.W_h, case.b
    model.W_out, model.b_out = case.W_out, case.b_out
    logits = model.forward(case.x, case.h_0)
    loss = model.backward(case.labels)
    trace = {"hidden": model.hidden, "logits": logits, "loss": np.asarray(loss)}
    trace |= {f"grad/{name}": gradient for name, gradient in model.grads.items()}
    model.update_params()
    stepped = {name: getattr(model.rnn, name) for name in ("W_x", "W_h", "b")}
    stepped |= {"W_out": model.W_out, "b_out": model.b_out}
    return trace | {f"step/{name}": weight for name, weight in stepped.items()}
