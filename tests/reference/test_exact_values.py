"""The oracle's answers: high + low, and distances in units of the last place."""

import numpy as np
import pytest
from flint import arb, ctx

from parity.cases.draw import draw
from parity.model.case import Case
from parity.model.config import Config
from parity.reference.base import Exact
from parity.reference.equations.arithmetic import Plain, as_trace
from parity.reference.equations.textbook import Textbook
from parity.reference.exact.oracle import PILOT, exact
from parity.reference.frameworks.pytorch import twin
from tests.reference.exactly import balls, every_config


@every_config
def test_high_and_low(config: Config) -> None:
    """High is the double next to the ball's midpoint, and low the one next to the remainder."""
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
    "huge logits": (("W_out",), 1e6),  # exp(10**6) is not a double
    "immense logits": (("W_out",), 1e300),
    "saturated": (("W_x",), 1e6),  # 1 - h^2 is 10**-500000, zero to any double
}


@pytest.mark.parametrize(("names", "factor"), EXTREMES.values(), ids=EXTREMES.keys())
@pytest.mark.parametrize("kind", ["classifier", "layer"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_extremes_are_enclosed(
    names: tuple[str, ...], factor: float, kind: str, activation: str
) -> None:
    """No scale of the numbers is beyond the oracle: finite, enclosed, and without a warning."""
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
    """The same equations in float64 lose little, so the oracle computes the same function."""
    case = draw(config)
    known, trace = exact(case), as_trace(Textbook(Plain()).run(case))
    assert max(known.ulps(trace[name], name).max() for name in known.high) < FEW_ULPS


@every_config
def test_pytorch_is_within_a_few_ulp(config: Config) -> None:
    """PyTorch, in the case's own dtype, loses as little."""
    case = draw(config)
    known, trace = exact(case), twin.run(case)
    assert max(known.ulps(trace[name], name).max() for name in known.high) < FEW_ULPS


def test_pytorch_by_default() -> None:
    """Of the default case PyTorch loses less than 8 units in the last place; 2.7 was seen."""
    case = draw(Config())
    known, trace = exact(case), twin.run(case)
    assert max(known.ulps(trace[name], name).max() for name in known.high) < 8
