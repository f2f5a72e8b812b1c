"""The exact oracle: it encloses its answers, or says that it cannot."""

import numpy as np
import pytest
from flint import arb, arb_mat, ctx

from parity.cases.draw import draw
from parity.model.branches import Branches
from parity.model.case import Case
from parity.model.config import Config
from parity.reference.base import Exact
from parity.reference.exact.balls import Ball, Balls, Midpoints
from parity.reference.exact.oracle import DROPPED, ENOUGH, PILOT, _lacking, exact
from parity.reference.frameworks.pytorch import twin
from tests.reference.exactly import AGREEMENT, balls, every_config


def relative_radius(matrices: list[Ball]) -> float:
    """Return the largest radius of an array over its largest midpoint."""
    entries = [entry for ball in matrices for entry in ball.matrix.entries()]
    return float(max(e.rad() for e in entries) / max(abs(e.mid()) for e in entries))


@every_config
def test_enclosed(config: Config) -> None:
    """Every array that is compared with PyTorch is enclosed, in balls under 2**-70 of the array."""
    case = draw(config)
    known = exact(case)
    assert known.enclosed == {name: True for name in twin.run(case) if "step/" not in name}
    found = balls(case, known.precision)
    assert max(relative_radius(matrices) for matrices in found.values()) < 2.0**-ENOUGH


@every_config
def test_balls_of_two_precisions_overlap(config: Config) -> None:
    """The balls of 128 bits and of 320 bits overlap, as balls around one true value do."""
    case = draw(config)
    coarse, fine = balls(case, PILOT), balls(case, 320)
    apart = [
        name
        for name, matrices in coarse.items()
        if not all(c.matrix.overlaps(f.matrix) for c, f in zip(matrices, fine[name], strict=True))
    ]
    assert not apart
    assert coarse.keys() == fine.keys()


def difference(one: Exact, other: Exact, name: str) -> float:
    """Return the largest difference of an array, relative to its largest entry."""
    apart = (one.high[name] - other.high[name]) + (one.low[name] - other.low[name])
    return float(np.abs(apart).max() / np.abs(other.high[name]).max())


@every_config
def test_beyond_the_budget(config: Config) -> None:
    """Without a budget for balls nothing is enclosed; 30 digits are right all the same."""
    case = draw(config)
    dropped, known = exact(case, budget=0), exact(case)
    assert dropped.enclosed == dict.fromkeys(known.high, False)
    assert dropped.precision == DROPPED
    assert max(difference(dropped, known, name) for name in known.high) < AGREEMENT


def test_precision_follows_the_radii() -> None:
    """Where 128 bits lose every digit the precision is raised until the radii are small."""
    case = draw(Config(batch=2, steps=60, features=8, hidden=32, weights="chaotic"))
    assert max(relative_radius(matrices) for matrices in balls(case, PILOT).values()) > 1
    known = exact(case)
    assert all(known.enclosed.values())
    assert known.precision > PILOT


@pytest.mark.parametrize("power", [0, -500, 500])
def test_enclosed_is_relative_to_the_largest_entry(power: int) -> None:
    """Lacking bits do not depend on the size of numbers: a radius near the largest lacks all."""
    scale = arb(2) ** power
    assert _lacking([arb_mat([[scale * arb(1, 0.5), arb(0)]])]) == ENOUGH


def tied(steps: int) -> Case:
    """Return a relu case whose last unit's pre-activation, .3 h[0] - .3 h[1], is exactly zero."""
    case = draw(Config(activation="relu", steps=steps, hidden=3))
    W_x, W_h, b, h_0 = (getattr(case, name).copy() for name in ("W_x", "W_h", "b", "h_0"))
    for array in (W_x, W_h, b, h_0):
        array[..., 1], array[..., 2] = array[..., 0], 0  # two equal units and their difference
    W_h[:, 2] = (0.3, -0.3, 0)
    b[:2] = 1  # alive
    return case.replace(W_x=W_x, W_h=W_h, b=b, h_0=h_0)


def test_kink_is_decided_by_every_digit() -> None:
    """A pre-activation of exactly zero has slope 0, once the precision holds all its digits."""
    known = exact(tied(steps=5))
    assert all(known.enclosed.values())
    assert known.precision > PILOT
    assert not known.high["hidden"][..., 2].any()
    assert not known.high["grad/b"][2]


def test_kink_that_no_precision_decides() -> None:
    """Where a state has too many digits to hold, states and loss are enclosed, gradients not."""
    known = exact(tied(steps=100))
    certain = {name for name, yes in known.enclosed.items() if yes}
    assert {"hidden", "logits", "loss"} <= certain
    assert certain.isdisjoint({"grad/W_h", "grad/b"})


def test_ball_over_the_kink() -> None:
    """Relu of a ball over zero holds its positive part, with slope 0 or 1; a midpoint has one."""
    wide = Ball(Balls().exact(np.zeros((1, 1))).matrix + arb(0, 0.25))
    state = Balls().activation("relu", wide)
    slope = Balls().slope("relu", state, None).matrix[0, 0]
    assert all(slope.contains(value) for value in (0, 1))
    assert all(state.matrix[0, 0].contains(value) for value in (0, 0.25))
    alone = Midpoints().activation("relu", wide)
    assert alone.matrix[0, 0] == Midpoints().slope("relu", alone, None).matrix[0, 0] == 0


def test_gates_fix_the_slope() -> None:
    """Relu's own gates change nothing; shut gates leave no gradient, enclosed as zero."""
    case = draw(Config(activation="relu"))
    known = exact(case)
    own = exact(case, Branches(gates={"hidden": known.high["hidden"] > 0}))
    assert all(np.array_equal(own.low[name], low) for name, low in known.low.items())
    shut = exact(case, Branches(gates={"hidden": np.zeros(known.high["hidden"].shape, bool)}))
    assert not shut.high["grad/x"].any()
    assert shut.enclosed["grad/x"]


def test_one_gate_shut_is_honoured() -> None:
    """To shut one unit's gate at one step makes its own share of the bias gradient zero."""
    case = draw(Config(batch=1, steps=1, activation="relu", kind="layer"))
    known = exact(case)
    unit = int(known.high["hidden"][0, 0].argmax())
    gates = known.high["hidden"] > 0
    gates[0, 0, unit] = False
    shut = exact(case, Branches(gates={"hidden": gates}))
    assert known.high["grad/b"][unit]
    assert not shut.high["grad/b"][unit]
    others = np.arange(case.config.hidden) != unit
    assert np.array_equal(shut.high["grad/b"][others], known.high["grad/b"][others])
    assert np.array_equal(shut.high["hidden"], known.high["hidden"])


def test_softmax_of_one_class() -> None:
    """A loss and gradients that are zero only by cancellation are enclosed, and are zero."""
    known = exact(draw(Config(classes=1)))
    assert all(known.enclosed.values())
    assert not any(known.high[name].any() for name in known.high if "/" in name)
    assert not known.high["loss"]


def test_zero_is_enclosed() -> None:
    """Numbers that are all exactly zero need neither a radius nor a precision."""
    case = draw(Config(kind="layer", activation="relu"))
    nothing = ("x", "h_0", "b", "upstream", "upstream_final")
    known = exact(case.replace(**{name: np.zeros_like(getattr(case, name)) for name in nothing}))
    assert all(known.enclosed.values())
    assert known.precision == PILOT
    assert not any(array.any() for array in known.high.values())


def test_undefined_is_not_enclosed() -> None:
    """Every number that depends on a NaN is NaN and is not enclosed."""
    case = draw(Config())
    known = exact(case.replace(b=np.full_like(case.b, np.nan)))
    assert not any(known.enclosed.values())
    assert np.isnan(known.high["hidden"]).all()


NOT_FINITE = {
    "last label's logit": ("classifier", "b_out", np.nan),
    "last upstream gradient": ("layer", "upstream_final", np.nan),
    "infinite input": ("classifier", "x", np.inf),  # tanh of it is 1, and 0 * inf is NaN
}


@pytest.mark.parametrize(("kind", "name", "value"), NOT_FINITE.values(), ids=NOT_FINITE.keys())
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_one_nan_is_not_enclosed(kind: str, name: str, value: float, activation: str) -> None:
    """An array with a NaN in it is not enclosed, wherever in the array it stands."""
    case = draw(Config(kind=kind, activation=activation))
    spoilt = getattr(case, name).copy()
    spoilt.flat[-1] = value
    known = exact(case.replace(**{name: spoilt}))
    undefined = {n for n, high in known.high.items() if np.isnan(high).any()}
    assert undefined
    assert not any(known.enclosed[n] for n in undefined)


@pytest.mark.parametrize("bits", [53, 100])
def test_precision_is_restored(bits: int) -> None:
    """Other users of flint keep the precision that they set, after an answer and after an error."""
    case = draw(Config())
    with ctx.workprec(bits):
        exact(case)
        assert ctx.prec == bits
        with pytest.raises(ValueError, match="matrix"):
            exact(case.replace(W_h=np.zeros((1, 1))))
        assert ctx.prec == bits


def test_a_case_too_large_for_balls_is_answered_by_float64() -> None:
    """A case that would take minutes in balls is answered at once, and nothing is enclosed."""
    case = draw(Config(batch=64, steps=200, features=64, hidden=256, dtype="float32"))
    known = exact(case)
    assert not any(known.enclosed.values())
    assert known.precision == 53
    assert known.ulps(twin.run(case)["hidden"], "hidden").max() < 100


def test_many_classes_are_enclosed() -> None:
    """The softmax of 3,000 classes needs no matrix of 3,000 by 3,000."""
    found = exact(draw(Config(batch=2, steps=2, classes=3000)))
    assert all(found.enclosed.values())
