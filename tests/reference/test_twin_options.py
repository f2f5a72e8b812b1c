"""The PyTorch twin asks PyTorch as a user would: dropout, optimiser, packed sequences."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from parity import Config, draw
from parity.reference.frameworks.pytorch import twin


def test_masks_are_those_of_pytorch_own_dropout() -> None:
    """With the masks that nn.RNN itself has drawn, layer by layer gives its bits."""
    config = Config(kind="layer", layers=3, bidirectional=True, dropout=0.4, dtype="float32")
    case = draw(config)
    rnn = nn.RNN(config.features, config.hidden, 3, dropout=0.4, bidirectional=True)
    names = {"W_x": "weight_ih", "W_h": "weight_hh", "b": "bias_ih"}
    with torch.no_grad():
        for cell in config.cells:
            for ours, theirs in names.items():
                weight = getattr(rnn, f"{theirs}_l{cell.layer}{'_reverse' * cell.reverse}")
                weight.copy_(torch.tensor(getattr(case, cell.name(ours)).T))
            getattr(rnn, f"bias_hh_l{cell.layer}{'_reverse' * cell.reverse}").zero_()
    h_0 = torch.stack([torch.tensor(getattr(case, cell.name("h_0"))) for cell in config.cells])
    ones = torch.ones(config.steps, config.batch, config.width)
    torch.manual_seed(7)
    output, final = rnn(torch.tensor(case.x).transpose(0, 1), h_0)
    torch.manual_seed(7)
    masks = [nn.functional.dropout(ones, 0.4).transpose(0, 1).numpy() for _ in range(2)]
    assert 0 < (masks[0] == 0).mean() < 1
    trace = twin.run(case.replace(mask_l0=masks[0], mask_l1=masks[1]))
    assert np.array_equal(trace["hidden"], output.detach().transpose(0, 1).numpy())
    assert np.array_equal(trace["final_l2"], final[-2].detach().numpy())


STEPPED = {
    "momentum": {"momentum": 0.9},
    "dampened": {"momentum": 0.9, "dampening": 0.3},
    "Nesterov": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    "uphill": {"maximize": True, "momentum": 0.5, "weight_decay": 0.1},
    "clipped by value": {"clip_value": 0.02},
    "clipped by norm": {"clip_norm": 0.1, "momentum": 0.9},
}


@pytest.mark.parametrize("options", STEPPED.values(), ids=STEPPED.keys())
def test_trajectory_is_that_of_torch_optim_sgd(options: dict[str, Any]) -> None:
    """Three steps of torch.optim.SGD, with PyTorch's own clipping, have the same bits."""
    config = Config(updates=3, **options)
    case, trace = draw(config), twin.run(draw(config))
    rnn = nn.RNN(config.features, config.hidden, batch_first=True, dtype=torch.float64)
    head = nn.Linear(config.hidden, config.classes, dtype=torch.float64)
    pairs = [(rnn.weight_ih_l0, case.W_x.T), (rnn.weight_hh_l0, case.W_h.T)]
    pairs += [(rnn.bias_ih_l0, case.b), (head.weight, case.W_out.T), (head.bias, case.b_out)]
    with torch.no_grad():
        for parameter, array in pairs:
            parameter.copy_(torch.tensor(array))
        rnn.bias_hh_l0.zero_().requires_grad_(False)
    trained = [parameter for parameter, _ in pairs]
    sgd = {n: v for n, v in options.items() if not n.startswith("clip")}
    optimiser = torch.optim.SGD(trained, lr=config.lr, **sgd)
    for step in ("step", "step2", "step3"):
        optimiser.zero_grad()
        _, final = rnn(torch.tensor(case.x), torch.tensor(case.h_0)[None])
        nn.functional.cross_entropy(head(final[0]), torch.tensor(case.labels)).backward()
        if config.clip_value:
            nn.utils.clip_grad_value_(trained, config.clip_value)
        if config.clip_norm:
            nn.utils.clip_grad_norm_(trained, config.clip_norm)
        optimiser.step()
        assert np.array_equal(trace[f"{step}/W_h"], rnn.weight_hh_l0.detach().numpy().T)
        assert np.array_equal(trace[f"{step}/b_out"], head.bias.detach().numpy())


def test_packed_sequences_are_pytorch_own() -> None:
    """Hidden states, final states and gradients of lengths are those of a packed sequence."""
    config = Config(kind="layer", lengths="unsorted", bidirectional=True)
    case, trace = draw(config), twin.run(draw(config))
    x = torch.tensor(case.x, requires_grad=True)
    rnn = nn.RNN(3, 6, batch_first=True, bidirectional=True, dtype=torch.float64)
    with torch.no_grad():
        for suffix in ("", "_reverse"):
            for ours, theirs in {"W_x": "weight_ih", "W_h": "weight_hh", "b": "bias_ih"}.items():
                array = torch.tensor(getattr(case, ours + suffix).T)
                getattr(rnn, f"{theirs}_l0{suffix}").copy_(array)
            getattr(rnn, f"bias_hh_l0{suffix}").zero_()
    packed = pack_padded_sequence(
        x, torch.tensor(case.lengths), batch_first=True, enforce_sorted=False
    )
    h_0 = torch.tensor(np.stack([case.h_0, case.h_0_reverse]))
    output, final = rnn(packed, h_0)
    padded, _ = pad_packed_sequence(output, batch_first=True, total_length=config.steps)
    upstream = torch.tensor(np.stack([case.upstream_final, case.upstream_final_reverse]))
    torch.autograd.backward((padded, final), (torch.tensor(case.upstream), upstream))
    assert np.array_equal(trace["hidden"], padded.detach().numpy())
    assert np.array_equal(trace["final_reverse"], final[1].detach().numpy())
    assert x.grad is not None
    assert np.array_equal(trace["grad/x"], x.grad.numpy())
    padding = np.arange(config.steps) >= case.lengths[:, None]
    assert padding.any()
    assert not trace["grad/x"][padding].any()
