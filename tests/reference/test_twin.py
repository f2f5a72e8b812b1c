"""The PyTorch twin: PyTorch users would write the same code, with the case's weights."""

import numpy as np
import pytest
import torch
from torch import nn

from parity.cases.draw import draw
from parity.model.case import Case
from parity.model.config import Config
from parity.reference.frameworks.pytorch import twin

CONFIGS = {
    "tanh, float64": Config(),
    "relu, float32": Config(activation="relu", dtype="float32"),
    "one of everything": Config(batch=1, steps=1, features=1, hidden=1, classes=1),
    "long, wide": Config(batch=2, steps=28, hidden=64, lr=0.3),
}


def modules(case: Case) -> tuple[nn.RNN, nn.Linear]:
    config, dtype = case.config, getattr(torch, case.config.dtype)
    rnn = nn.RNN(
        config.features,
        config.hidden,
        nonlinearity=config.activation,
        batch_first=True,
        dtype=dtype,
    )
    head = nn.Linear(config.hidden, config.classes, dtype=dtype)
    rnn.load_state_dict(
        {
            "weight_ih_l0": torch.tensor(case.W_x.T),
            "weight_hh_l0": torch.tensor(case.W_h.T),
            "bias_ih_l0": torch.tensor(case.b),
            "bias_hh_l0": torch.zeros(config.hidden, dtype=dtype),
        }
    )
    head.load_state_dict({"weight": torch.tensor(case.W_out.T), "bias": torch.tensor(case.b_out)})
    return rnn, head


def train_once(case: Case, rnn: nn.RNN, head: nn.Linear) -> None:
    trainable = [p for p in (*rnn.parameters(), *head.parameters()) if p.requires_grad]
    optimiser = torch.optim.SGD(trainable, lr=case.lr)
    _, final = rnn(torch.tensor(case.x), torch.tensor(case.h_0[None]))
    nn.CrossEntropyLoss()(head(final[0]), torch.tensor(case.labels)).backward()
    optimiser.step()


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_step_is_what_torch_optim_sgd_does(config: Config) -> None:
    """Modules loaded by state_dict and stepped by torch.optim.SGD have the same bits."""
    case = draw(config)
    rnn, head = modules(case)
    rnn.bias_hh_l0.requires_grad_(False)
    train_once(case, rnn, head)
    stepped = {
        "step/W_x": rnn.weight_ih_l0.T,
        "step/W_h": rnn.weight_hh_l0.T,
        "step/b": rnn.bias_ih_l0,
        "step/W_out": head.weight.T,
        "step/b_out": head.bias,
    }
    trace = twin.run(case)
    for name, parameter in stepped.items():
        np.testing.assert_array_equal(trace[name], parameter.detach().numpy(), err_msg=name)


def test_two_trainable_biases_move_twice_as_far() -> None:
    """If bias_hh were not frozen, the effective bias would take the step twice."""
    case = draw(Config())
    rnn, head = modules(case)
    train_once(case, rnn, head)
    moved = (rnn.bias_ih_l0 + rnn.bias_hh_l0).detach().numpy() - case.b
    once = twin.run(case)["step/b"] - case.b
    np.testing.assert_allclose(moved, 2 * once, rtol=1e-12)


def test_upstream_gradients_enter_everywhere() -> None:
    """A layer's gradients are those of sum(upstream * hidden) + sum(upstream_final * last)."""
    case = draw(Config(kind="layer"))
    rnn, _ = modules(case)
    output, final = rnn(torch.tensor(case.x), torch.tensor(case.h_0[None]))
    loss = (output * torch.tensor(case.upstream)).sum()
    (loss + (final[0] * torch.tensor(case.upstream_final)).sum()).backward()
    gradient = rnn.weight_hh_l0.grad
    assert gradient is not None
    np.testing.assert_allclose(twin.run(case)["grad/W_h"], gradient.numpy().T, rtol=1e-12)


def test_names_and_shapes_are_canonical() -> None:
    """The trace has the harness's names, in computation order, in the harness's layout."""
    shapes = {name: array.shape for name, array in twin.run(draw(Config())).items()}
    assert list(shapes.items()) == [
        ("hidden", (7, 5, 6)),
        ("logits", (7, 4)),
        ("loss", ()),
        ("grad/W_out", (6, 4)),
        ("grad/b_out", (4,)),
        ("grad/W_x", (3, 6)),
        ("grad/W_h", (6, 6)),
        ("grad/b", (6,)),
        ("grad/x", (7, 5, 3)),
        ("grad/h_0", (7, 6)),
        ("step/W_out", (6, 4)),
        ("step/b_out", (4,)),
        ("step/W_x", (3, 6)),
        ("step/W_h", (6, 6)),
        ("step/b", (6,)),
    ]


def test_global_random_state_is_left_alone() -> None:
    """Building the modules does not move torch's generator."""
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    twin.run(draw(Config()))
    assert torch.rand(1) == expected
