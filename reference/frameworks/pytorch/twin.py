"""The PyTorch twin: nn.RNN, nn.Linear, cross-entropy and SGD, with weights copied from the case.

PyTorch keeps W_x and W_h transposed, and adds two biases. Here bias_ih is `b` and bias_hh is zero
and frozen: two trainable biases would both take the step, and their sum would move twice as far.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd  # what torch.optim.SGD.step calls; the class imports torch._dynamo

from parity.model.case import Array, Case
from parity.model.formats import dtype
from parity.model.names import ArrayName, gradient_name, step_name
from parity.reference.frameworks.pytorch.layers import Layers, Parameters

LAYOUTS = {"W_x": "weight_ih", "W_h": "weight_hh", "b": "bias_ih"}
"""PyTorch's names of a cell's parameters, before `_l0` and `_reverse`."""


@torch.enable_grad()
def run(case: Case) -> dict[str, Array]:
    """Return PyTorch's trace of `case`: forward, autograd's gradients, its SGD steps."""
    config = case.config
    with torch.random.fork_rng(devices=[]):  # the modules draw weights that are replaced at once
        network = Layers(config)
        head = nn.Linear(config.width, config.classes, dtype=getattr(torch, config.dtype))
    named = _copy_weights(case, network, head)
    inputs = {name: _tensor(array).requires_grad_() for name, array in _inputs(case).items()}

    trace, velocities = _values(case, network, head, named, inputs), dict[str, Tensor]()
    found = dict(trace)
    for update in range(1, config.updates + 1):
        if update > 1:
            for tensor in (*named.values(), *inputs.values()):
                tensor.grad = None
            trace = _values(case, network, head, named, inputs)
            found |= {step_name(update, n): trace[n] for n in ("hidden", "loss") if n in trace}
        _step(case, named, velocities)
        found |= {step_name(update, name): w.detach().clone() for name, w in named.items()}
    return {name: _canonical(name, tensor) for name, tensor in found.items()}


def _inputs(case: Case) -> dict[str, Array]:
    """Return x, and the initial states that the case gives."""
    if case.config.initial == "absent":
        return {"x": case.x}
    names = (cell.name("h_0") for cell in case.config.cells)
    return {"x": case.x, **{name: getattr(case, name) for name in names}}


def _values(
    case: Case,
    network: Layers,
    head: nn.Linear,
    named: Mapping[str, Tensor],
    inputs: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Return the states, the loss and every gradient."""
    config = case.config
    lengths = _tensor(case.more["lengths"]) if config.packed else None
    names = (name for name in case.more if ArrayName.parse(name).quantity == "mask")
    masks = [_tensor(case.more[name]) for name in names]
    initial = [inputs[name] for name in inputs if name != "x"]
    passed = network(inputs["x"], torch.stack(initial) if initial else None, lengths, masks)
    trace = {f"hidden_l{n}": states for n, states in enumerate(passed.inner)}
    trace["hidden"] = passed.output  # (batch, steps, width)
    if config.with_final:
        finals = zip(config.cells, passed.final, strict=True)
        trace |= {cell.name("final"): final for cell, final in finals}
    if config.kind == "classifier":
        logits = head(
            passed.output if config.every_step else _pooled(case, passed.output, passed.final)
        )
        loss = _loss(case, logits)
        trace |= {"logits": logits, "loss": loss}
        loss.backward()  # type: ignore[no-untyped-call]
    else:
        by_final = [getattr(case, cell.name("upstream_final")) for cell in config.cells]
        upstream = (_tensor(case.upstream), torch.stack([_tensor(array) for array in by_final]))
        torch.autograd.backward((passed.output, passed.final), upstream)
    trace |= {gradient_name(name): _gradient(parameter) for name, parameter in named.items()}
    return trace | {gradient_name(name): _gradient(tensor) for name, tensor in inputs.items()}


def _pooled(case: Case, output: Tensor, final: Tensor) -> Tensor:
    """Return the pooled states that the head reads: (batch, width).

    final: (cells, batch, hidden).
    """
    config = case.config
    if config.pool == "last":
        return final[0] if len(final) == 1 and not config.packed else output[:, -1]
    if config.pool == "own":
        return torch.cat(tuple(final[-config.directions :]), dim=1)
    if not config.packed:
        return output.mean(dim=1) if config.pool == "mean" else output.max(dim=1).values
    lengths = _tensor(case.more["lengths"])[:, None]
    own = (torch.arange(config.steps) < lengths)[:, :, None]
    if config.pool == "mean":
        return output.sum(dim=1) / lengths  # the padding is zero
    return output.masked_fill(~own, -torch.inf).max(dim=1).values


def _loss(case: Case, logits: Tensor) -> Tensor:
    """Return the loss of (batch, classes) or (batch, steps, classes)."""
    config = case.config
    labels = _tensor(case.step_labels if config.every_step else case.labels)
    if config.squared:
        onehot = nn.functional.one_hot(labels, config.classes)
        total = nn.functional.mse_loss(logits, onehot.to(logits), reduction="sum")
        return total / (2 * config.batch)
    if config.every_step:
        flat = logits.flatten(0, 1)
        total = nn.functional.cross_entropy(flat, labels.flatten(), reduction="sum")
        return total / config.batch
    weights = case.more.get("class_weights")
    return nn.functional.cross_entropy(
        logits,
        labels,
        weight=None if weights is None else _tensor(weights),
        ignore_index=config.ignore_index if config.ignored != "none" else -100,
        label_smoothing=config.smoothing,
        reduction=config.loss,
    )


def _copy_weights(case: Case, network: Layers, head: nn.Linear) -> Parameters:
    """Copy the case's weights into both modules; return the trainable parameters by their names.

    The names stand in the order in which a backward pass finishes them.
    """
    named: dict[str, Any] = {"W_out": head.weight, "b_out": head.bias}
    for layer in reversed(range(case.config.layers)):
        for cell in (cell for cell in case.config.cells if cell.layer == layer):
            named |= {cell.name(of): network.parameter(cell, its) for of, its in LAYOUTS.items()}
    named = {name: tensor for name, tensor in named.items() if tensor is not None}
    with torch.no_grad():
        for name, parameter in named.items():
            array = getattr(case, name)
            parameter.copy_(_tensor(array.T if _is_weight(name) else array))
        for cell in case.config.cells:
            if (second := network.parameter(cell, "bias_hh")) is not None:
                second.zero_().requires_grad_(False)
    parameters = case.parameters
    return {name: tensor for name, tensor in named.items() if name in parameters}


def _tensor(array: Array) -> Tensor:
    """Return a tensor with its own memory: the case stays as it is."""
    if array.dtype == dtype("bfloat16"):
        return torch.tensor(array.view("int16")).view(torch.bfloat16)
    return torch.tensor(array)


def _gradient(tensor: Tensor) -> Tensor:
    assert tensor.grad is not None  # backward() has been called, and all of them take part
    return tensor.grad.clone()


@torch.no_grad()
def _step(case: Case, named: Mapping[str, Tensor], velocities: dict[str, Tensor]) -> None:
    """Clip the gradients, and take one step of torch.optim.SGD; `velocities` are its state."""
    config = case.config
    parameters = list(named.values())
    if config.clip_value:
        nn.utils.clip_grad_value_(parameters, config.clip_value)
    if config.clip_norm:
        nn.utils.clip_grad_norm_(parameters, config.clip_norm)
    buffers: list[Any] = [velocities.get(name) for name in named]
    sgd(
        parameters,
        [parameter.grad for parameter in parameters],  # type: ignore[misc]
        buffers,
        weight_decay=config.weight_decay,
        momentum=config.momentum,
        lr=config.lr,
        dampening=config.dampening,
        nesterov=config.nesterov,
        maximize=config.maximize,
    )
    velocities.update({n: v for n, v in zip(named, buffers, strict=True) if v is not None})


def _canonical(name: str, tensor: Tensor) -> Array:
    """Return the array in the harness's layout: weights are transposed here and nowhere else."""
    tensor = tensor.detach()
    array: Array
    if tensor.dtype == torch.bfloat16:
        array = tensor.contiguous().view(torch.int16).numpy().view(dtype("bfloat16"))
    else:
        array = tensor.numpy()
    return array.T.copy() if _is_weight(name) else array


def _is_weight(name: str) -> bool:
    """Return whether a parameter, or its gradient, is a matrix: PyTorch has it transposed."""
    return ArrayName.parse(name).quantity.startswith("W_")
