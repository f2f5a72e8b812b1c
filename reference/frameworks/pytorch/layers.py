"""nn.RNN as a case needs it: the way of calling it, packed sequences, and drawn masks.

PyTorch draws the masks of dropout inside nn.RNN. To use the case's masks, each layer is a separate
nn.RNN, with a mask between two of them. A test compares this with nn.RNN's own dropout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from parity.model.cell import Cell
from parity.model.config import Config

Parameters = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Passed:
    """The layers' answers."""

    output: Tensor  # (batch, steps, width)
    final: Tensor  # (cells, batch, hidden)
    inner: Sequence[Tensor] = ()  # of every layer but the last, before dropout


class Layers:
    """One nn.RNN for all layers, or one for each where masks go between them."""

    def __init__(self, config: Config) -> None:
        self.config = config
        own = {
            "nonlinearity": config.activation,
            "bias": config.bias != "absent",
            "batch_first": config.call == "batch-first",
            "bidirectional": config.bidirectional,
            "dtype": getattr(torch, config.dtype),
        }
        if config.dropping:
            inputs = (config.features, *[config.width] * (config.layers - 1))
            self.modules = [nn.RNN(size, config.hidden, **own) for size in inputs]
        else:
            own |= {"num_layers": config.layers, "dropout": config.dropout}
            self.modules = [nn.RNN(config.features, config.hidden, **own)]
        for module in self.modules:
            module.train(config.mode == "training")

    def parameter(self, cell: Cell, name: str) -> Tensor | None:
        """Return a cell's weight_ih, weight_hh, bias_ih or bias_hh; None where there is none."""
        module, layer = self.modules[0], cell.layer
        if len(self.modules) > 1:
            module, layer = self.modules[layer], 0
        found: Tensor | None = getattr(module, f"{name}_l{layer}" + "_reverse" * cell.reverse, None)
        return found

    def __call__(
        self,
        x: Tensor,
        h_0: Tensor | None,
        lengths: Tensor | None,
        masks: Sequence[Tensor],
    ) -> Passed:
        """x: (batch, steps, features), h_0: (cells, batch, hidden); other layouts are made here."""
        if len(self.modules) == 1:
            output, final = self._called(self.modules[0], x, h_0, lengths)
            return Passed(output=output, final=final, inner=self._inner(x, h_0, lengths))
        inputs, finals, outputs = x, [], []
        for number, module in enumerate(self.modules):
            cells = slice(number * self.config.directions, (number + 1) * self.config.directions)
            own = None if h_0 is None else h_0[cells]
            output, final = self._called(module, inputs, own, lengths)
            outputs.append(output)
            finals.append(final)
            inputs = output * masks[number] if number < len(masks) else output
        return Passed(output=outputs[-1], final=torch.cat(finals), inner=outputs[:-1])

    @torch.no_grad()
    def _inner(self, x: Tensor, h_0: Tensor | None, lengths: Tensor | None) -> Sequence[Tensor]:
        """Return the states below the last layer, which nn.RNN keeps for itself.

        An nn.RNN of the layers up to there, with the same weights, gives the same states.
        """
        config, found = self.config, []
        for layers in range(1, config.layers):
            with torch.random.fork_rng(devices=[]):
                below = Layers(config.replace(layers=layers))
            for cell in below.config.cells:
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    if (own := below.parameter(cell, name)) is not None:
                        own.copy_(self.parameter(cell, name))  # type: ignore[arg-type]
            own_h_0 = None if h_0 is None else h_0[: len(below.config.cells)]
            found.append(below._called(below.modules[0], x, own_h_0, lengths)[0])
        return found

    def _called(
        self, module: nn.RNN, x: Tensor, h_0: Tensor | None, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Call one nn.RNN as the case asks; return its output batch first, and its final states."""
        if self.config.call == "unbatched":
            output, final = module(x[0], None if h_0 is None else h_0[:, 0])
            return output[None], final[:, None]
        time_first = self.config.call == "time-first"
        given = x.transpose(0, 1) if time_first else x
        if lengths is None:
            output, final = module(given, h_0)
            return output.transpose(0, 1) if time_first else output, final
        packed = pack_padded_sequence(
            given,
            lengths,
            batch_first=not time_first,
            enforce_sorted=self.config.lengths == "sorted",
        )
        output, final = module(packed, h_0)
        padded, _ = pad_packed_sequence(
            output, batch_first=not time_first, total_length=self.config.steps
        )
        return padded.transpose(0, 1) if time_first else padded, final
