"""The exact oracle: certified without backpropagation; what it cannot enclose, it says so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat, ctx

from parity.cases.draw import draw
from parity.model.branches import Branches
from parity.model.case import Array, Case
from parity.model.config import Config
from parity.reference.base import Exact
from parity.reference.equations.arithmetic import Plain, as_trace
from parity.reference.equations.given import Given
from parity.reference.equations.textbook import Textbook
from parity.reference.exact.balls import Ball, Balls, Midpoints
from parity.reference.exact.oracle import DROPPED, ENOUGH, PILOT, _lacking, exact
from parity.reference.frameworks.pytorch import twin

CONFIGS = {
    "tanh": Config(),
    "relu": Config(activation="relu"),
    "layer, tanh": Config(kind="layer"),
    "layer, relu": Config(kind="layer", activation="relu"),
    "float32": Config(batch=3, dtype="float32"),
    "one of everything": Config(batch=1, steps=1, features=1, hidden=1, classes=2),
    "longer": Config(batch=3, steps=20, features=8, hidden=16),
    "chaotic": Config(batch=2, steps=20, hidden=16, weights="chaotic"),
}
GRADIENTS = ("W_out", "b_out", "W_x", "W_h", "b", "x", "h_0")

every_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())


# -- the gradient, certified by the forward equations alone --------------------------------------

BITS, EPSILON = 400, 2.0**-100
"""The central difference's own error is EPSILON squared, 1e-60, and its rounding 2**-300."""

AGREEMENT = 1e-30
"""Relative to the sum of |gradient||V|: high + low keeps 2**-106 = 1e-32 of an entry."""

PLANTED = 2.0**-80
"""The error in one entry that must be noticed, relative to it; an ulp is 2**-52."""


def random_direction(case: Case, known: Exact, seed: int) -> dict[str, Array]:
    """Return a V over everything that has a gradient."""
    rng = np.random.default_rng(seed)
    names = [name.partition("/")[2] for name in known.high if name.startswith("grad/")]
    return {name: rng.uniform(-1, 1, getattr(case, name).shape) for name in names}


def moved(given: Given[Ball], along: Mapping[str, Array], by: float) -> Given[Ball]:
    """Return the parameters at theta + by * V."""
    do = Balls()
    V = {name: do.exact(np.atleast_2d(v)) for name, v in along.items() if name != "x"}
    changed: dict[str, Any] = {name: getattr(given, name) + v * by for name, v in V.items()}
    x = [x_t + do.exact(along["x"][:, t]) * by for t, x_t in enumerate(given.x)]
    return replace(given, **changed, x=x)


def objective(given: Given[Ball]) -> arb:
    """Return the loss, or for a layer sum(upstream * hidden) + sum(upstream_final * last)."""
    do, case = Textbook(Balls()), given.case
    _, *hidden = do.forward(given)
    if case.config.kind == "classifier":
        return do.loss(given, do.logits(given, hidden[-1])).matrix[0, 0]
    pairs = [(h, case.upstream[:, t]) for t, h in enumerate(hidden)]
    pairs.append((hidden[-1], case.upstream_final))
    return sum((inner(h.matrix.entries(), weight) for h, weight in pairs), arb(0))


def inner(values: list[arb], weights: Array) -> arb:
    return sum((v * w for v, w in zip(values, weights.ravel().tolist(), strict=True)), arb(0))


def disagreement(case: Case, known: Exact, along: Mapping[str, Array]) -> float:
    """Return how far <gradient, V> is from the central difference along V.

    |<gradient, V> - (f(theta + eps V) - f(theta - eps V)) / 2 eps| / sum |gradient||V|
    """
    with ctx.workprec(BITS):
        given = Textbook(Balls()).given(case)
        ahead, behind = (objective(moved(given, along, by)) for by in (EPSILON, -EPSILON))
        derivative = (ahead - behind) / (2 * EPSILON)
        product, size = arb(0), 0.0
        for name, v in along.items():
            high, low = known.high[f"grad/{name}"], known.low[f"grad/{name}"]
            product += inner([arb(part) for part in high.flat], v)
            product += inner([arb(part) for part in low.flat], v)
            size += np.abs(high * v).sum()
        return float((product - derivative).abs_upper() / size)


@every_config
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradient_is_the_derivative_of_the_forward_equations(config: Config, seed: int) -> None:
    """Along a direction through all that has a gradient, 30 digits are the derivative's."""
    case = draw(config)
    known = exact(case)
    assert disagreement(case, known, random_direction(case, known, seed)) < AGREEMENT


@pytest.mark.parametrize("name", GRADIENTS)
def test_certificate_notices_an_error_of_a_tiny_fraction_of_an_ulp(name: str) -> None:
    """One gradient entry that is wrong by PLANTED is not certified."""
    case = draw(Config())
    known = exact(case)
    along = random_direction(case, known, seed=0)
    gradient, low = known.high[f"grad/{name}"], known.low[f"grad/{name}"].copy()
    place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    low[place] += gradient[place] * PLANTED
    wrong = replace(known, low={**known.low, f"grad/{name}": low})
    assert disagreement(case, wrong, along) > 100 * AGREEMENT


# -- enclosed, or not ----------------------------------------------------------------------------


def balls(case: Case, precision: int) -> dict[str, list[Ball]]:
    """Return the balls of every compared array, step by step."""
    with ctx.workprec(precision):
        result = Textbook(Balls()).run(case)
    compared = {name: v for name, v in result.items() if not name.startswith("step/")}
    return {name: v if isinstance(v, list) else [v] for name, v in compared.items()}


def relative_radius(matrices: list[Ball]) -> float:
    """Return the largest radius of an array over its largest midpoint."""
    entries = [entry for ball in matrices for entry in ball.matrix.entries()]
    return float(max(e.rad() for e in entries) / max(abs(e.mid()) for e in entries))


@every_config
def test_enclosed(config: Config) -> None:
    """Everything compared with PyTorch is enclosed, in balls of under 2**-70 of the array."""
    case = draw(config)
    known = exact(case)
    assert known.enclosed == {name: True for name in twin.run(case) if "step/" not in name}
    found = balls(case, known.precision)
    assert max(relative_radius(matrices) for matrices in found.values()) < 2.0**-ENOUGH


@every_config
def test_balls_of_two_precisions_overlap(config: Config) -> None:
    """What 128 bits enclose and what 320 bits enclose has the truth in common."""
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
    """Numbers of any size lack as many bits: with a radius near the largest entry, all of them."""
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
    """A ball over zero may be any of its positive part, with slope 0 or 1; a midpoint is one."""
    wide = Ball(Balls().exact(np.zeros((1, 1))).matrix + arb(0, 0.25))
    state = Balls().activation("relu", wide)
    slope = Balls().slope("relu", state, None).matrix[0, 0]
    assert all(slope.contains(value) for value in (0, 1))
    assert all(state.matrix[0, 0].contains(value) for value in (0, 0.25))
    alone = Midpoints().activation("relu", wide)
    assert alone.matrix[0, 0] == Midpoints().slope("relu", alone, None).matrix[0, 0] == 0


def test_gates_fix_the_slope() -> None:
    """Gates given as relu's own change nothing; shut gates leave no gradient, enclosed as zero."""
    case = draw(Config(activation="relu"))
    known = exact(case)
    own = exact(case, Branches(gates={"hidden": known.high["hidden"] > 0}))
    assert all(np.array_equal(own.low[name], low) for name, low in known.low.items())
    shut = exact(case, Branches(gates={"hidden": np.zeros(known.high["hidden"].shape, bool)}))
    assert not shut.high["grad/x"].any()
    assert shut.enclosed["grad/x"]


def test_one_gate_shut_is_honoured() -> None:
    """Shutting the gate of one unit at one step makes its own share of the bias gradient zero."""
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
    """Where every number is exactly zero no radius and no precision is needed."""
    case = draw(Config(kind="layer", activation="relu"))
    nothing = ("x", "h_0", "b", "upstream", "upstream_final")
    known = exact(case.replace(**{name: np.zeros_like(getattr(case, name)) for name in nothing}))
    assert all(known.enclosed.values())
    assert known.precision == PILOT
    assert not any(array.any() for array in known.high.values())


def test_undefined_is_not_enclosed() -> None:
    """What a NaN reaches is NaN and not enclosed."""
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


# -- high + low, and ulp -------------------------------------------------------------------------


@every_config
def test_high_and_low(config: Config) -> None:
    """High is the double next to the ball's midpoint, and low the one next to what remains."""
    case = draw(config)
    known = exact(case)
    for name, matrices in balls(case, known.precision).items():
        with ctx.workprec(known.precision):
            middles = [e.mid() for ball in matrices for e in ball.matrix.entries()]
            high = [float(middle) for middle in middles]
            low = [float(middle - arb(h)) for middle, h in zip(middles, high, strict=True)]
        by_step = (1, 0, 2) if name in {"hidden", "grad/x"} else None  # a list over the steps
        for part, numbers in ((known.high, high), (known.low, low)):
            array = part[name] if by_step is None else part[name].transpose(by_step)
            assert array.ravel().tolist() == numbers


@pytest.mark.parametrize("power", [-300, -150, 150])
def test_scale(power: int) -> None:
    """A layer's gradients for an upstream of 10**-300 to 10**150 are known to half an ulp."""
    case = draw(Config(kind="layer"))
    scale = 2.0 ** round(power * np.log2(10))  # exact: the gradients are linear in upstream
    known, plain = (
        exact(case.replace(upstream=case.upstream * s, upstream_final=case.upstream_final * s))
        for s in (scale, 1)
    )
    assert all(known.enclosed.values())
    assert all(np.array_equal(known.high[n], plain.high[n] * scale) for n in grads(known))
    assert max(known.ulps(known.high[n], n).max() for n in grads(known)) <= 0.5


def grads(known: Exact) -> list[str]:
    return [name for name in known.high if name.startswith("grad/")]


EVERYTHING = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out", "upstream", "upstream_final")
EXTREMES = {
    "tiny sequences": (("x", "h_0", "b"), 1e-150),
    "tiny everything": (EVERYTHING, 1e-150),
    "huge logits": (("W_out",), 1e6),  # exp(10**6) is no double
    "immense logits": (("W_out",), 1e300),
    "saturated": (("W_x",), 1e6),  # 1 - h^2 is 10**-500000, zero to any double
}


@pytest.mark.parametrize(("names", "factor"), EXTREMES.values(), ids=EXTREMES.keys())
@pytest.mark.parametrize("kind", ["classifier", "layer"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_extremes_are_enclosed(
    names: tuple[str, ...], factor: float, kind: str, activation: str
) -> None:
    """No scale of the numbers is beyond the oracle: finite, enclosed, and no warning."""
    case = draw(Config(kind=kind, activation=activation))
    known = exact(case.replace(**{name: getattr(case, name) * factor for name in names}))
    assert all(known.enclosed.values())
    assert all(np.isfinite(high).all() for high in known.high.values())


def overflowing() -> Case:
    """Return a case whose second hidden state is about 10**400."""
    case = draw(Config(kind="layer", activation="relu", steps=2, hidden=1))
    large = {"W_x": np.full_like(case.W_x, 1e200), "W_h": np.full_like(case.W_h, 1e200)}
    return case.replace(x=np.ones_like(case.x), **large)


def test_overflow_is_right_where_the_value_is_beyond_all_doubles() -> None:
    """A state of 10**400 is enclosed; infinity is the right answer, the largest double is not."""
    known = exact(overflowing())
    assert known.enclosed["hidden"]
    assert np.isinf(known.high["hidden"][:, 1]).all()
    answers = known.high["hidden"].copy()
    assert not known.distance(answers, "hidden")[:, 1].any()
    answers[0, 1] = np.finfo(float).max
    assert known.distance(answers, "hidden")[0, 1] == np.inf


def test_ulps_of_what_overflows() -> None:
    """In an array that overflows the unit is the largest one that the dtype has."""
    known = exact(overflowing())
    answers = known.high["hidden"].copy()
    assert known.ulps(answers, "hidden").max() < 1e-100
    answers[0, 0] = np.finfo(float).max
    assert known.ulps(answers, "hidden")[0, 0] == 2.0**53 - 1


@every_config
def test_ulps_counts_units_of_the_largest_entry(config: Config) -> None:
    """A largest entry three units away is 3 ulp wrong, give or take its own rounding."""
    known = exact(draw(config))
    states = known.high["hidden"].astype(config.dtype)
    place = np.unravel_index(np.abs(states).argmax(), states.shape)
    assert known.ulps(states, "hidden").max() <= 0.5
    states[place] += 3 * np.spacing(states[place])
    assert known.ulps(states, "hidden").max() == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_ulp_is_one(dtype: str) -> None:
    """An entry one unit of the largest entry's last place away from an exact value measures 1."""
    case = draw(Config(kind="layer", activation="relu", steps=1, hidden=2, dtype=dtype))
    still = {name: np.zeros_like(getattr(case, name)) for name in ("x", "h_0")}
    known = exact(case.replace(**still, b=np.array([1.5, 0.25], dtype)))  # the state is b
    states = known.high["hidden"].astype(dtype)
    assert not known.ulps(states, "hidden").any()
    states[0, 0, 1] += np.spacing(np.array(1.5, dtype))  # 4 units in its own last place
    measured = known.ulps(states, "hidden")
    assert measured[0, 0, 1] == measured.sum() == 1


def test_distance_counts_what_high_leaves() -> None:
    """The unit above 1 is three quarters of an ulp from 1 + ulp/4, not five."""
    one, quarter = np.ones(1), np.full(1, 2.0**-54)
    known = Exact(
        high={"b": one}, low={"b": quarter}, enclosed={"b": True}, precision=PILOT, seconds=0
    )
    assert known.ulps(np.nextafter(one, 2), "b").tolist() == [0.75]


FEW_ULPS = 100
"""Of the largest entry. Seen: 1 to 5, and 14 with chaotic weights."""


@every_config
def test_plain_float64_is_within_a_few_ulp(config: Config) -> None:
    """The same equations in float64 lose little: the oracle computes what they do."""
    case = draw(config)
    known, trace = exact(case), as_trace(Textbook(Plain()).run(case))
    assert max(known.ulps(trace[name], name).max() for name in known.high) < FEW_ULPS


@every_config
def test_pytorch_is_within_a_few_ulp(config: Config) -> None:
    """PyTorch, in the case's own dtype, loses no more."""
    case = draw(config)
    known, trace = exact(case), twin.run(case)
    assert max(known.ulps(trace[name], name).max() for name in known.high) < FEW_ULPS


def test_pytorch_by_default() -> None:
    """Of the default case PyTorch loses less than 8 units in the last place; 2.7 was seen."""
    case = draw(Config())
    known, trace = exact(case), twin.run(case)
    assert max(known.ulps(trace[name], name).max() for name in known.high) < 8


# -- flint's context -----------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [53, 100])
def test_precision_is_restored(bits: int) -> None:
    """Whoever else uses flint keeps the precision he had set, after an answer and an error."""
    case = draw(Config())
    with ctx.workprec(bits):
        exact(case)
        assert ctx.prec == bits
        with pytest.raises(ValueError, match="matrix"):
            exact(case.replace(W_h=np.zeros((1, 1))))
        assert ctx.prec == bits


def test_a_case_too_large_for_balls_is_answered_by_float64() -> None:
    """A case of minutes in balls is answered in a moment, and says that nothing is enclosed."""
    case = draw(Config(batch=64, steps=200, features=64, hidden=256, dtype="float32"))
    known = exact(case)
    assert not any(known.enclosed.values())
    assert known.precision == 53
    assert known.ulps(twin.run(case)["hidden"], "hidden").max() < 100


def test_many_classes_are_enclosed() -> None:
    """The softmax of 3,000 classes takes no matrix of 3,000 by 3,000."""
    found = exact(draw(Config(batch=2, steps=2, classes=3000)))
    assert all(found.enclosed.values())
