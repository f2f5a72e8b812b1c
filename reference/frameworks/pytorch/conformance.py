"""Conformance: every option of PyTorch's RNN, loss and optimiser, and where it was compared.

`surface` asks the installed PyTorch which parameters exist. If `PYTORCH_OPTIONS` does not list one
of them, a test fails.
"""

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from parity.model.config import Config


@dataclass(frozen=True, kw_only=True)
class Option:
    """One parameter of PyTorch, or one way to call it: which cases show it, or why none does."""

    owner: str
    name: str
    shows: Callable[[Config], bool] | None = None
    why_not: str = ""


def _classifies(config: Config) -> bool:
    return config.kind == "classifier"


def _cross_entropy(config: Config) -> bool:
    return _classifies(config) and not config.squared


def _always(_: Config) -> bool:
    return True


DEPRECATED = "deprecated: reduction replaces it"
PATH = "another way to the same numbers"

_SHOWN: Mapping[str, Mapping[str, Callable[[Config], bool]]] = {
    "nn.RNN": {
        "input_size": _always,
        "hidden_size": _always,
        "num_layers": lambda c: c.layers > 1,
        "nonlinearity='relu'": lambda c: c.activation == "relu",
        "bias=False": lambda c: c.bias == "absent",
        "batch_first=True": lambda c: c.call == "batch-first",
        "batch_first=False": lambda c: c.call == "time-first",
        "dropout": lambda c: c.dropping,
        "dropout, in evaluation": lambda c: c.mode == "evaluation",
        "bidirectional": lambda c: c.bidirectional,
        "dtype=float64": lambda c: c.dtype == "float64",
        "dtype=float32": lambda c: c.dtype == "float32",
        "dtype=float16": lambda c: c.dtype == "float16",
        "dtype=bfloat16": lambda c: c.dtype == "bfloat16",
    },
    "nn.RNN call": {
        "input": _always,
        "input, unbatched": lambda c: c.call == "unbatched",
        "input, packed": lambda c: c.packed,
        "hx": lambda c: c.initial != "absent",
        "hx left out": lambda c: c.initial == "absent",
    },
    "pack_padded_sequence": {
        "input": lambda c: c.packed,
        "lengths": lambda c: c.packed,
        "batch_first": lambda c: c.packed and c.call == "batch-first",
        "enforce_sorted=True": lambda c: c.lengths == "sorted",
        "enforce_sorted=False": lambda c: c.packed and c.lengths != "sorted",
    },
    "nn.CrossEntropyLoss": {
        "weight": lambda c: c.class_weights == "drawn",
        "ignore_index": lambda c: c.ignored == "class",
        "ignore_index, the default": lambda c: c.ignored == "some",
        "reduction='mean'": lambda c: _cross_entropy(c) and c.loss == "mean",
        "reduction='sum'": lambda c: c.loss in ("sum", "steps"),
        "label_smoothing": lambda c: c.smoothing > 0,
    },
    "optim.SGD": {
        "params": _always,
        "lr": _always,
        "momentum": lambda c: c.momentum > 0,
        "dampening": lambda c: c.dampening > 0,
        "weight_decay": lambda c: c.weight_decay > 0,
        "nesterov": lambda c: c.nesterov,
        "maximize": lambda c: c.maximize,
        "several steps": lambda c: c.updates > 1,
    },
    "clip_grad_value_": {
        "parameters": lambda c: c.clip_value > 0,
        "clip_value": lambda c: c.clip_value > 0,
    },
    "clip_grad_norm_": {
        "parameters": lambda c: c.clip_norm > 0,
        "max_norm": lambda c: c.clip_norm > 0,
    },
}

_LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "nn.RNN": {"device": "everything is compared on the CPU", "proj_size": "of an LSTM only"},
    "nn.CrossEntropyLoss": {"size_average": DEPRECATED, "reduce": DEPRECATED}
    | {"reduction='none'": "not one number to go back from"},
    "optim.SGD": {"foreach": PATH, "fused": PATH, "differentiable": "for gradients of the step"},
    "clip_grad_value_": {"foreach": PATH},
    "clip_grad_norm_": {
        "norm_type": "the 2-norm only; scratch has the others, which have their own tests",
        "error_if_nonfinite": "raises an error, changes no number",
        "foreach": PATH,
    },
}

PYTORCH_OPTIONS: tuple[Option, ...] = tuple(
    Option(owner=owner, name=name, shows=shows)
    for owner, options in _SHOWN.items()
    for name, shows in options.items()
) + tuple(
    Option(owner=owner, name=name, why_not=why)
    for owner, options in _LEFT_OUT.items()
    for name, why in options.items()
)


def surface() -> Iterator[tuple[str, str]]:
    """Yield every parameter of the installed PyTorch, with its owner."""
    documented = typing.get_overloads(nn.RNN.__init__)[0]
    base = [name for name in _parameters(nn.RNNBase.__init__) if name != "mode"]
    yield from (("nn.RNN", name) for name in dict.fromkeys([*_parameters(documented), *base]))
    callables: dict[str, Callable[..., Any]] = {
        "nn.RNN call": nn.RNN.forward,
        "pack_padded_sequence": pack_padded_sequence,
        "nn.CrossEntropyLoss": nn.CrossEntropyLoss.__init__,
        "optim.SGD": torch.optim.SGD.__init__,
        "clip_grad_value_": nn.utils.clip_grad_value_,
        "clip_grad_norm_": nn.utils.clip_grad_norm_,
    }
    for owner, function in callables.items():
        yield from ((owner, name) for name in _parameters(function))


def unknown() -> list[str]:
    """Return the parameters of the installed PyTorch that the table lacks."""
    known = {(option.owner, _parameter(option)) for option in PYTORCH_OPTIONS}
    return [f"{name} of {owner}" for owner, name in surface() if (owner, name) not in known]


def stale() -> list[str]:
    """Return the table's lines on parameters that the installed PyTorch does not have."""
    there = set(surface())
    beside = {("optim.SGD", "several steps")}
    told = ((option.owner, _parameter(option)) for option in PYTORCH_OPTIONS)
    return [f"{name} of {owner}" for owner, name in told if (owner, name) not in there | beside]


def table(shares: Mapping[str, float]) -> Iterator[str]:
    """Yield the lines of a Markdown table from each configuration's largest share of its allowance.

    `shares`: by id, of the configurations that agreed.
    """
    yield "| PyTorch | option | configurations | largest share of the allowance |"
    yield "|---|---|---:|---:|"
    configs = {Config.parse(text): share for text, share in shares.items()}
    for owner in _SHOWN:
        for option in PYTORCH_OPTIONS:
            if option.owner != owner:
                continue
            if option.shows is None:
                yield f"| `{owner}` | `{option.name}` | | {option.why_not} |"
                continue
            own = [share for config, share in configs.items() if option.shows(config)]
            used = f"{max(own):.0%}" if own else ""
            yield f"| `{owner}` | `{option.name}` | {len(own):,} | {used} |"


def _parameters(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def _parameter(option: Option) -> str:
    """Return the parameter that an option is about: `bias` of `bias=False`."""
    return option.name.partition("=")[0].partition(",")[0].removesuffix(" left out")
