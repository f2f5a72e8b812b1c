"""All of nn.RNN: the twin asks PyTorch as a user would, and the textbook says the same."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from parity import Config, Subject, draw, judge
from parity.cases.pairwise import CLASSIFIER, LAYER, Axis, of_classifiers, of_layers
from parity.model.branches import Branches
from parity.model.case import Case
from parity.model.comparison import Status
from parity.model.errors import ConfigError
from parity.model.names import ArrayName
from parity.reference.equations.arithmetic import Plain, as_trace
from parity.reference.equations.textbook import Textbook
from parity.reference.exact.oracle import exact
from parity.reference.frameworks.pytorch import pytorch, twin

EVERY = {str(config): config for config in (*of_layers(), *of_classifiers())}
IN_DOUBLES = {name: config for name, config in EVERY.items() if config.dtype == "float64"}

HARMLESS = (Status.AGREES, Status.INCONCLUSIVE)


def textbook(case: Case) -> dict[str, Any]:
    return as_trace(Textbook(Plain()).run(case))


# -- combinations --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axes", "configs"),
    [(LAYER, of_layers()), (CLASSIFIER, of_classifiers())],
    ids=["layer", "classifier"],
)
def test_every_pair_of_choices_is_met(axes: dict[str, Axis], configs: tuple[Config, ...]) -> None:
    """Any two choices that a configuration can have both are in one of the grid's."""
    choices = [(name, choice) for name, axis in axes.items() for choice in axis]

    def meets(config: Config, name: str, choice: Any) -> bool:
        first = {option: value for axis in axes.values() for option, value in axis[0].items()}
        options = {o for one in axes[name] for o in one}
        wanted = {o: choice.get(o, first.get(o, getattr(Config(), o))) for o in options}
        return all(getattr(config, o) == value for o, value in wanted.items())

    for i, (name, choice) in enumerate(choices):
        for other, its in choices[i + 1 :]:
            try:
                Config(**{"kind": configs[0].kind, **choice, **its})
            except ConfigError:
                continue
            if name != other:
                both = [c for c in configs if meets(c, name, choice) and meets(c, other, its)]
                assert both, (choice, its)


# -- the textbook against PyTorch ----------------------------------------------------------------


@pytest.mark.parametrize("config", IN_DOUBLES.values(), ids=IN_DOUBLES.keys())
def test_textbook_says_what_pytorch_says(config: Config) -> None:
    """Two writings of the same equations, by different hands, agree in every array."""
    verdict = judge(Subject(name="textbook", run=textbook), draw(config), pytorch)
    assert [c.name for c in verdict.comparisons if c.status not in HARMLESS] == []
    assert not verdict.left_out


OPTIONS = {
    "two layers, both directions": {"layers": 2, "bidirectional": True},
    "packed, both directions": {"lengths": "unsorted", "bidirectional": True},
    "dropout": {"layers": 2, "dropout": 0.5},
    "mean of own steps": {"lengths": "unsorted", "pool": "mean"},
    "maximum of own steps": {"lengths": "unsorted", "pool": "max", "activation": "relu"},
    "weighted, smoothed, some ignored": {
        "class_weights": "drawn",
        "smoothing": 0.1,
        "ignored": "some",
    },
    "sum": {"loss": "sum", "class_weights": "drawn"},
    "layers of relu": {"layers": 2, "kind": "layer", "activation": "relu", "lengths": "sorted"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_exact_values_enclose_every_option(options: dict[str, Any]) -> None:
    """The oracle knows each option, and PyTorch is within a few ulp of what it encloses."""
    case = draw(Config(batch=3, steps=4, hidden=3, **options))
    known, trace = exact(case, Branches.of(case, twin.run(case))), twin.run(case)
    assert all(known.enclosed.values())
    names = [name for name in trace if not ArrayName.parse(name).is_step]
    assert set(names) == set(known.high)
    assert max(float(known.ulps(trace[name], name).max()) for name in names) < 8


# -- the twin against what a user would write ----------------------------------------------------


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
    """Three steps of torch.optim.SGD, gradients clipped as one clips them, have the same bits."""
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


# -- branches ------------------------------------------------------------------------------------


def test_maximum_from_another_step_is_judged_by_its_own() -> None:
    """Where two steps are equal but for rounding, whichever is taken, its gradients are right."""
    case = draw(Config(pool="max", steps=2, batch=1, hidden=1, initial="zero", lr=0.5))
    x = np.repeat(case.x[:, :1], 2, axis=1)
    near = case.replace(x=x, W_h=np.full((1, 1), 2.0**-54))  # nearly one state at both steps

    def other(case: Case) -> dict[str, Any]:
        found = twin.run(case)
        states = found["hidden"].copy()
        later = int(states[0, :, 0].argmax() == 0)
        states[0, later] = np.nextafter(states[0, 1 - later], np.inf)
        mine = Branches(gates={}, winners=np.full((1, 1), later))
        own = as_trace(Textbook(Plain()).run(case, mine))
        return own | {"hidden": states}

    verdict = judge(Subject(name="other", run=other), near, pytorch)
    assert verdict.passed, verdict.failures


def test_branches_of_a_network_without_any() -> None:
    """tanh that reads the last step chooses nothing."""
    case = draw(Config())
    assert Branches.of(case, twin.run(case)) is None


def test_what_should_be_zero_and_is_not_differs() -> None:
    """No sequence has a last step to be read, so no gradient comes back: zeros are no chaos."""
    case = draw(Config(lengths="ones"))

    def wrong(case: Case) -> dict[str, Any]:
        found = twin.run(case)
        return found | {"grad/W_h": found["grad/W_h"] + 1e-3}

    assert not twin.run(case)["grad/W_h"].any()
    assert judge(Subject(name="twin", run=twin.run), case, pytorch).passed
    verdict = judge(Subject(name="wrong", run=wrong), case, pytorch)
    assert [c.name for c in verdict.failures] == ["grad/W_h", "step/W_h"]
