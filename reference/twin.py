"""The PyTorch twin: nn.RNN, nn.Linear, cross-entropy and SGD, with weights copied from the case.

PyTorch keeps W_x and W_h transposed, and adds two biases. Here bias_ih is `b` and bias_hh is zero
and frozen: two trainable biases would each take the step, and their sum move twice as far.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd  # what torch.optim.SGD.step calls; the class imports torch._dynamo

from parity.case import Array, Case


@torch.enable_grad()
def run(case: Case) -> dict[str, Array]:
    """Return PyTorch's trace of `case`: forward, autograd's gradients, one SGD step."""
    config = case.config
    dtype: torch.dtype = getattr(torch, config.dtype)
    x, h_0 = (_tensor(array).requires_grad_() for array in (case.x, case.h_0))
    with torch.random.fork_rng(devices=[]):  # the modules draw weights that are replaced at once
        rnn = nn.RNN(
            config.features,
            config.hidden,
            nonlinearity=config.activation,
            batch_first=True,
            dtype=dtype,
        )
        head = nn.Linear(config.hidden, config.classes, dtype=dtype)
    named = _copy_weights(case, rnn, head)

    output, final = rnn(x, h_0[None])  # (batch, steps, hidden), (1, batch, hidden)
    trace = {"hidden": output}
    if config.kind == "classifier":
        logits = head(output if config.every_step else final[0])
        loss = _loss(case, logits)
        trace |= {"logits": logits, "loss": loss}
        loss.backward()  # type: ignore[no-untyped-call]
    else:
        upstream = (_tensor(case.upstream), _tensor(case.upstream_final)[None])
        torch.autograd.backward((output, final), upstream)
    trace |= {f"grad/{name}": _gradient(parameter) for name, parameter in named.items()}
    trace |= {"grad/x": _gradient(x), "grad/h_0": _gradient(h_0)}
    trace |= {f"step/{name}": after for name, after in _stepped(named, case.lr).items()}
    return {name: _canonical(name, tensor) for name, tensor in trace.items()}


def _loss(case: Case, logits: Tensor) -> Tensor:
    """Return the loss, a mean over the batch, of (batch, classes) or (batch, steps, classes)."""
    labels = _tensor(case.step_labels if case.config.every_step else case.labels)
    if case.config.squared:
        onehot = nn.functional.one_hot(labels, case.config.classes)
        return nn.functional.mse_loss(logits, onehot.to(logits), reduction="sum") / (
            2 * case.config.batch
        )
    if case.config.every_step:
        flat = logits.flatten(0, 1)
        total = nn.functional.cross_entropy(flat, labels.flatten(), reduction="sum")
        return total / case.config.batch
    return nn.functional.cross_entropy(logits, labels)


def _tensor(array: Array) -> Tensor:
    return torch.tensor(array)  # a copy: the case stays as it is


def _copy_weights(case: Case, rnn: nn.RNN, head: nn.Linear) -> dict[str, Tensor]:
    """Copy the case's weights into both modules; return the trainable parameters by their names.

    The names stand in the order in which a backward pass finishes them.
    """
    pairs: dict[str, tuple[Any, Array]] = {
        "W_out": (head.weight, case.W_out.T),
        "b_out": (head.bias, case.b_out),
        "W_x": (rnn.weight_ih_l0, case.W_x.T),
        "W_h": (rnn.weight_hh_l0, case.W_h.T),
        "b": (rnn.bias_ih_l0, case.b),
    }
    with torch.no_grad():
        for parameter, array in pairs.values():
            parameter.copy_(_tensor(array))
        rnn.bias_hh_l0.zero_().requires_grad_(False)  # type: ignore[operator]
    return {name: pairs[name][0] for name in pairs if name in case.parameters}


def _gradient(tensor: Tensor) -> Tensor:
    assert tensor.grad is not None  # backward() has been called, and all of them take part
    return tensor.grad


@torch.no_grad()
def _stepped(named: dict[str, Tensor], lr: float) -> dict[str, Tensor]:
    """Return the parameters after one step of torch.optim.SGD with this learning rate."""
    sgd(
        list(named.values()),
        [_gradient(parameter) for parameter in named.values()],
        [None] * len(named),
        weight_decay=0.0,
        momentum=0.0,
        lr=lr,
        dampening=0.0,
        nesterov=False,
        maximize=False,
    )
    return named


def _canonical(name: str, tensor: Tensor) -> Array:
    """Return the array in the harness's layout: weights are transposed here and nowhere else."""
    array = tensor.detach().numpy()
    return array.T.copy() if name.partition("/")[2].startswith("W_") else array
