"""scratch.RNN from outside: who owns the arrays, memory, copies, refusals."""

import copy
import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from parity.scratch import RNN, ShapeError
from parity.scratch._layout import Layout
from tests.scratch.stacks import BATCH, NODES, STEPS, draw, drawn, found_of, scratch_of


def test_results_belong_to_the_caller() -> None:
    """Changes to arguments and results do no harm, and a later call changes no result."""
    rnn = scratch_of(layers=2, bidirectional=True)
    arguments = drawn(rnn)
    first = found_of(rnn, *arguments)
    kept = {name: value.copy() for name, value in first.items()}
    found_of(rnn, *(2 * array for array in arguments))
    for name, value in kept.items():
        np.testing.assert_array_equal(first[name], value)
    x, h_0 = arguments[0].copy(), arguments[1].copy()
    for array in (*rnn.forward(x, h_0), *rnn.inner, x, h_0):
        array[...] = 7
    for name, value in rnn.backward(*arguments[2:]).items():
        np.testing.assert_array_equal(value, kept[name], err_msg=name)
        value[...] = 7
    for name, value in rnn.backward(*arguments[2:]).items():
        np.testing.assert_array_equal(value, kept[name], err_msg=name)


@pytest.mark.parametrize("dtype", [np.float64, np.float16], ids=["float64", "float16"])
def test_backward_is_that_of_the_last_forward(dtype: Any) -> None:
    """Masks and weights that are changed in place after it do not change its gradients."""
    rnn = scratch_of(dtype, layers=2, dropout=0.5)
    x, h_0, *upstream = drawn(rnn)
    mask = np.full((BATCH, STEPS, NODES), 2, dtype)
    rnn.forward(x, h_0, masks=[mask])
    expected = rnn.backward(*upstream)
    for array in (mask, *rnn.weights.values()):
        array[...] = 0
    for name, value in rnn.backward(*upstream).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_no_result_is_part_of_another() -> None:
    """No two of the arrays returned share memory, nor any with what was given."""
    rnn = scratch_of(layers=2, batch_first=False)
    arguments = drawn(rnn)
    arrays = [*arguments, *found_of(rnn, *arguments).values(), *rnn.inner]
    for i, array in enumerate(arrays):
        assert not any(np.shares_memory(array, other) for other in arrays[:i])


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda rnn: pickle.loads(pickle.dumps(rnn)),
}


@pytest.mark.parametrize("dtype", [np.float64, ml_dtypes.bfloat16], ids=["float64", "bfloat16"])
@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES.keys())
def test_a_copy_goes_its_own_way(duplicate: Any, dtype: Any) -> None:
    """A copy has the original's last forward, and neither disturbs the other's later."""
    rnn = scratch_of(dtype, layers=2)
    x, h_0, d_output, d_final = drawn(rnn)
    expected = found_of(rnn, x, h_0, d_output, d_final)
    other = duplicate(rnn)
    other.forward(2 * x)
    for name, value in rnn.backward(d_output, d_final).items():
        np.testing.assert_array_equal(value, expected[name])
    again = duplicate(rnn).backward(d_output, d_final)
    for name, value in again.items():
        np.testing.assert_array_equal(value, expected[name])


def test_threads_do_not_disturb_each_other() -> None:
    """Forward passes of one layer in several threads give the same as one by one."""
    rnn = RNN(8, 32, layers=2, seed=0)
    inputs = [draw(seed, 16, 40, 8) for seed in range(16)]
    expected = [rnn.forward(x)[0] for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda x: rnn.forward(x)[0], inputs))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def peak_of(steps: int) -> tuple[int, int]:
    """Return the bytes that a forward and a backward pass need at most, and must keep."""
    rnn = RNN(16, 64, seed=0)
    x, d_final = draw(0, 32, steps, 16), draw(1, 1, 32, 64)
    tracemalloc.start()
    output, _ = rnn.forward(x)
    gradients = rnn.backward(d_final=d_final)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = x.nbytes + 2 * output.nbytes  # x, the states and the output that the caller owns
    return peak, kept + sum(gradient.nbytes for gradient in gradients.values())


@pytest.mark.parametrize("lengths", [None, [3, 40, 1, 40, 17, 2, 40, 5]], ids=["full", "packed"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16], ids=lambda d: d.__name__)
def test_input_is_copied_once(dtype: Any, lengths: list[int] | None) -> None:
    """The kernels read one copy of x: no second one is made, for any dtype and lengths."""
    x = draw(0, 8, 40, 64).astype(dtype)
    layout = Layout.of(x, 64, x.dtype, lengths, batch_first=True)
    tracemalloc.start()
    copied = layout.copy(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert copied.flags.c_contiguous
    assert peak <= 1.1 * copied.nbytes


def test_memory_is_what_must_be_kept() -> None:
    """A pass needs a fifth more than input, states, output and gradients, and no more per step."""
    peaks = {steps: peak_of(steps) for steps in (200, 400, 800)}
    for peak, kept in peaks.values():
        assert peak <= 1.2 * kept
    per_step = [(peaks[b][0] - peaks[a][0]) / (b - a) for a, b in pairwise(peaks)]
    assert per_step[1] <= 1.02 * per_step[0]


X = draw(0, 2, 5, 3)


def with_weights(**weights: Any) -> RNN:
    rnn = RNN(3, 4)
    rnn.weights |= weights
    return rnn


def backward() -> Any:
    rnn = RNN(3, 4)
    rnn.forward(X)
    return rnn.backward()


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "masks of another count": (
        lambda: RNN(3, 4, layers=3, dropout=0.5).forward(X, masks=[np.ones((2, 5, 4))]),
        ValueError,
        "masks must be 2, one per layer but the last, got 1",
    ),
    "mask of another shape": (
        lambda: RNN(3, 4, layers=2, dropout=0.5).forward(X, masks=[np.ones((2, 5, 3))]),
        ShapeError,
        "masks[0] must have shape (2, 5, 4), got (2, 5, 3)",
    ),
    "neither gradient": (backward, ValueError, "backward needs d_output, d_final or both, got"),
    "weight of no such name": (
        lambda: with_weights(W_x_l1=np.ones((4, 4))).forward(X),
        ValueError,
        "weights must be W_x, W_h, b, got W_x, W_h, b, W_x_l1",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD.keys())
def test_what_does_not_fit_is_refused(call: Any, error: type[Exception], message: str) -> None:
    """An error names the value and the expected ones, in one line."""
    with pytest.raises(error) as raised:
        call()
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_masks_act_in_training_only() -> None:
    """Masks outside training are refused, not ignored."""
    rnn = RNN(3, 4, layers=2, dropout=0.5)
    rnn.training = False
    with pytest.raises(ValueError, match="masks act in training only"):
        rnn.forward(X, masks=[np.ones((2, 5, 4))])


def test_backward_before_forward_is_refused() -> None:
    """Backward before any forward pass is refused: there are no states."""
    with pytest.raises(RuntimeError, match="call forward first"):
        RNN(3, 4).backward(np.ones((2, 5, 4)))
