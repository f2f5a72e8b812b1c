"""scratch.RNN has every option of torch.nn.RNN, and is compared with nn.RNN itself."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from torch import nn

from parity.scratch import RNN, SimpleRNN
from tests.scratch.stacks import (
    BATCH,
    CLOSE,
    FEATURES,
    LENGTHS,
    NODES,
    OPTIONS,
    STEPS,
    Array,
    assert_close,
    draw,
    drawn,
    expected_of,
    found_of,
    numbers,
    scratch_of,
    tensor,
    torch_name,
    torch_of,
)


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
    """Weights stand layer by layer, the reverse direction after the forward one."""
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
    """Each row of a batch with lengths gives the same as the row alone, cut at its length."""
    rnn = scratch_of(layers=2, bidirectional=True)
    x, h_0, _, _ = drawn(rnn)
    output, final = rnn.forward(x, h_0, [2, 6, 1, 4])
    for row, length in enumerate([2, 6, 1, 4]):
        alone, alone_final = rnn.forward(x[row, :length], h_0[:, row])
        np.testing.assert_allclose(output[row, :length], alone, **CLOSE)
        np.testing.assert_allclose(final[:, row], alone_final, **CLOSE)


# Dropout


def masked_chain(rnn: RNN, masks: list[Array], *arguments: Array) -> dict[str, Array]:
    """Return the results of single-layer nn.RNNs, one on the other, with masks between."""
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
    """The share p of a layer's output is zero, and the rest is divided by 1 - p."""
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
