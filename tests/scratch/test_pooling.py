"""scratch.pool reads the same from the states as PyTorch, and sends the same gradients back."""

from typing import Any

import numpy as np
import pytest
import torch

from parity.scratch import ShapeError, pool
from tests.scratch.against_torch import (
    DTYPES,
    Array,
    assert_close,
    eps,
    exact,
    in_pairs,
    numpy_dtype,
    one_each,
    tensor,
)

BATCH, STEPS, NODES = 3, 5, 4
RNG = np.random.default_rng(0)
NAN = float("nan")

HOW = ("last", "own", "mean", "max")
LENGTHS = {"full": None, "own lengths": np.array([5, 1, 3]), "all short": np.array([2, 2, 2])}
STACKS = {"one": (1, 1), "two layers": (2, 1), "both ways": (1, 2), "two both ways": (2, 2)}


def by_torch(
    output: torch.Tensor, final: torch.Tensor, how: str, lengths: Array | None
) -> torch.Tensor:
    """Return the PyTorch code that a user would write, row by row."""
    directions = output.shape[2] // final.shape[2]
    if how == "last":
        return output[:, -1]
    if how == "own":
        return torch.cat(list(final[-directions:]), dim=1)
    counts = [output.shape[1]] * len(output) if lengths is None else lengths
    rows = [row[:count] for row, count in zip(output, counts, strict=True)]
    return torch.stack([row.mean(dim=0) if how == "mean" else row.max(dim=0)[0] for row in rows])


def states(name: str, layers: int, directions: int) -> tuple[Array, Array]:
    """Return an output and final states, like those of a stack of layers."""
    dtype = numpy_dtype(name)
    output = RNG.standard_normal((BATCH, STEPS, NODES * directions)).astype(dtype)
    return output, RNG.standard_normal((layers * directions, BATCH, NODES)).astype(dtype)


POOLED = in_pairs(
    {
        "how": one_each("how", {how: how for how in HOW}),
        "lengths": one_each("lengths", LENGTHS),
        "stack": one_each("stack", STACKS),
        "dtype": one_each("name", {name: name for name in DTYPES}),
    }
)


@pytest.mark.parametrize("asked", POOLED.values(), ids=POOLED.keys())
def test_state_and_gradients_are_pytorchs(asked: dict[str, Any]) -> None:
    """Every two ways, lengths, stacks and dtypes meet; only a mean rounds, once for each step."""
    how, lengths, name = asked["how"], asked["lengths"], asked["name"]
    layers, directions = asked["stack"]
    output, final = states(name, layers, directions)
    upstream = RNG.standard_normal((BATCH, NODES * directions)).astype(output.dtype)
    twins = [tensor(output).requires_grad_(), tensor(final).requires_grad_()]
    expected = by_torch(*twins, how, lengths)
    expected.backward(tensor(upstream))

    pooled = pool(output, final, how, lengths)
    gradients = pooled.backward(upstream)
    lost = STEPS * eps(name) if how == "mean" else 0
    assert pooled.state.dtype == output.dtype
    assert_close(pooled.state, expected, lost * np.abs(exact(output)).max())
    assert [gradient is None for gradient in gradients] == [how == "own", how != "own"]
    for gradient, twin, given in zip(gradients, twins, (output, final), strict=True):
        if gradient is None:
            assert twin.grad is None
        else:
            assert gradient.dtype == given.dtype
            assert_close(gradient, twin.grad, lost * np.abs(exact(upstream)).max())


def test_own_is_what_a_packed_sequence_ends_with() -> None:
    """The two halves are PyTorch's h_n: forward from the row's last step, backward from step 0."""
    rnn = torch.nn.RNN(3, NODES, num_layers=2, bidirectional=True, batch_first=True)
    lengths = torch.tensor([5, 1, 3])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.randn(BATCH, STEPS, 3), lengths, batch_first=True, enforce_sorted=False
    )
    ended, final = rnn(packed)
    output = exact(torch.nn.utils.rnn.pad_packed_sequence(ended, batch_first=True)[0])
    found = pool(output, exact(final), "own", lengths.numpy()).state
    np.testing.assert_array_equal(found[:, :NODES], output[range(3), lengths - 1, :NODES])
    np.testing.assert_array_equal(found[:, NODES:], output[:, 0, NODES:])


def one_node(*values: float) -> tuple[Array, Array]:
    return np.array(values)[None, :, None], np.zeros((1, 1, 1))


TIES = {
    "two": ([0.0, 1.0, 1.0], [0, 1, 0]),
    "all": ([2.0, 2.0, 2.0], [1, 0, 0]),
    "zeros of both signs": ([-0.0, 0.0], [1, 0]),
    "NaN": ([1.0, NAN, 3.0, NAN], [0, 1, 0, 0]),
    "all -inf": ([-np.inf, -np.inf], [1, 0]),
}


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize(("values", "winner"), TIES.values(), ids=TIES.keys())
def test_first_of_equal_steps_wins(values: list[float], winner: list[int], name: str) -> None:
    """One step gets all of the gradient: the same step as from torch.max(dim=1)."""
    output, final = (array.astype(numpy_dtype(name)) for array in one_node(*values))
    twin = tensor(output).requires_grad_()
    twin.max(dim=1).values.sum().backward()
    d_output, _ = pool(output, final, "max").backward(np.ones((1, 1), output.dtype))
    assert d_output is not None
    assert twin.grad is not None
    assert exact(d_output).ravel().tolist() == exact(twin.grad).ravel().tolist() == winner


@pytest.mark.parametrize("padding", [NAN, np.inf, 1e300], ids=["NaN", "inf", "huge"])
@pytest.mark.parametrize("how", ["mean", "max"])
def test_padding_is_not_looked_at(how: str, padding: float) -> None:
    """Steps behind a sequence's end do not count and get no gradient."""
    output, final = one_node(1.0, 2.0, padding)
    pooled = pool(output, final, how, np.array([2]))
    assert pooled.state == (1.5 if how == "mean" else 2)
    d_output, _ = pooled.backward(np.ones((1, 1)))
    assert d_output is not None
    assert d_output.ravel().tolist() == ([0.5, 0.5, 0] if how == "mean" else [0, 1, 0])


def test_lowest_number_beats_padding() -> None:
    """A sequence of -inf has the maximum -inf, although its padding is greater."""
    output, final = one_node(-np.inf, 5.0)
    assert pool(output, final, "max", np.array([1])).state == -np.inf


@pytest.mark.parametrize("how", HOW)
def test_states_are_the_callers_own(how: str) -> None:
    """The state shares no memory with the arguments, and changes to these leave backward alone."""
    output, final = states("float64", 1, 1)
    pooled, upstream = pool(output, final, how), np.ones((BATCH, NODES))
    expected = pooled.backward(upstream)
    assert not np.shares_memory(pooled.state, output)
    assert not np.shares_memory(pooled.state, final)
    output[...] = final[...] = 7
    for found, gradient in zip(pooled.backward(upstream), expected, strict=True):
        np.testing.assert_array_equal(found, gradient)


OUTPUT, FINAL = states("float64", 1, 1)
BAD: dict[str, tuple[str, Any, type[Exception], str]] = {
    "how": ("first", None, ValueError, "one of last, own, mean, max, got 'first'"),
    "too few": ("mean", [5, 1], ShapeError, "lengths must have shape (3,), got (2,)"),
    "floats": ("mean", [5.0, 1, 3], TypeError, "must be whole numbers, got dtype float64"),
    "none": ("mean", [5, 0, 3], ValueError, "lengths must lie in 1..5, got 0"),
    "too long": ("max", [6, 1, 3], ValueError, "lengths must lie in 1..5, got 6"),
}


@pytest.mark.parametrize(("how", "lengths", "error", "message"), BAD.values(), ids=BAD.keys())
def test_what_makes_no_sense_is_refused(
    how: str, lengths: Any, error: type[Exception], message: str
) -> None:
    """An error names the value that came and the value that was expected, in one line."""
    with pytest.raises(error) as raised:
        pool(OUTPUT, FINAL, how, lengths)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
