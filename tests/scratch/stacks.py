"""Stacks of layers, made with scratch.RNN and with nn.RNN, and both results."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from parity.scratch import RNN

Array = NDArray[Any]

BATCH, STEPS, FEATURES, NODES = 4, 6, 3, 5
CLOSE = {"rtol": 0, "atol": 1e-12}
"""Sums of at most 6 * 4 * 10 terms of size 1 or so, through 6 steps and 3 layers: some 1e-14."""

NAMES = {"W_x": "weight_ih_l", "W_h": "weight_hh_l", "b": "bias_ih_l"}

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "relu": {"activation": "relu"},
    "no bias": {"bias": False},
    "time first": {"batch_first": False},
    "bidirectional": {"bidirectional": True},
    "2 layers": {"layers": 2},
    "3 layers, bidirectional": {"layers": 3, "bidirectional": True},
    "2 layers, bidirectional, relu, no bias, time first": {
        "layers": 2,
        "bidirectional": True,
        "activation": "relu",
        "bias": False,
        "batch_first": False,
    },
}

LENGTHS: dict[str, list[int] | None] = {
    "no lengths": None,
    "unsorted": [2, 6, 1, 4],
    "shorter than the steps": [3, 1, 4, 4],
    "all of one": [1, 1, 1, 1],
    "all equal": [4, 4, 4, 4],
    "all full": [6, 6, 6, 6],
}


def draw(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def scratch_of(dtype: Any = np.float64, **options: Any) -> RNN:
    """Return an RNN whose every weight is drawn."""
    rnn = RNN(FEATURES, NODES, dtype=dtype, **options)
    for seed, (name, weight) in enumerate(rnn.weights.items()):
        rnn.weights[name] = (0.4 * draw(seed, *weight.shape)).astype(dtype)
    return rnn


def torch_name(name: str) -> str:
    """Return nn.RNN's name of a weight: W_x_l1_reverse is weight_ih_l1_reverse."""
    kind = next(kind for kind in NAMES if name.startswith(kind))
    suffix = name.removeprefix(kind).removeprefix("_l")
    return NAMES[kind] + (suffix if suffix[:1].isdigit() else "0" + suffix)


def torch_of(rnn: RNN) -> nn.RNN:
    """Return nn.RNN with the weights of `rnn` and a second bias of zeros."""
    twin = nn.RNN(
        rnn.n_features,
        rnn.n_nodes,
        rnn.layers,
        nonlinearity="tanh" if rnn.activation is np.tanh else "relu",
        bias=rnn.bias,
        batch_first=rnn.batch_first,
        dropout=rnn.dropout,
        bidirectional=rnn.directions == 2,
        dtype=getattr(torch, rnn.dtype.name),
    )
    weights = twin.state_dict()
    for name, weight in weights.items():
        if name.startswith("bias_hh"):
            weight.zero_()
    for name, weight in rnn.weights.items():
        weights[torch_name(name)].copy_(tensor(weight.T))
    return twin


def tensor(array: Array) -> torch.Tensor:
    """Return a tensor of the array's dtype, bfloat16 too."""
    dtype = getattr(torch, array.dtype.name)
    exact = array if array.dtype == np.float64 else array.astype(np.float32)
    return torch.tensor(exact).to(dtype)


def numbers(value: torch.Tensor) -> Array:
    result: Array = value.detach().to(torch.float64).numpy()
    return result


def expected_of(
    rnn: RNN,
    x: Array,
    h_0: Array | None,
    d_output: Array | None,
    d_final: Array | None,
    lengths: list[int] | None = None,
) -> dict[str, Array]:
    """Return nn.RNN's output, final and gradients, by our names."""
    twin = torch_of(rnn).train(rnn.training)
    given = tensor(x).requires_grad_()
    initial = None if h_0 is None else tensor(h_0).requires_grad_()
    if lengths is None:
        output, final = twin(given, initial)
    else:
        packed = pack_padded_sequence(given, lengths, rnn.batch_first, enforce_sorted=False)
        packed_output, final = twin(packed, initial)
        steps = x.shape[rnn.batch_first]
        output, _ = pad_packed_sequence(packed_output, rnn.batch_first, total_length=steps)
    ends = [(output, d_output), (final, d_final)]
    ends = [(end, tensor(gradient)) for end, gradient in ends if gradient is not None]
    torch.autograd.backward(*zip(*ends, strict=True))
    parameters = dict(twin.named_parameters())
    found = {name: parameters[torch_name(name)].grad for name in rnn.weights}
    found |= {"x": given.grad, "output": output, "final": final}
    if initial is not None:
        found["h_0"] = initial.grad
    return {
        name: numbers(value).T if name in rnn.weights else numbers(value)
        for name, value in found.items()
    }


def found_of(
    rnn: RNN,
    x: Array,
    h_0: Array | None,
    d_output: Array | None,
    d_final: Array | None,
    lengths: list[int] | None = None,
) -> dict[str, Array]:
    """Return the same of `rnn`."""
    output, final = rnn.forward(x, h_0, lengths)
    return {"output": output, "final": final} | rnn.backward(d_output, d_final)


def drawn(rnn: RNN, steps: int = STEPS) -> tuple[Array, Array, Array, Array]:
    """Return x, h_0, d_output and d_final of the layout of `rnn`."""
    sizes = (BATCH, steps) if rnn.batch_first else (steps, BATCH)
    states = (rnn.layers * rnn.directions, BATCH, NODES)
    width = NODES * rnn.directions
    arrays = draw(91, *sizes, FEATURES), draw(92, *states), draw(93, *sizes, width)
    x, h_0, d_output, d_final = (a.astype(rnn.dtype) for a in (*arrays, draw(94, *states)))
    return x, h_0, d_output, d_final


def assert_close(found: dict[str, Array], expected: dict[str, Array]) -> None:
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, **CLOSE, err_msg=name)
