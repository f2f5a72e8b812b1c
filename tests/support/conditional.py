"""Conditional mistakes: the plain network, wrong only where a size, a label or a number is special.

Each one is a shortcut, a buffer or a guard that people write, and that most data never reach. They
are independent of the grids: each has the id of a configuration that shows it, and nothing else
about configurations.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from parity.model.cell import Cell
from tests.support.mutants.mutant import Mutant, Stage, Stages, mutant
from tests.support.plain import Pass, PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork


def _only(holds: Callable[[Net], Any], **wrong: Stage) -> Stages:
    """Return stages that replace the right ones only where `holds` says so."""

    def either(name: str, stage: Stage) -> Stage:
        def chosen(net: Net, *given: Any) -> Any:
            return (stage if holds(net) else getattr(Net, name))(net, *given)

        return chosen

    return {name: either(name, stage) for name, stage in wrong.items()}


def _edited(name: str, edit: Callable[[Net, Array], Any]) -> Stages:
    """Return a stage whose result is a copy of the right one, changed in place by `edit`."""

    def stage(net: Net, *given: Any) -> Array:
        result = np.array(getattr(Net, name)(net, *given))
        edit(net, result)
        return result

    return {name: stage}


def _fill(array: Array, places: Any, value: float = 0) -> None:
    array[places] = value


# -- sizes: pairs, blocks and buffers --------------------------------------------------------------


def _step_7_reads_6(net: Net, cell: Cell, x_t: Array, states: Sequence[Array], t: int) -> Array:
    return Net.one_step(net, cell, x_t, states[:-1] if t == 7 else states, t)


def _truncated(most: int) -> Stage:
    """Carry no gradient further back than `most` steps."""

    def carried(net: Net, one: Pass, da_t: Array, t: int) -> Array:
        return Net.carried(net, one, da_t, t) * (one.steps - t < most)

    return carried


def _detached_at_tens(net: Net, one: Pass, da_t: Array, t: int) -> Array:
    return Net.carried(net, one, da_t, t) * (t % 10 != 0)


def _unrolled_by_two(net: Net, one: Pass, da: Array) -> Array:
    even = one.steps // 2 * 2
    terms = net.products(one.x, da)
    return net.accumulated("W_x", terms[:even] or [terms[0] * 0])


def _middle_twice(net: Net, da: Array) -> Array:
    even = da.shape[1] % 2 == 0
    return Net.d_b(net, da) + (da[:, da.shape[1] // 2].sum(axis=0) if even else 0)


def _mean_of_32(net: Net, labels: Array, weights: Array) -> Any:
    return min(Net.divisor(net, labels, weights), 32)


SIZES = (
    mutant(
        "hidden-odd", "h5", **_edited("d_W_h", lambda n, g: _fill(g, np.s_[:, len(g) // 2 * 2 :]))
    ),
    mutant(
        "hidden-power-of-two",
        "h8",
        **_only(
            lambda n: n.config.hidden & (n.config.hidden - 1) == 0,
            d_W_h=lambda n, *given: Net.d_W_h(n, *given).T,
        ),
    ),
    mutant("hidden-above-16", "h17", **_edited("d_W_h", lambda n, g: _fill(g, np.s_[:, 16:]))),
    mutant(
        "hidden-one",
        "h1",
        **_only(lambda n: n.config.hidden == 1, from_state=lambda n, cell, h: h * 0),
    ),
    mutant(
        "batch-one",
        "b1",
        **_only(lambda n: n.config.batch == 1, d_h_0=lambda n, one, da: one.states[:, 0] * 0),
    ),
    mutant(
        "batch-two",
        "b2",
        **_only(lambda n: n.config.batch == 2, d_b=lambda n, da: Net.d_b(n, da) / 2),
    ),
    mutant(
        "batch-above-16", "b17", d_W_x=lambda n, one, da: Net.d_W_x(n, one, _rows(da, np.s_[:16]))
    ),
    mutant("batch-above-32", "b33", divisor=_mean_of_32),
    mutant(
        "batch-odd",
        "b5",
        **_edited("d_inputs", lambda n, g: _fill(g, np.s_[len(g) // 2 * 2 :])),
    ),
    mutant("step-7", "t8", one_step=_step_7_reads_6),
    mutant("steps-above-50", "t51-chaotic", carried=_truncated(50)),
    mutant("steps-above-24", "t25-chaotic", carried=_truncated(24)),
    mutant("steps-above-10", "t11", carried=_detached_at_tens),
    mutant(
        "one-step",
        "t1",
        **_only(lambda n: n.config.steps == 1, d_W_h=lambda n, *given: Net.d_W_h(n, *given) * 0),
    ),
    mutant("steps-odd", "t5", d_W_x=_unrolled_by_two),
    mutant("steps-even", "t6", d_b=_middle_twice),
    mutant("features-above-8", "f9", **_edited("d_W_x", lambda n, g: _fill(g, np.s_[8:]))),
    mutant(
        "features-one",
        "f1",
        **_only(
            lambda n: n.config.features == 1,
            d_W_x=lambda n, *given: Net.d_W_x(n, *given) / n.config.batch,
        ),
    ),
    mutant(
        "classes-two",
        "c2",
        **_only(
            lambda n: n.config.classes == 2, d_logits=lambda n, *given: Net.d_logits(n, *given) / 2
        ),
    ),
    mutant(
        "classes-above-9",
        "b33-c11",
        **_edited("onehot", lambda n, rows: _fill(rows, np.s_[:, 10:])),
    ),
    mutant(
        "more-classes-than-hidden",
        "h3-c5",
        **_edited("d_W_out", lambda n, g: _fill(g, np.s_[:, len(g) :])),
    ),
)


def _rows(array: Array, kept: slice) -> Array:
    """Return an array that is zero in all other rows."""
    result = np.zeros_like(array)
    result[kept] = array[kept]
    return result


# -- sizes that are equal: axes are told apart by their sizes --------------------------------------


def _equal(one: str, other: str) -> Callable[[Net], bool]:
    return lambda net: bool(getattr(net.config, one) == getattr(net.config, other))


def _softmax_over_rows(net: Net, logits: Array) -> Array:
    return Net.softmax(net, logits.T).T


EQUALS = (
    mutant(
        "batch-equals-steps",
        "b5-t5",
        **_only(_equal("batch", "steps"), inputs=lambda n: Net.inputs(n).swapaxes(0, 1)),
    ),
    mutant(
        "features-equal-hidden",
        "f6-h6",
        **_only(
            _equal("features", "hidden"),
            from_input=lambda n, cell, x_t: x_t @ n.weight(cell, "W_x").T,
        ),
    ),
    mutant(
        "hidden-equals-classes",
        "h4-c4",
        **_only(
            _equal("hidden", "classes"),
            logits=lambda n, h: h @ n.weights["W_out"].T + n.weights["b_out"],
        ),
    ),
    mutant(
        "batch-equals-hidden",
        "b6-h6",
        **_only(_equal("batch", "hidden"), d_h_0=lambda n, *given: Net.d_h_0(n, *given).T),
    ),
    mutant(
        "steps-equal-features",
        "t3-f3",
        **_only(_equal("steps", "features"), inputs=lambda n: Net.inputs(n).swapaxes(1, 2)),
    ),
    mutant(
        "batch-equals-classes",
        "b4-c4",
        **_only(_equal("batch", "classes"), softmax=_softmax_over_rows),
    ),
    mutant(
        "steps-equal-hidden",
        "t6-h6",
        **_only(
            _equal("steps", "hidden"),
            states_before=lambda n, one: Net.states_before(n, one).swapaxes(1, 2),
        ),
    ),
)


# -- labels ----------------------------------------------------------------------------------------


def _off_for(which: Callable[[Net, Array], Array], factor: float) -> Stage:
    """Multiply the logits' gradient of some rows, told by their labels."""

    def d_logits(net: Net, logits: Array, labels: Array) -> Array:
        rows: Array = np.where(which(net, labels), factor, 1.0)[:, None].astype(logits.dtype)
        return Net.d_logits(net, logits, labels) * rows

    return d_logits


def _present_only(net: Net, d_logits: Array) -> Array:
    present = np.isin(np.arange(net.config.classes), net.labels())
    return Net.d_b_out(net, d_logits) * present


def _once_per_label(net: Net, logits: Array, labels: Array) -> Array:
    """p[:, labels] -= 1 written so that a label of several rows counts for its first row alone"""
    first = np.zeros(len(labels), bool)
    first[np.unique(labels, return_index=True)[1]] = True
    right = Net.d_logits(net, logits, labels)
    return right + np.where(first[:, None], 0, net.onehot(labels)) / len(labels)


def _one_label(net: Net) -> bool:
    return net.config.batch > 1 and len(np.unique(net.labels())) == 1


LABELS = (
    mutant("label-two", "eachlabel", d_logits=_off_for(lambda n, labels: labels == 2, 2.0)),
    mutant("label-zero", "eachlabel", d_logits=_off_for(lambda n, labels: labels == 0, 0.0)),
    mutant(
        "label-last",
        "eachlabel",
        d_logits=_off_for(lambda n, labels: labels == n.config.classes - 1, 0.5),
    ),
    mutant("class-missing", "b3", d_b_out=_present_only),
    mutant("label-repeated", d_logits=_once_per_label),
    mutant(
        "labels-all-equal",
        "onelabel",
        **_only(_one_label, d_logits=lambda n, *given: Net.d_logits(n, *given) * 0),
    ),
)


# -- inputs ----------------------------------------------------------------------------------------


def _skips(same: Callable[[Array, int], Array]) -> Stage:
    """Keep the state of a row at the steps that `same` finds."""

    def run_cell(net: Net, cell: Cell, x: Array, own: Array) -> Pass:
        skipped = np.stack([same(x, t) for t in range(x.shape[1])], axis=1)
        return Net.run_cell(net, cell, x, own & ~skipped)

    return run_cell


def _is_zero(x: Array, t: int) -> Array:
    zero: Array = (x[:, t] == 0).all(axis=1)
    return zero


def _is_as_before(x: Array, t: int) -> Array:
    same: Array = (x[:, t] == x[:, t - 1]).all(axis=1)
    return same if t else np.zeros(len(x), bool)


def _repeated_rows(x: Array) -> Array:
    """Whether a row is equal to an earlier one: (batch,)"""
    flat = x.reshape(len(x), -1)
    first = np.unique(flat, axis=0, return_index=True)[1]
    return ~np.isin(np.arange(len(x)), first)


def _rows_once(net: Net, one: Pass, da: Array) -> Array:
    return Net.d_W_x(net, one, da * ~_repeated_rows(one.x)[:, None, None])


def _zeros_missing(net: Net, one: Pass, da: Array) -> Array:
    return np.where(one.x == 0, 0, Net.d_inputs(net, one, da))


def _near_zero_missing(net: Net, cell: Cell, x_t: Array) -> Array:
    return Net.from_input(net, cell, np.where(np.abs(x_t) < 1e-2, 0, x_t))


INPUTS = (
    mutant("x-zero-entry", "zeros", d_inputs=_zeros_missing),
    mutant("x-zero-step", "zeros", run_cell=_skips(_is_zero)),
    mutant("x-near-zero", "b33-t9", from_input=_near_zero_missing),
    mutant("x-beyond-1000", "large", inputs=lambda n: np.clip(Net.inputs(n), -1000, 1000)),
    mutant("row-repeats", "repeated", d_W_x=_rows_once),
    mutant("step-repeats", "repeated", run_cell=_skips(_is_as_before)),
)


# -- the initial state and the biases --------------------------------------------------------------


def _ones_for_absent(net: Net, cell: Cell) -> Array:
    absent = net.config.initial == "absent"
    return Net.initial_state(net, cell) + (0.1 if absent else 0)


def _none_if_zero(net: Net, one: Pass, da: Array) -> Array:
    return Net.d_h_0(net, one, da) * one.states[:, 0].any()


def _b_zero(net: Net) -> bool:
    return net.config.bias == "zero"


GIVEN = (
    mutant("initial-absent", "withouth0", initial_state=_ones_for_absent),
    mutant("initial-zero", "noh0", d_h_0=_none_if_zero),
    mutant("bias-zero", "nobias", **_only(_b_zero, d_b=lambda n, da: Net.d_b(n, da) * 0)),
    mutant(
        "bias-absent",
        "biasoff",
        **_only(
            lambda n: n.config.bias == "absent",
            logits=lambda n, h: h @ n.weights["W_out"],
        ),
    ),
)


# -- numbers: guards against what is large, and shortcuts for what is small ------------------------


def _clipped_by_norm_of_5(net: Net, gradients: dict[str, Array]) -> dict[str, Array]:
    norm = Net.norm(net, gradients)
    return {n: g * min(1, 5 / norm) if norm > 5 else g for n, g in gradients.items()}


def _entries_within_10(net: Net, gradients: dict[str, Array]) -> dict[str, Array]:
    return {name: np.clip(g, -10, 10) for name, g in Net.clipped(net, gradients).items()}


def _flushed(net: Net, gradients: dict[str, Array]) -> dict[str, Array]:
    return {name: np.where(np.abs(g) < 1e-6, 0, g) for name, g in gradients.items()}


def _at_lr(rate: Callable[[float], float]) -> Stage:
    return lambda net, name, heading: net.weights[name] - rate(net.config.lr) * heading


def _saturated(net: Net, h: Array) -> Array:
    return np.where(np.abs(h) > 0.99, 0, Net.tanh_slope(net, h))


def _tamed(net: Net, cell: Cell, h: Array) -> Array:
    """W_h divided by its norm where that is large: meant for the beginning, done at every step"""
    norm = max(1.0, float(np.linalg.norm(net.weight(cell, "W_h"), 2)))
    return Net.from_state(net, cell, h) / norm


def _pruned(net: Net, cell: Cell, x_t: Array) -> Array:
    W_x = net.weight(cell, "W_x")
    return x_t @ np.where(np.abs(W_x) < 5e-3, 0, W_x)


NUMBERS = (
    mutant(
        "logits-beyond-88",
        "largegrads",
        softmax=lambda n, logits: Net.softmax(n, np.clip(logits, -88, 88)),
    ),
    mutant(
        "logits-beyond-30",
        "largegrads",
        log_softmax=lambda n, logits: Net.log_softmax(n, np.clip(logits, -30, 30)),
    ),
    mutant(
        "loss-beyond-20", "largegrads", loss=lambda n, *given: np.minimum(Net.loss(n, *given), 20)
    ),
    mutant("gradient-norm-above-5", "largegrads", clipped=_clipped_by_norm_of_5),
    mutant("gradient-entry-above-10", "largegrads", clipped=_entries_within_10),
    mutant("gradient-below-1e-6", "tinygrads", finished=_flushed),
    mutant("tanh-saturated", "f16-h5-chaotic", tanh_slope=_saturated),
    mutant(
        "preactivation-beyond-5",
        "t1-huge",
        activation=lambda n, a: Net.activation(n, np.clip(a, -5, 5)),
    ),
    mutant("relu-above-6", "f16-h6-relu-chaotic", relu=lambda n, a: np.clip(a, 0, 6)),
    mutant("lr-above-0.1", "lr0.5", step=_at_lr(lambda lr: min(lr, 0.1))),
    mutant("lr-below-0.01", "lr0.001", step=_at_lr(lambda lr: round(lr, 2))),
    mutant("wh-norm-above-1", "chaotic", from_state=_tamed),
    mutant("wx-below-0.005", "small", from_input=_pruned),
)

CONDITIONAL: Mapping[str, Mutant] = MappingProxyType(
    {each.slug: each for part in (SIZES, EQUALS, LABELS, INPUTS, GIVEN, NUMBERS) for each in part}
)
"""All of them by their slugs."""
