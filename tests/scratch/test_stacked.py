"""scratch.RNN: everything that torch.nn.RNN can be asked for, compared with nn.RNN itself."""

import copy
import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from parity.scratch import RNN, ShapeError, SimpleRNN
from parity.scratch._layout import Layout

Array = NDArray[Any]

BATCH, STEPS, FEATURES, NODES = 4, 6, 3, 5
CLOSE = {"rtol": 0, "atol": 1e-12}
"""Sums of at most 6 * 4 * 10 terms of size 1 or so, through 6 steps and 3 layers: some 1e-14."""

NAMES = {"W_x": "weight_ih_l", "W_h": "weight_hh_l", "b": "bias_ih_l"}

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "relu": {"activation": "relu"},
    "no bias": {"bias": False},
    "time first": {"batch_first": False},
    "bidirectional": {"bidirectional": True},
    "2 layers": {"layers": 2},
    "3 layers, bidirectional": {"layers": 3, "bidirectional": True},
    "2 layers, bidirectional, relu, no bias, time first": {
        "layers": 2,
        "bidirectional": True,
        "activation": "relu",
        "bias": False,
        "batch_first": False,
    },
}

LENGTHS: dict[str, list[int] | None] = {
    "no lengths": None,
    "unsorted": [2, 6, 1, 4],
    "shorter than the steps": [3, 1, 4, 4],
    "all of one": [1, 1, 1, 1],
    "all equal": [4, 4, 4, 4],
    "all full": [6, 6, 6, 6],
}


def draw(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def scratch_of(dtype: Any = np.float64, **options: Any) -> RNN:
    """Return an RNN whose every weight is drawn."""
    rnn = RNN(FEATURES, NODES, dtype=dtype, **options)
    for seed, (name, weight) in enumerate(rnn.weights.items()):
        rnn.weights[name] = (0.4 * draw(seed, *weight.shape)).astype(dtype)
    return rnn


def torch_name(name: str) -> str:
    """Return nn.RNN's name of a weight: W_x_l1_reverse is weight_ih_l1_reverse."""
    kind = next(kind for kind in NAMES if name.startswith(kind))
    suffix = name.removeprefix(kind).removeprefix("_l")
    return NAMES[kind] + (suffix if suffix[:1].isdigit() else "0" + suffix)


def torch_of(rnn: RNN) -> nn.RNN:
    """Return nn.RNN with the weights of `rnn` and a second bias of zeros."""
    twin = nn.RNN(
        rnn.n_features,
        rnn.n_nodes,
        rnn.layers,
        nonlinearity="tanh" if rnn.activation is np.tanh else "relu",
        bias=rnn.bias,
        batch_first=rnn.batch_first,
        dropout=rnn.dropout,
        bidirectional=rnn.directions == 2,
        dtype=getattr(torch, rnn.dtype.name),
    )
    weights = twin.state_dict()
    for name, weight in weights.items():
        if name.startswith("bias_hh"):
            weight.zero_()
    for name, weight in rnn.weights.items():
        weights[torch_name(name)].copy_(tensor(weight.T))
    return twin


def tensor(array: Array) -> torch.Tensor:
    """Return a tensor of the array's dtype, bfloat16 too."""
    dtype = getattr(torch, array.dtype.name)
    exact = array if array.dtype == np.float64 else array.astype(np.float32)
    return torch.tensor(exact).to(dtype)


def numbers(value: torch.Tensor) -> Array:
    result: Array = value.detach().to(torch.float64).numpy()
    return result


def expected_of(
    rnn: RNN,
    x: Array,
    h_0: Array | None,
    d_output: Array | None,
    d_final: Array | None,
    lengths: list[int] | None = None,
) -> dict[str, Array]:
    """Return nn.RNN's output, final and gradients, by our names."""
    twin = torch_of(rnn).train(rnn.training)
    given = tensor(x).requires_grad_()
    initial = None if h_0 is None else tensor(h_0).requires_grad_()
    if lengths is None:
        output, final = twin(given, initial)
    else:
        packed = pack_padded_sequence(given, lengths, rnn.batch_first, enforce_sorted=False)
        packed_output, final = twin(packed, initial)
        steps = x.shape[rnn.batch_first]
        output, _ = pad_packed_sequence(packed_output, rnn.batch_first, total_length=steps)
    ends = [(output, d_output), (final, d_final)]
    ends = [(end, tensor(gradient)) for end, gradient in ends if gradient is not None]
    torch.autograd.backward(*zip(*ends, strict=True))
    parameters = dict(twin.named_parameters())
    found = {name: parameters[torch_name(name)].grad for name in rnn.weights}
    found |= {"x": given.grad, "output": output, "final": final}
    if initial is not None:
        found["h_0"] = initial.grad
    return {
        name: numbers(value).T if name in rnn.weights else numbers(value)
        for name, value in found.items()
    }


def found_of(
    rnn: RNN,
    x: Array,
    h_0: Array | None,
    d_output: Array | None,
    d_final: Array | None,
    lengths: list[int] | None = None,
) -> dict[str, Array]:
    """Return the same of `rnn`."""
    output, final = rnn.forward(x, h_0, lengths)
    return {"output": output, "final": final} | rnn.backward(d_output, d_final)


def drawn(rnn: RNN, steps: int = STEPS) -> tuple[Array, Array, Array, Array]:
    """Return x, h_0, d_output and d_final of the layout of `rnn`."""
    sizes = (BATCH, steps) if rnn.batch_first else (steps, BATCH)
    states = (rnn.layers * rnn.directions, BATCH, NODES)
    width = NODES * rnn.directions
    arrays = draw(91, *sizes, FEATURES), draw(92, *states), draw(93, *sizes, width)
    x, h_0, d_output, d_final = (a.astype(rnn.dtype) for a in (*arrays, draw(94, *states)))
    return x, h_0, d_output, d_final


def assert_close(found: dict[str, Array], expected: dict[str, Array]) -> None:
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, **CLOSE, err_msg=name)


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_everything_is_pytorchs(options: dict[str, Any], lengths: list[int] | None) -> None:
    """Output, final state and every gradient are nn.RNN's, whatever the options and lengths."""
    rnn = scratch_of(**options)
    arguments = drawn(rnn)
    assert_close(found_of(rnn, *arguments, lengths), expected_of(rnn, *arguments, lengths))


@pytest.mark.parametrize("lengths", [None, [2, 6, 1, 4]], ids=["no lengths", "lengths"])
@pytest.mark.parametrize("missing", ["h_0", "d_output", "d_final"])
def test_what_is_not_given_is_zero(missing: str, lengths: list[int] | None) -> None:
    """No initial state, no gradient by the output and none by the final state mean zeros."""
    rnn = scratch_of(layers=2, bidirectional=True)
    x, h_0, d_output, d_final = drawn(rnn)
    given = {"h_0": h_0, "d_output": d_output, "d_final": d_final} | {missing: None}
    found = found_of(rnn, x, **given, lengths=lengths)
    assert_close(found, expected_of(rnn, x, **given, lengths=lengths))
    assert found["h_0"].shape == h_0.shape


@pytest.mark.parametrize("batch_first", [True, False], ids=["batch first", "time first"])
def test_without_a_batch(batch_first: bool) -> None:  # noqa: FBT001
    """An x of (steps, features) has states without a batch, in either layout, as in PyTorch."""
    rnn = scratch_of(layers=2, bidirectional=True, batch_first=batch_first)
    arguments = draw(1, STEPS, FEATURES), draw(2, 4, NODES), draw(3, STEPS, 10), draw(4, 4, NODES)
    assert_close(found_of(rnn, *arguments), expected_of(rnn, *arguments))


def test_one_layer_is_simple_rnn() -> None:
    """With one layer in one direction, RNN and SimpleRNN agree to the last bit."""
    rnn, simple = scratch_of(), SimpleRNN(FEATURES, NODES)
    simple.W_x, simple.W_h, simple.b = rnn.weights.values()
    x, h_0, d_output, _ = drawn(rnn)
    np.testing.assert_array_equal(rnn.forward(x, h_0)[0], simple.forward(x, h_0[0]))
    gradients = simple.backward(x, d_output, inputs=True)
    found = rnn.backward(d_output)
    for name, gradient in zip(("W_x", "W_h", "b", "x"), gradients, strict=False):
        np.testing.assert_array_equal(found[name], gradient)
    np.testing.assert_array_equal(found["h_0"][0], gradients[-1])


def test_weights_have_pytorchs_order() -> None:
    """Layer by layer, the reverse direction after the forward one."""
    order = [torch_name(name) for name in RNN(3, 5, layers=3, bidirectional=True).weights]
    twin = nn.RNN(3, 5, 3, bidirectional=True).state_dict()
    assert order == [name for name in twin if not name.startswith("bias_hh")]


# Lengths


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_padding_plays_no_part(options: dict[str, Any]) -> None:
    """NaN after a row's end, in x and in d_output, changes nothing."""
    rnn = scratch_of(**options)
    x, h_0, d_output, d_final = drawn(rnn)
    lengths = [2, 6, 1, 4]
    expected = found_of(rnn, x, h_0, d_output, d_final, lengths)
    padding = np.arange(STEPS) >= np.array(lengths)[:, None]
    padding = padding if rnn.batch_first else padding.T
    x[padding] = d_output[padding] = np.nan
    found = found_of(rnn, x, h_0, d_output, d_final, lengths)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    assert not found["output"][padding].any()
    assert not found["x"][padding].any()


def test_rows_of_their_own_length_are_rows_of_their_own() -> None:
    """Each row of a batch with lengths is what it is alone, cut at its length."""
    rnn = scratch_of(layers=2, bidirectional=True)
    x, h_0, _, _ = drawn(rnn)
    output, final = rnn.forward(x, h_0, [2, 6, 1, 4])
    for row, length in enumerate([2, 6, 1, 4]):
        alone, alone_final = rnn.forward(x[row, :length], h_0[:, row])
        np.testing.assert_allclose(output[row, :length], alone, **CLOSE)
        np.testing.assert_allclose(final[:, row], alone_final, **CLOSE)


# Dropout


def masked_chain(rnn: RNN, masks: list[Array], *arguments: Array) -> dict[str, Array]:
    """Return what single-layer nn.RNNs give, one on the other, with masks between."""
    x, h_0, d_output, d_final = map(tensor, arguments)
    whole, below = torch_of(rnn), x.requires_grad_()
    h_0.requires_grad_()
    layers, finals = [], []
    for layer in range(rnn.layers):
        single = nn.RNN(
            below.shape[-1], NODES, batch_first=True, bidirectional=True, dtype=torch.float64
        )
        for name, weight in single.state_dict().items():
            weight.copy_(whole.state_dict()[name.replace("_l0", f"_l{layer}")])
        below, final = single(below, h_0[2 * layer : 2 * layer + 2])
        if layer < rnn.layers - 1:
            below = below * tensor(masks[layer])
        layers.append(single)
        finals.append(final)
    torch.autograd.backward([below, torch.cat(finals)], [d_output, d_final])
    found = {"output": below, "final": torch.cat(finals), "x": x.grad, "h_0": h_0.grad}
    for name in rnn.weights:
        layer = int(torch_name(name).split("_l")[1][0])
        of_layer = dict(layers[layer].named_parameters())
        found[name] = of_layer[torch_name(name).replace(f"_l{layer}", "_l0")].grad
    return {
        name: numbers(value).T if name in rnn.weights else numbers(value)
        for name, value in found.items()
    }


def test_given_masks_stand_between_layers() -> None:
    """Each layer's output but the last's is multiplied by its mask, on the way back as well."""
    rnn = scratch_of(layers=3, bidirectional=True, dropout=0.25)
    masks = [(draw(seed, BATCH, STEPS, 10) > -0.7) / 0.75 for seed in (5, 6)]
    arguments = drawn(rnn)
    output, final = rnn.forward(*arguments[:2], masks=masks)
    found = {"output": output, "final": final} | rnn.backward(*arguments[2:])
    assert_close(found, masked_chain(rnn, masks, *arguments))


@pytest.mark.parametrize("dropout", [0.0, 0.5, 1.0])
def test_no_dropout_outside_training(dropout: float) -> None:
    """With training = False, RNN is nn.RNN(dropout=p).eval()."""
    rnn = scratch_of(layers=2, dropout=dropout)
    rnn.training = False
    assert_close(found_of(rnn, *drawn(rnn)), expected_of(rnn, *drawn(rnn)))


def test_dropout_of_one_leaves_nothing() -> None:
    """With p = 1, upper layers see zeros and lower ones no gradient, as in PyTorch."""
    rnn = scratch_of(layers=2, dropout=1.0)
    found = found_of(rnn, *drawn(rnn))
    assert_close(found, expected_of(rnn, *drawn(rnn)))
    assert not found["W_x_l1"].any()


def test_drawn_masks_are_zero_or_the_inverse_of_what_remains() -> None:
    """The share p of a layer's output is zero, the rest is divided by 1 - p; all else is as is."""
    rnn = RNN(2, 50, layers=2, dropout=0.3, seed=0, activation="relu")
    rnn.weights["W_x_l1"] = np.eye(50)
    rnn.weights["W_h_l1"] = np.zeros((50, 50))
    output, _ = rnn.forward(np.ones((20, 10, 2)), np.ones((2, 20, 50)))
    below = rnn.inner[0]
    kept = output[below > 0] != 0
    assert kept.mean() == pytest.approx(0.7, abs=4 * (0.21 / kept.size) ** 0.5)
    np.testing.assert_allclose(output[below > 0][kept], below[below > 0][kept] / 0.7, rtol=1e-12)


def test_seed_decides_the_masks() -> None:
    """Two layers of one seed draw the same masks; one layer draws new ones at each call."""
    first, second = (RNN(3, 5, layers=2, dropout=0.5, seed=3) for _ in range(2))
    x = draw(0, BATCH, STEPS, 3)
    outputs = [rnn.forward(x)[0] for rnn in (first, second, first)]
    assert np.array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[0], outputs[2])


def test_inner_is_every_layers_own_output() -> None:
    """`inner` has each layer's output before dropout, the last one's being the output."""
    rnn = scratch_of(layers=3, bidirectional=True, dropout=0.5)
    x, h_0, _, _ = drawn(rnn)
    output, _ = rnn.forward(x, h_0)
    single = scratch_of(bidirectional=True)
    single.weights = {name: rnn.weights[name] for name in single.weights}
    inner = rnn.inner
    assert [array.shape for array in inner] == [(BATCH, STEPS, 10)] * 3
    np.testing.assert_array_equal(inner[0], single.forward(x, h_0[:2])[0])
    np.testing.assert_array_equal(inner[-1], output)


# Dtypes

ROUNDINGS = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}


@pytest.mark.parametrize("dtype", ROUNDINGS.values(), ids=ROUNDINGS.keys())
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_every_dtype_agrees_within_its_rounding(options: dict[str, Any], dtype: Any) -> None:
    """All results have the dtype, and differ from nn.RNN's by few units of its rounding."""
    rnn = scratch_of(dtype, **options)
    arguments = drawn(rnn)
    found, expected = found_of(rnn, *arguments), expected_of(rnn, *arguments)
    unit = float(ml_dtypes.finfo(dtype).eps)
    for name, value in expected.items():
        assert found[name].dtype == dtype
        difference = np.abs(found[name].astype(np.float64) - value).max()
        assert difference <= 8 * unit * np.abs(value).max(), name


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sixteen_bits_are_rounded_where_pytorch_rounds(dtype: str) -> None:
    """Each product with its bias, their sum and its tanh are rounded once: the same bits.

    Time first: with the batch first, nn.RNN rounds once more, between the product and its bias.
    """
    rnn = scratch_of(np.dtype(dtype), batch_first=False)
    x, h_0, d_output, _ = drawn(rnn)
    expected = expected_of(rnn, x, h_0, d_output, None)
    output, final = rnn.forward(x, h_0)
    np.testing.assert_array_equal(output.astype(np.float64), expected["output"])
    np.testing.assert_array_equal(final.astype(np.float64), expected["final"])
    found = rnn.backward(d_output)["x"].astype(np.float64)
    np.testing.assert_array_equal(found, expected["x"])


# What a caller sees


def test_results_belong_to_the_caller() -> None:
    """Overwriting what was given or returned disturbs nothing; a later call changes no result."""
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
    """Forward passes of one layer in several threads give what they give one by one."""
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
    kept = x.nbytes + 2 * output.nbytes  # x, the states and the output that is the caller's
    return peak, kept + sum(gradient.nbytes for gradient in gradients.values())


@pytest.mark.parametrize("lengths", [None, [3, 40, 1, 40, 17, 2, 40, 5]], ids=["full", "packed"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16], ids=lambda d: d.__name__)
def test_input_is_copied_once(dtype: Any, lengths: list[int] | None) -> None:
    """What the kernels read is the one copy of x, whatever its numbers and its rows."""
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


# What is refused

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
    """One line names the value and what was expected."""
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
    """There are no states to go back through before a forward pass."""
    with pytest.raises(RuntimeError, match="call forward first"):
        RNN(3, 4).backward(np.ones((2, 5, 4)))
