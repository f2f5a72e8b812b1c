"""scratch.SGD and scratch's clipping: PyTorch's own, in every combination of options."""

from typing import Any

import numpy as np
import pytest
import torch

from parity.scratch import SGD, ShapeError, clip_by_norm, clip_by_value
from parity.scratch.clipping import total_norm
from tests.scratch.against_torch import (
    DTYPES,
    NARROW,
    Array,
    Parts,
    assert_close,
    eps,
    exact,
    in_pairs,
    numpy_dtype,
    one_each,
    tensor,
    tiny,
)

RNG = np.random.default_rng(0)
SHAPES = {"W": (5, 9), "b": (3,)}  # PyTorch computes 32 numbers at once, and the rest one by one
STEPS = 5
NAN, INF = float("nan"), float("inf")


def drawn(name: str, scale: float = 1.0) -> dict[str, Array]:
    """Return one array per parameter, in the dtype called `name`."""
    dtype = numpy_dtype(name)
    return {
        key: (RNG.standard_normal(shape) * scale).astype(dtype) for key, shape in SHAPES.items()
    }


def leaves(arrays: dict[str, Array]) -> dict[str, torch.nn.Parameter]:
    """Return PyTorch parameters of the arrays' numbers."""
    return {key: torch.nn.Parameter(tensor(array)) for key, array in arrays.items()}


PARTS: Parts = {
    "momentum": {
        "": {},
        "momentum": {"momentum": 0.9},
        "dampened": {"momentum": 0.9, "dampening": 0.3},
        "nesterov": {"momentum": 0.9, "nesterov": True},
        "dampening alone": {"dampening": 0.3},
    },
    "decay": {"": {}, "decay": {"weight_decay": 0.1}},
    "direction": {"": {}, "maximize": {"maximize": True}},
    "lr": {"": {"lr": 0.1}, "lr 0": {"lr": 0.0}},
}
STEPPED = in_pairs(PARTS | {"dtype": one_each("name", {name: name for name in DTYPES})})
OPTIONS = in_pairs(PARTS)


@pytest.mark.parametrize("options", STEPPED.values(), ids=STEPPED.keys())
def test_steps_are_pytorchs(options: dict[str, Any]) -> None:
    """Parameters and momentum buffers agree after each of five steps.

    Every two of the options and dtypes meet in one case. A step rounds some six times, and no
    error grows: momentum and decay shrink it, lr is below 1.
    """
    name, options = options["name"], {k: v for k, v in options.items() if k != "name"}
    parameters, optimizer = drawn(name), SGD(**options)
    twins = leaves(parameters)
    their_optimizer = torch.optim.SGD(twins.values(), **options)
    largest = 3.0
    for step in range(1, STEPS + 1):
        gradients = drawn(name)
        for key, twin in twins.items():
            twin.grad = tensor(gradients[key])
        parameters = optimizer.step(parameters, gradients)
        their_optimizer.step()
        buffers = {key: their_optimizer.state[twin] for key, twin in twins.items()}
        assert sorted(optimizer.state) == sorted(key for key in buffers if buffers[key])
        for key, twin in twins.items():
            ours, theirs = [parameters[key]], [twin]
            if key in optimizer.state:
                ours.append(optimizer.state[key])
                theirs.append(buffers[key]["momentum_buffer"])
            for a, b in zip(ours, theirs, strict=True):
                assert a.dtype.name == name
                largest = max(largest, np.abs(exact(b)).max())
                assert_close(a, b, 6 * step * eps(name) * largest)


def test_plain_step_is_w_minus_lr_times_gradient() -> None:
    """A plain step is w - lr * g to the last bit, as a notebook writes it."""
    weights, gradients = drawn("float64"), drawn("float64")
    for key, stepped in SGD(0.1).step(weights, gradients).items():
        np.testing.assert_array_equal(stepped, weights[key] - 0.1 * gradients[key])


def test_first_momentum_is_the_gradient() -> None:
    """The buffer starts as the gradient, without dampening; the second one is dampened."""
    optimizer, one = SGD(1.0, momentum=0.5, dampening=0.75), {"w": np.ones(1)}
    weights = optimizer.step({"w": np.zeros(1)}, one)
    assert optimizer.state["w"] == weights["w"] * -1 == 1
    weights = optimizer.step(weights, one)
    assert optimizer.state["w"] == 0.5 + 0.25
    assert weights["w"] == -1.75


def test_parameter_that_comes_later_starts_then() -> None:
    """A name that comes for the first time has its first step, however many others have had."""
    optimizer, one = SGD(1.0, momentum=0.5, dampening=0.75), np.ones(1)
    optimizer.step({"a": one}, {"a": one})
    optimizer.step({"a": one, "b": one}, {"a": one, "b": one})
    assert optimizer.state == {"a": 0.75, "b": 1}


def test_lr_0_still_moves_the_momentum() -> None:
    """With lr 0 nothing is stepped, and everything is remembered."""
    optimizer = SGD(0, momentum=0.5)
    stepped = optimizer.step({"w": np.ones(1)}, {"w": np.full(1, 3.0)})
    assert stepped["w"] == 1
    assert optimizer.state["w"] == 3


def test_lr_may_be_scheduled() -> None:
    """The next step uses the lr that was assigned."""
    optimizer = SGD(0.1)
    optimizer.lr = 0.5
    assert optimizer.step({"w": np.ones(1)}, {"w": np.ones(1)})["w"] == 0.5


@pytest.mark.parametrize("name", NARROW)
def test_16_bit_factors_are_rounded_where_pytorchs_are(name: str) -> None:
    """lr is rounded to 16 bits before it multiplies: a step from zero shows that alone."""
    g = RNG.standard_normal(100).astype(numpy_dtype(name))
    twin = torch.nn.Parameter(tensor(np.zeros_like(g)))
    twin.grad = tensor(g)
    torch.optim.SGD([twin], lr=0.1).step()
    stepped = SGD(0.1).step({"w": np.zeros_like(g)}, {"w": g})["w"]
    np.testing.assert_array_equal(exact(stepped), exact(twin))
    unrounded = (np.float32(-0.1) * g.astype(np.float32)).astype(g.dtype)
    assert (exact(unrounded) != exact(twin)).any()


@pytest.mark.parametrize("name", NARROW)
def test_16_bit_momentum_is_not_rounded_where_pytorchs_is_not(name: str) -> None:
    """momentum multiplies the buffer in float32; with dampening 1 the step is that product."""
    g = RNG.standard_normal(100).astype(numpy_dtype(name))
    twin = torch.nn.Parameter(tensor(np.zeros_like(g)))
    theirs = torch.optim.SGD([twin], lr=1.0, momentum=0.9, dampening=1.0)
    ours = SGD(1.0, momentum=0.9, dampening=1.0)
    for _ in range(3):
        twin.grad = tensor(g)
        theirs.step()
        ours.step({"w": np.zeros_like(g)}, {"w": g})
    buffer = theirs.state[twin]["momentum_buffer"]
    np.testing.assert_array_equal(exact(ours.state["w"]), exact(buffer))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_step_writes_and_keeps_nothing_that_it_was_given(options: dict[str, Any]) -> None:
    """Parameters and gradients stay as they were, and belong to the caller afterwards."""
    optimizer = SGD(**options)
    given, gradients = drawn("float64"), drawn("float64")
    for array in (*given.values(), *gradients.values()):
        array.setflags(write=False)
    results = optimizer.step(given, gradients)
    kept = (*given.values(), *gradients.values(), *optimizer.state.values())
    for result in results.values():
        assert not any(np.shares_memory(result, array) for array in kept)
    for buffer in optimizer.state.values():
        assert not any(np.shares_memory(buffer, array) for array in gradients.values())


def test_numpy_scalars_do_not_promote() -> None:
    """A float64 lr, as np.logspace gives it, leaves float32 parameters float32."""
    half = np.float64(0.5)
    optimizer = SGD(half, momentum=half, weight_decay=half, dampening=half)
    for _ in range(2):
        stepped = optimizer.step(drawn("float32"), drawn("float32"))
    assert stepped["W"].dtype == optimizer.state["W"].dtype == np.float32


def test_gradients_of_anything_else_are_ignored() -> None:
    """A gradient by the input belongs to no parameter."""
    assert list(SGD(0.1).step({"w": np.ones(1)}, {"w": np.ones(1), "x": np.ones(9)})) == ["w"]


def test_refused_step_moves_nothing() -> None:
    """A gradient of the wrong shape is found before any momentum has moved."""
    optimizer, ones = SGD(0.1, momentum=0.9), {"a": np.ones(2), "b": np.ones(2)}
    with pytest.raises(ShapeError):
        optimizer.step(ones, {"a": np.ones(2), "b": np.ones(3)})
    assert optimizer.state == {}


# Clipping --------------------------------------------------------------------

NORMS = {"2": 2.0, "1": 1.0, "3": 3.0, "0.5": 0.5, "0": 0.0, "inf": INF, "-inf": -INF}
LIMITS = {"cut": 0.3, "kept": 1e4, "zero": 0.0, "infinite": INF}
SPECIAL = {
    "drawn": {},
    "all zero": {"W": 0.0, "b": 0.0},
    "one zero": {"b": 0.0},
    "NaN": {"b": NAN},
    "infinite": {"b": INF},
    "infinities": {"b": [INF, -INF, 1.0]},
}


def special(name: str, values: dict[str, Any]) -> dict[str, Array]:
    """Return gradients, some of them replaced."""
    gradients = drawn(name)
    for key, value in values.items():
        gradients[key] = np.broadcast_to(value, SHAPES[key]).astype(gradients[key].dtype)
    return gradients


CLIPPED: Parts = {
    "limit": one_each("limit", LIMITS),
    "gradients": one_each("values", SPECIAL),
    "dtype": one_each("name", {name: name for name in DTYPES}),
}
BY_NORM = in_pairs({"norm": one_each("norm", NORMS)} | CLIPPED)
BY_VALUE = in_pairs(CLIPPED)


@pytest.mark.parametrize("given", BY_NORM.values(), ids=BY_NORM.keys())
def test_clip_by_norm_is_pytorchs(given: dict[str, Any]) -> None:
    """Gradients and total norm are PyTorch's, for any norm and limit, finite or not.

    Every two of the norms, limits, gradients and dtypes meet in one case. A sum of 48 powers and
    its root lose at most as many roundings, times the root's exponent.
    """
    name, limit, norm = given["name"], given["limit"], given["norm"]
    gradients = special(name, given["values"])
    twins = leaves(gradients)
    for key, twin in twins.items():
        twin.grad = tensor(gradients[key])
    expected = torch.nn.utils.clip_grad_norm_(twins.values(), limit, norm_type=norm)
    clipped, total = clip_by_norm(gradients, limit, norm)
    relative = (sum(map(np.prod, SHAPES.values())) + 8) * 2 * eps(name)
    assert total.dtype.name == name
    assert_close(total, expected, relative * np.abs(exact(expected)))
    for key, twin in twins.items():
        assert clipped[key].dtype.name == name
        assert not np.shares_memory(clipped[key], gradients[key])
        assert_close(clipped[key], twin.grad, relative * np.abs(exact(twin.grad)) + tiny(name))


def test_clip_by_norm_cuts_to_the_limit() -> None:
    """The total norm afterwards is the limit, less the millionth that is added to the divisor."""
    clipped, total = clip_by_norm(drawn("float64"), 0.5)
    assert total_norm(clipped) == pytest.approx(0.5 * total / (total + 1e-6), rel=1e-14)


def test_clip_by_norm_of_nothing() -> None:
    """An empty set of gradients has the norm 0, as in PyTorch."""
    assert clip_by_norm({}, 1.0) == ({}, 0)


def test_total_norm_is_that_of_all_elements() -> None:
    """The norm of the norms is the norm of everything in one vector."""
    gradients = drawn("float64")
    everything = np.concatenate([array.ravel() for array in gradients.values()])
    assert total_norm(gradients) == pytest.approx(np.linalg.norm(everything), rel=1e-14)


@pytest.mark.parametrize("given", BY_VALUE.values(), ids=BY_VALUE.keys())
def test_clip_by_value_is_pytorchs(given: dict[str, Any]) -> None:
    """Values are clipped as PyTorch clips them, to the last bit: NaN stays, the rest is limited."""
    name, limit = given["name"], given["limit"]
    gradients = special(name, given["values"])
    twins = leaves(gradients)
    for key, twin in twins.items():
        twin.grad = tensor(gradients[key])
    torch.nn.utils.clip_grad_value_(twins.values(), limit)
    clipped = clip_by_value(gradients, limit)
    for key, twin in twins.items():
        assert clipped[key].dtype.name == name
        assert not np.shares_memory(clipped[key], gradients[key])
        np.testing.assert_array_equal(exact(clipped[key]), exact(twin.grad))


# Refusals --------------------------------------------------------------------

ONES = {"w": np.ones(2)}
BAD: dict[str, tuple[Any, str]] = {
    "lr": (lambda: SGD(-0.1), "lr must be at least 0, got -0.1"),
    "momentum": (lambda: SGD(0.1, momentum=-1), "momentum must be at least 0, got -1"),
    "decay": (lambda: SGD(0.1, weight_decay=-1), "weight_decay must be at least 0, got -1"),
    "NaN lr": (lambda: SGD(NAN), "lr must be at least 0, got nan"),
    "NaN momentum": (lambda: SGD(0.1, momentum=NAN), "momentum must be at least 0, got nan"),
    "NaN dampening": (lambda: SGD(0.1, dampening=NAN), "dampening must be a number, got nan"),
    "nesterov alone": (
        lambda: SGD(0.1, nesterov=True),
        "nesterov needs a momentum above 0 and a dampening of 0, got momentum 0.0 and dampening",
    ),
    "nesterov dampened": (
        lambda: SGD(0.1, nesterov=True, momentum=0.9, dampening=0.1),
        "a dampening of 0, got momentum 0.9 and dampening 0.1",
    ),
    "no gradient": (
        lambda: SGD(0.1).step(ONES, {"v": np.ones(2)}),
        "every parameter needs a gradient: w has none, got v",
    ),
    "shape": (
        lambda: SGD(0.1).step(ONES, {"w": np.ones((2, 1))}),
        "the gradient of w must have shape (2",
    ),
    "negative value": (lambda: clip_by_value(ONES, -1), "limit must be at least 0, got -1"),
    "negative norm": (lambda: clip_by_norm(ONES, -1), "limit must be at least 0, got -1"),
    "NaN limit": (lambda: clip_by_norm(ONES, NAN), "limit must be at least 0, got nan"),
    "NaN norm": (lambda: clip_by_norm(ONES, 1, NAN), "norm_type must be a number, got nan"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_what_makes_no_sense_is_refused(call: Any, message: str) -> None:
    """An error names the value that came and the value that was expected, in one line."""
    with pytest.raises(ValueError, match="got") as raised:
        call()
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


NO_NUMBERS: dict[str, tuple[Any, str]] = {
    "lr": (lambda: SGD("a"), "lr must be a number, got 'a'"),  # type: ignore[arg-type]
    "lr True": (lambda: SGD(True), "lr must be a number, got True"),
    "momentum": (lambda: SGD(0.1, momentum=None), "momentum must be a number, got None"),  # type: ignore[arg-type]
    "dampening": (lambda: SGD(0.1, dampening="a"), "dampening must be a number, got 'a'"),  # type: ignore[arg-type]
    "limit": (lambda: clip_by_value(ONES, "a"), "limit must be a number, got 'a'"),  # type: ignore[arg-type]
    "norm": (lambda: clip_by_norm(ONES, 1, "a"), "norm_type must be a number, got 'a'"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("call", "message"), NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
def test_what_is_no_number_is_a_type_error(call: Any, message: str) -> None:
    """An error names the option and its value, in one line."""
    with pytest.raises(TypeError) as raised:
        call()
    assert str(raised.value) == message


REFUSED = {
    "lr": {"lr": -0.1},
    "momentum": {"momentum": -1.0},
    "decay": {"weight_decay": -1.0},
    "nesterov alone": {"nesterov": True},
    "nesterov dampened": {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
    "negative dampening": {"momentum": 0.9, "dampening": -0.1},
    "momentum above 1": {"momentum": 1.5},
}


@pytest.mark.parametrize("options", REFUSED.values(), ids=REFUSED.keys())
def test_both_refuse_the_same(options: dict[str, Any]) -> None:
    """scratch takes and refuses the same options as torch.optim.SGD."""
    refused = []
    for make in (SGD, lambda **o: torch.optim.SGD([torch.zeros(1)], **o)):
        try:
            make(**{"lr": 0.1} | options)
            refused.append(False)
        except ValueError:
            refused.append(True)
    assert refused[0] == refused[1]
