"""PyTorch as its users write it: nn.RNN, nn.Linear, cross-entropy, SGD; modules are kept.

The inputs are tensors already. They require gradients, since scratch computes those of x and h_0.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from parity.model.case import Array, Case


def forward(case: Case) -> Callable[[], Tensor]:
    """Return the logits, without a record for autograd."""
    rnn, head = _modules(case)
    x, h_0 = torch.tensor(case.x), torch.tensor(case.h_0[None])

    @torch.no_grad()
    def logits() -> Tensor:
        _, final = rnn(x, h_0)
        found: Tensor = head(final[0])
        return found

    return logits


def training_step(case: Case) -> Callable[[], Tensor]:
    """Return one training step."""
    rnn, head = _modules(case)
    optimiser = torch.optim.SGD([*rnn.parameters(), *head.parameters()], lr=case.lr)
    x = torch.tensor(case.x).requires_grad_()
    h_0 = torch.tensor(case.h_0[None]).requires_grad_()
    labels = torch.tensor(case.labels)
    criterion = nn.CrossEntropyLoss()

    def step() -> Tensor:
        optimiser.zero_grad()
        x.grad = h_0.grad = None
        _, final = rnn(x, h_0)
        loss: Tensor = criterion(head(final[0]), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return loss.detach()

    return step


def _modules(case: Case) -> tuple[nn.RNN, nn.Linear]:
    """Return the layer and its head with the case's weights, and no second bias."""
    config = case.config
    dtype = getattr(torch, config.dtype)
    rnn = nn.RNN(config.features, config.hidden, batch_first=True, dtype=dtype)
    head = nn.Linear(config.hidden, config.classes, dtype=dtype)
    weights = (*rnn.parameters(), *head.parameters())  # the fourth one is the layer's second bias
    arrays: tuple[Array, ...] = (case.W_x.T, case.W_h.T, case.b, 0 * case.b)
    arrays += (case.W_out.T, case.b_out)
    with torch.no_grad():
        for weight, array in zip(weights, arrays, strict=True):
            weight.copy_(torch.tensor(array))
    weights[3].requires_grad_(False)
    return rnn, head
