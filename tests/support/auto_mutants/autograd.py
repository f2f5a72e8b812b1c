"""Autograd: the right arrays of a case, by nn.RNN and PyTorch's autograd in float64.

It is independent of the harness's own twin, so that a mistake in one is not in the other. Each
layer is a separate nn.RNN with the case's weights, and its second bias is zero.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from parity.model.case import Case
from tests.support.plain.base import Array

TRANSPOSED = ("W_x", "W_h")
"""The weights that nn.RNN has transposed."""


class _Passed(NamedTuple):
    """The answers of the layers."""

    outputs: list[Tensor]  # of each layer: (batch, steps, width)
    finals: list[Tensor]  # of each layer: (directions, batch, hidden)


class Autograd:
    """The network of one case, from PyTorch's own parts."""

    def __init__(self, case: Case) -> None:
        self.case, self.config = case, case.config
        self.rnns = [self._rnn(layer) for layer in range(case.config.layers)]
        self.x = self._leaf("x")
        self.initial = {
            "h_0" + suffix: self._leaf("h_0" + suffix)
            for layer in range(case.config.layers)
            for suffix, _ in self._directions(layer)
        }
        self.parameters = dict(self._of_layers())
        if case.config.kind == "classifier":
            self.parameters |= {name: self._leaf(name) for name in ("W_out", "b_out")}

    def run(self) -> dict[str, Array]:
        """Return all arrays of the case by the names that a subject gives them."""
        config, found = self.config, dict[str, Tensor]()
        optimiser = torch.optim.SGD(
            self.parameters.values(),
            lr=config.lr,
            momentum=config.momentum,
            dampening=config.dampening,
            weight_decay=config.weight_decay,
            nesterov=config.nesterov,
            maximize=config.maximize,
        )
        for update in range(1, config.updates + 1):
            optimiser.zero_grad()
            passed = self._forward()
            said = self._backward(passed)
            if update == 1:
                found |= self._states(passed) | said | self._gradients()
            else:
                said["hidden"] = passed.outputs[-1]
                told = (name for name in ("hidden", "loss") if name in said)
                found |= {f"step{update}/{name}": said[name] for name in told}
            self._clip()
            optimiser.step()
            step = "step" if update == 1 else f"step{update}"
            found |= {f"{step}/{n}": w.clone() for n, w in self._by_name(self.parameters).items()}
        return {name: tensor.detach().numpy().copy() for name, tensor in found.items()}

    # -- making ----------------------------------------------------------------------------------

    def _tensor(self, name: str) -> Tensor:
        return torch.tensor(np.array(getattr(self.case, name)))

    def _leaf(self, name: str) -> Tensor:
        return self._tensor(name).requires_grad_()

    def _directions(self, layer: int) -> Iterator[tuple[str, str]]:
        """Yield the ends of the names of a layer's directions: ours, and nn.RNN's."""
        base = f"_l{layer}" if layer else ""
        yield base, "_l0"
        if self.config.bidirectional:
            yield f"{base}_reverse", "_l0_reverse"

    def _rnn(self, layer: int) -> nn.RNN:
        config = self.config
        rnn = nn.RNN(
            config.features if layer == 0 else config.hidden * (1 + config.bidirectional),
            config.hidden,
            nonlinearity=config.activation,
            bias=config.bias != "absent",
            batch_first=True,
            bidirectional=config.bidirectional,
            dtype=torch.float64,
        )
        for suffix, theirs in self._directions(layer):
            values = {"weight_ih": self._tensor("W_x" + suffix).T}
            values["weight_hh"] = self._tensor("W_h" + suffix).T
            if rnn.bias:
                values["bias_ih"] = self._tensor("b" + suffix)
                values["bias_hh"] = torch.zeros_like(values["bias_ih"])
            for name, value in values.items():
                getattr(rnn, name + theirs).data.copy_(value)
        return rnn

    def _of_layers(self) -> Iterator[tuple[str, Tensor]]:
        for layer, rnn in enumerate(self.rnns):
            for suffix, theirs in self._directions(layer):
                yield f"W_x{suffix}", getattr(rnn, f"weight_ih{theirs}")
                yield f"W_h{suffix}", getattr(rnn, f"weight_hh{theirs}")
                if rnn.bias:
                    yield f"b{suffix}", getattr(rnn, f"bias_ih{theirs}")

    # -- forward and backward --------------------------------------------------------------------

    def _forward(self) -> _Passed:
        passed, x = _Passed([], []), self.x
        for layer, rnn in enumerate(self.rnns):
            directions = [self.initial["h_0" + suffix] for suffix, _ in self._directions(layer)]
            h_0 = None if self.config.initial == "absent" else torch.stack(directions)
            if self.config.lengths == "full":
                output, final = rnn(x, h_0)
            else:
                packed = pack_padded_sequence(
                    x, self._tensor("lengths"), batch_first=True, enforce_sorted=False
                )
                output, final = rnn(packed, h_0)
                output, _ = pad_packed_sequence(
                    output, batch_first=True, total_length=self.config.steps
                )
            passed.outputs.append(output)
            passed.finals.append(final)
            inner = layer < self.config.layers - 1
            drops = inner and self.config.dropout > 0 and self.config.mode == "training"
            x = output * self._tensor(f"mask_l{layer}") if drops else output
        return passed

    def _backward(self, passed: _Passed) -> dict[str, Tensor]:
        """Go back, and return logits and loss if there are any."""
        if self.config.kind == "layer":
            given = (passed.outputs[-1] * self._tensor("upstream")).sum()
            for layer, final in enumerate(passed.finals):
                for direction, (suffix, _) in enumerate(self._directions(layer)):
                    given = (
                        given + (final[direction] * self._tensor("upstream_final" + suffix)).sum()
                    )
            _go_back(given)
            return {}
        W_out, b_out = self.parameters["W_out"], self.parameters["b_out"]
        if self.config.loss.endswith("steps"):
            logits = passed.outputs[-1] @ W_out + b_out
            labels = self._tensor("step_labels")
            losses = [self._loss(logits[:, t], labels[:, t]) for t in range(self.config.steps)]
            loss = torch.stack(losses).sum()
        else:
            logits = self._read(passed) @ W_out + b_out
            loss = self._loss(logits, self._tensor("labels"))
        _go_back(loss)
        return {"logits": logits, "loss": loss}

    def _read(self, passed: _Passed) -> Tensor:
        """The state that the classifier reads: (batch, width)"""
        output, pool = passed.outputs[-1], self.config.pool
        if pool == "last":
            return output[:, -1]
        if pool == "own":
            return torch.cat(list(passed.finals[-1]), dim=-1)
        batch, steps = self.config.batch, self.config.steps
        full = self.config.lengths == "full"
        lengths = torch.full((batch,), steps) if full else self._tensor("lengths")
        if pool == "mean":
            return output.sum(1) / lengths[:, None]
        padding = (torch.arange(steps) >= lengths[:, None])[..., None]
        return output.masked_fill(padding, -torch.inf).max(1).values

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        if self.config.loss.startswith("squared"):
            onehot = functional.one_hot(labels, self.config.classes)
            return ((logits - onehot) ** 2).sum(1).mean() / 2
        weighted = self.config.class_weights == "drawn"
        return functional.cross_entropy(
            logits,
            labels,
            weight=self._tensor("class_weights") if weighted else None,
            ignore_index=0 if self.config.ignored == "class" else -100,
            reduction="sum" if self.config.loss == "sum" else "mean",
            label_smoothing=self.config.smoothing,
        )

    def _clip(self) -> None:
        parameters = list(self.parameters.values())
        if self.config.clip_value:
            clip_grad_value_(parameters, self.config.clip_value)
        if self.config.clip_norm:
            clip_grad_norm_(parameters, self.config.clip_norm)

    # -- by name ---------------------------------------------------------------------------------

    def _states(self, passed: _Passed) -> dict[str, Tensor]:
        found = {f"hidden_l{layer}": output for layer, output in enumerate(passed.outputs[:-1])}
        found["hidden"] = passed.outputs[-1]
        for layer, final in enumerate(passed.finals):
            for direction, (suffix, _) in enumerate(self._directions(layer)):
                found["final" + suffix] = final[direction]
        several = self.config.layers > 1 or self.config.bidirectional
        asked = several or self.config.lengths != "full"
        return {name: array for name, array in found.items() if asked or name != "final"}

    def _gradients(self) -> dict[str, Tensor]:
        initial = {} if self.config.initial == "absent" else self.initial
        leaves = {**self.parameters, "x": self.x, **initial}
        found = {n: torch.zeros_like(v) if v.grad is None else v.grad for n, v in leaves.items()}
        return {f"grad/{n}": gradient.clone() for n, gradient in self._by_name(found).items()}

    def _by_name(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors in our layout"""
        return {
            n: tensor.T if n.startswith(TRANSPOSED) else tensor for n, tensor in tensors.items()
        }


def _go_back(loss: Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]
