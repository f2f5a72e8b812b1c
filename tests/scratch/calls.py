"""One call of a recurrent layer, made with scratch.RNN and with nn.RNN, and both results."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from parity.scratch import RNN
from tests.scratch.against_torch import Array, assert_close, eps, exact, numpy_dtype, tensor

BATCH, STEPS, FEATURES, NODES = 3, 5, 3, 4
Found = dict[str, Array]


def draw(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


X = draw(0, BATCH, STEPS, FEATURES)


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """A layer that is made, run and gone back through.

    Gradients are drawn where none are given; without x the layer is only made.
    """

    sizes: tuple[Any, ...] = (FEATURES, NODES)
    options: dict[str, Any] = field(default_factory=dict)  # by scratch's names
    weights: dict[str, Array] = field(default_factory=dict)  # other than those that are drawn
    x: Any = field(default_factory=X.copy)
    h_0: Any = None
    lengths: list[Any] | None = None
    enforce_sorted: bool = False
    d_output: Array | None = None
    d_final: Array | None = None

    @property
    def dtype(self) -> str:
        """The layer's, by name."""
        return str(self.options.get("dtype", "float64"))

    def weight(self, name: str, *shape: int) -> Array:
        """Return the weight that is given, or one of this shape that its name decides."""
        if name in self.weights:
            return self.weights[name]
        drawn = 0.4 * draw(sum(map(ord, name)), *shape)
        return drawn.astype(numpy_dtype(self.dtype))

    def upstream(self, output: tuple[int, ...], final: tuple[int, ...]) -> tuple[Array, Array]:
        """Return the gradients by output and final, of these shapes where none are given."""
        dtype = numpy_dtype(self.dtype)
        return (
            draw(1, *output).astype(dtype) if self.d_output is None else self.d_output,
            draw(2, *final).astype(dtype) if self.d_final is None else self.d_final,
        )


def by_scratch(call: Call) -> Found:
    """Return the outputs and gradients of scratch."""
    options = call.options | {"dtype": numpy_dtype(call.dtype)}
    rnn = RNN(*call.sizes, **options)
    rnn.weights = {name: call.weight(name, *own.shape) for name, own in rnn.weights.items()}
    if call.x is None:
        return {}
    output, final = rnn.forward(call.x, call.h_0, call.lengths)
    gradients = rnn.backward(*call.upstream(output.shape, final.shape))
    return {"output": output, "final": final} | gradients


THEIRS = {"layers": "num_layers", "activation": "nonlinearity"}


def by_torch(call: Call) -> Found:
    """Return those of PyTorch, by scratch's names; lengths are packed. Its second bias is zero."""
    options = {THEIRS.get(name, name): value for name, value in call.options.items()}
    options = {"batch_first": True} | options | {"dtype": getattr(torch, call.dtype)}
    twin = nn.RNN(*call.sizes, **options)
    if call.x is None:
        return {}
    named = dict(_named(twin))
    for name, parameter in named.items():
        parameter.data = _given(call.weight(name, *reversed(parameter.shape)).T)
    x, h_0 = _leaf(call.x), _leaf(call.h_0)
    output, final = _run(twin, x, h_0, call)
    upstream = call.upstream(tuple(output.shape), tuple(final.shape))
    torch.autograd.backward([output, final], list(map(_given, upstream)))
    found = {name: exact(parameter.grad).T for name, parameter in named.items()}
    found |= {"output": exact(output), "final": exact(final), "x": exact(x.grad)}
    return found if h_0 is None else found | {"h_0": exact(h_0.grad)}


def _named(twin: nn.RNN) -> Any:
    for name, parameter in twin.named_parameters():
        if name.startswith("bias_hh"):
            parameter.requires_grad_(False).zero_()
            continue
        own = name.replace("weight_ih", "W_x").replace("weight_hh", "W_h")
        yield own.replace("bias_ih", "b").replace("_l0", ""), parameter


def _run(twin: nn.RNN, x: Any, h_0: Any, call: Call) -> tuple[torch.Tensor, torch.Tensor]:
    if call.lengths is None:
        output, final = twin(x, h_0)
        return output, final
    first = twin.batch_first
    packed = pack_padded_sequence(x, call.lengths, first, enforce_sorted=call.enforce_sorted)
    ended, final = twin(packed, h_0)
    output, _ = pad_packed_sequence(ended, first, total_length=x.shape[first])
    return output, final


def _given(array: Array) -> torch.Tensor:
    kind = array.dtype.kind
    return torch.tensor(array) if kind in "iub" else tensor(array)


def _leaf(value: Any) -> Any:
    """Return an array as a tensor that gradients are asked for; anything else unchanged."""
    if not isinstance(value, np.ndarray):
        return value
    made = _given(value)
    return made.requires_grad_() if made.is_floating_point() else made


def outcome(run: Callable[[Call], Found], call: Call) -> tuple[str, Any]:
    """Return the error's name with its message, or the results after the warning's name."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = run(call)
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
            return type(error).__name__, str(error)
    return (told[0].category.__name__ if told else "accepted"), found


def assert_same(found: Found, expected: Found, dtype: str) -> None:
    """A sum of a few products, through five steps: within 8 units of each array's greatest."""
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        finite = np.abs(exact(value))[np.isfinite(exact(value))]
        assert_close(found[name], value, 8 * eps(dtype) * max(1, *finite, 0))
