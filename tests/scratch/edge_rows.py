"""The table of the edges of nn.RNN: each row with the calls that it describes."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from tests.scratch.against_torch import Array, numpy_dtype
from tests.scratch.calls import BATCH, FEATURES, NODES, STEPS, Call, X, draw

NAN, INF = float("nan"), float("inf")
WARNS = "; NumPy may warn"


class Way(NamedTuple):
    """One call of a row, and the evidence for the row's claim on how it is accepted."""

    call: Call
    says: str = ""  # a part of scratch's message, where it refuses
    like: Call | None = None  # what PyTorch then computes, or scratch where only scratch accepts
    scratch_like: Call | None = None  # what scratch computes, where both accept and differ


class Row(NamedTuple):
    """A row of the table in docs/edges.md, and each call that it describes."""

    call: str
    pytorch: str
    scratch: str
    ways: tuple[Way, ...]


def refused(says: str, **call: Any) -> Way:
    return Way(Call(**call), says)


def same(**call: Any) -> Way:
    return Way(Call(**call))


PACKED = Call(lengths=[2, 5, 1])
SORTED = Call(lengths=[5, 2, 1], enforce_sorted=True)
TIME_FIRST = {"batch_first": False}
BOTH_WAYS = {"layers": 2, "bidirectional": True}
STATE = (1, BATCH, NODES)


def packed(says: str, like: Call | None = None, **call: Any) -> Way:
    return Way(replace(PACKED, **call), says, like)


def in_order(says: str, like: Call | None = None, **call: Any) -> Way:
    return Way(replace(SORTED, **call), says, like)


def states(*shape: int) -> Array:
    return draw(3, *shape)


def holed(*values: float) -> Array:
    """Return x with numbers that are not finite, from its second step on."""
    x = X.copy()
    for row, value in enumerate(values):
        x[row, 1 + row, row] = value
    return x


def not_finite(*holes: list[float]) -> tuple[Way, ...]:
    """Return the ways in which such numbers go through: each activation, stacked, packed."""
    return tuple(
        Way(replace(call, x=holed(*values), options={"activation": activation} | options))
        for activation in ("tanh", "relu")
        for call, options in ((Call(), {}), (Call(), BOTH_WAYS), (PACKED, BOTH_WAYS))
        for values in holes
    )


DEAD = Call(
    x=np.zeros_like(X),
    weights={"b": np.zeros(NODES)},
    options={"activation": "relu"},
    d_output=np.full((BATCH, STEPS, NODES), NAN),
    d_final=np.zeros(STATE),
)
"""Every state is zero, and every gradient by one is NaN."""

ROWS = (
    Row(
        "a batch of 0",
        "accepted",
        "the same",
        (
            same(x=X[:0]),
            same(x=X[:0], h_0=states(4, 0, NODES), options=BOTH_WAYS),
            same(x=X[:0].swapaxes(0, 1), options=TIME_FIRST),
        ),
    ),
    Row(
        "0 steps",
        "RuntimeError",
        "`ShapeError`",
        (
            refused("x must have at least one step, got shape (3, 0, 3)", x=X[:, :0]),
            refused("got shape (0, 3, 3)", x=X[:, :0].swapaxes(0, 1), options=TIME_FIRST),
            refused("got shape (0, 3)", x=X[0, :0]),
        ),
    ),
    Row(
        "x of 0, 1 or 4 dimensions",
        "ValueError",
        "`ShapeError`",
        (
            refused("must have shape (batch, steps, 3) or (steps, 3), got ()", x=np.array(1.0)),
            refused("x must have shape (batch, steps, 3) or (steps, 3), got (3,)", x=X[0, 0]),
            refused("(steps, batch, 3) or (steps, 3), got (3,)", x=X[0, 0], options=TIME_FIRST),
            refused("got (1, 3, 5, 3)", x=X[None]),
        ),
    ),
    Row(
        "x of 2 dimensions, without a batch",
        "accepted",
        "the same",
        (same(x=X[0]), same(x=X[0], h_0=states(4, NODES), options=TIME_FIRST | BOTH_WAYS)),
    ),
    Row(
        "another number of features",
        "RuntimeError",
        "`ShapeError`",
        (
            refused("x must have shape (batch, steps, 3), got (3, 5, 2)", x=X[..., :2]),
            refused("x must have shape (steps, 3), got (5, 2)", x=X[0, :, :2]),
            packed("x must have shape (batch, steps, 3), got (3, 5, 2)", x=X[..., :2]),
        ),
    ),
    Row(
        "x of another dtype, of integers",
        "ValueError",
        "`DtypeError`",
        (
            refused("x must be float64, as the layer, got float32", x=X.astype(np.float32)),
            refused("x must be float64, as the layer, got int64", x=X.astype(np.int64)),
            refused("x must be float32, as the layer, got float64", options={"dtype": "float32"}),
            packed("x must be float64, as the layer, got float32", x=X.astype(np.float32)),
        ),
    ),
    Row(
        "h_0 of another dtype",
        "RuntimeError",
        "`DtypeError`",
        (
            refused("h_0 must be float64, as the layer, got float32", h_0=np.zeros(STATE, "f4")),
            packed("h_0 must be float64, as the layer, got float32", h_0=np.zeros(STATE, "f4")),
        ),
    ),
    Row(
        "`W_x` of another dtype",
        "ValueError",
        "`DtypeError`",
        (
            refused(
                "W_x must be float64, as the layer, got float32",
                weights={"W_x": np.ones((FEATURES, NODES), np.float32)},
            ),
        ),
    ),
    Row(
        "`W_h` of another dtype",
        "RuntimeError",
        "`DtypeError`",
        (
            refused(
                "W_h must be float64, as the layer, got float32",
                weights={"W_h": np.ones((NODES, NODES), np.float32)},
            ),
        ),
    ),
    Row(
        "`bias_ih` of another dtype, x of 3 dimensions",
        "accepted, in the layer's dtype",
        "`DtypeError`",
        (
            Way(
                Call(weights={"b": np.ones(NODES, np.float32)}),
                "b must be float64, as the layer, got float32",
                like=Call(weights={"b": np.ones(NODES)}),
            ),
        ),
    ),
    Row(
        "`bias_ih` of another dtype, x packed or of 2 dimensions",
        "RuntimeError",
        "`DtypeError`",
        (
            packed("b must be float64", weights={"b": np.ones(NODES, np.float32)}),
            refused("b must be float64", weights={"b": np.ones(NODES, np.float32)}, x=X[0]),
        ),
    ),
    Row(
        "`W_x`, `W_h` or `b` of another shape",
        "RuntimeError",
        "`ShapeError`",
        (
            refused("W_x must have shape (3, 4), got (4, 3)", weights={"W_x": np.ones((4, 3))}),
            refused("W_h must have shape (4, 4), got (3, 4)", weights={"W_h": np.ones((3, 4))}),
            refused("b must have shape (4,), got (5,)", weights={"b": np.ones(5)}),
        ),
    ),
    Row(
        "`b` of 1 number",
        "accepted, for every node",
        "`ShapeError`",
        (
            Way(
                Call(weights={"b": np.ones(1)}),
                "b must have shape (4,), got (1,)",
                like=Call(weights={"b": np.ones(NODES)}),
            ),
        ),
    ),
    Row(
        "a list for x or h_0",
        "AttributeError",
        "accepted, in the layer's dtype",
        (
            Way(Call(x=X.tolist()), like=Call()),
            Way(Call(h_0=states(*STATE).tolist()), like=Call(h_0=states(*STATE))),
        ),
    ),
    Row(
        "h_0 of other dimensions, layers, nodes",
        "RuntimeError",
        "`ShapeError`",
        (
            refused("h_0 must have shape (1, 3, 4), got (3, 4)", h_0=states(3, 4)),
            refused("h_0 must have shape (1, 4), got (1, 1, 4)", x=X[0], h_0=states(1, 1, 4)),
            refused("h_0 must have shape (1, 3, 4), got (2, 3, 4)", h_0=states(2, 3, 4)),
            refused("h_0 must have shape (1, 3, 4), got (1, 3, 5)", h_0=states(1, 3, 5)),
            packed("h_0 must have shape (1, 3, 4), got (2, 3, 4)", h_0=states(2, 3, 4)),
            packed("h_0 must have shape (1, 3, 4), got (1, 3, 5)", h_0=states(1, 3, 5)),
        ),
    ),
    Row(
        "h_0 of a smaller batch",
        "RuntimeError",
        "`ShapeError`",
        (
            refused("h_0 must have shape (1, 3, 4), got (1, 1, 4)", h_0=states(1, 1, 4)),
            refused(
                "h_0 must have shape (4, 3, 4), got (4, 2, 4)",
                h_0=states(4, 2, 4),
                options=BOTH_WAYS,
            ),
            in_order("h_0 must have shape (1, 3, 4), got (1, 2, 4)", h_0=states(1, 2, 4)),
            packed("h_0 must have shape (1, 3, 4), got (1, 2, 4)", h_0=states(1, 2, 4)),
            packed("got (1, 1, 4)", h_0=states(1, 1, 4), lengths=[5, 5, 5]),
        ),
    ),
    Row(
        "h_0 of a larger batch, x padded or `enforce_sorted=True`",
        "RuntimeError",
        "`ShapeError`",
        (
            refused("h_0 must have shape (1, 3, 4), got (1, 4, 4)", h_0=states(1, 4, 4)),
            in_order("h_0 must have shape (1, 3, 4), got (1, 4, 4)", h_0=states(1, 4, 4)),
        ),
    ),
    Row(
        "h_0 of a larger batch, `enforce_sorted=False`",
        "accepted, without its last rows",
        "`ShapeError`",
        (
            packed(
                "h_0 must have shape (1, 3, 4), got (1, 5, 4)",
                like=replace(PACKED, h_0=states(1, 5, 4)[:, :3]),
                h_0=states(1, 5, 4),
            ),
            packed(
                "h_0 must have shape (1, 3, 4), got (1, 4, 4)",
                like=replace(PACKED, h_0=states(1, 4, 4)[:, :3], lengths=[5, 2, 1]),
                h_0=states(1, 4, 4),
                lengths=[5, 2, 1],
            ),
        ),
    ),
    Row(
        "a length of 0, or negative",
        "RuntimeError",
        "ValueError",
        (
            packed("lengths must lie in 1..5, got 0", lengths=[2, 0, 5]),
            packed("lengths must lie in 1..5, got -1", lengths=[2, -1, 5]),
            in_order("lengths must lie in 1..5, got 0", lengths=[5, 2, 0]),
            in_order("lengths must lie in 1..5, got -1", lengths=[5, 2, -1]),
        ),
    ),
    Row(
        "a length beyond the steps",
        "RuntimeError",
        "ValueError",
        (
            packed("lengths must lie in 1..5, got 6", lengths=[2, 6, 1]),
            packed("lengths must lie in 1..5, got 6", lengths=[6, 6, 6]),
            in_order("lengths must lie in 1..5, got 6", lengths=[6, 5, 5]),
            in_order("lengths must lie in 1..5, got 6", lengths=[6, 6, 6]),
            in_order("lengths must lie in 1..5, got 8", lengths=[8, 2, 1]),
            in_order(
                "lengths must lie in 1..5, got 6",
                lengths=[6, 2, 1],
                x=X.swapaxes(0, 1),
                options=TIME_FIRST,
            ),
        ),
    ),
    Row(
        "too few lengths, `enforce_sorted=True`",
        "RuntimeError",
        "`ShapeError`",
        (in_order("lengths must have shape (3,), got (2,)", lengths=[5, 2]),),
    ),
    Row(
        "too few lengths, `enforce_sorted=False`",
        "accepted, without x's last rows",
        "`ShapeError`",
        (
            packed(
                "lengths must have shape (3,), got (2,)",
                like=replace(PACKED, x=X[:2], lengths=[2, 5]),
                lengths=[2, 5],
            ),
        ),
    ),
    Row(
        "too many lengths, `enforce_sorted=True`",
        "RuntimeError",
        "`ShapeError`",
        (in_order("lengths must have shape (3,), got (4,)", lengths=[5, 2, 1, 1]),),
    ),
    Row(
        "too many lengths, `enforce_sorted=False`",
        "IndexError",
        "`ShapeError`",
        (packed("lengths must have shape (3,), got (4,)", lengths=[2, 5, 1, 1]),),
    ),
    Row(
        "lengths of 2.5",
        "accepted, truncated",
        "TypeError",
        (
            packed(
                "lengths must be whole numbers, got dtype float64",
                like=replace(PACKED, lengths=[2, 5, 1]),
                lengths=[2.5, 5.0, 1.9],
            ),
            in_order("got dtype float64", like=SORTED, lengths=[5.0, 2.5, 1.9]),
        ),
    ),
    Row(
        "lengths of True",
        "accepted, as 1",
        "TypeError",
        (
            packed(
                "lengths must be whole numbers, got dtype bool",
                like=replace(PACKED, lengths=[1, 1, 1]),
                lengths=[True, True, True],
            ),
        ),
    ),
    Row(
        "lengths in any order, `enforce_sorted=True`",
        "RuntimeError",
        "accepted, as with `enforce_sorted=False`",
        (in_order("", like=PACKED, lengths=PACKED.lengths),),
    ),
    Row(
        "lengths for x of 2 dimensions, or for a batch of 0",
        "RuntimeError",
        "`ShapeError`",
        (
            packed("need a batch of at least one row, got x without one", x=X[0], lengths=[5]),
            in_order("need a batch of at least one row, got x without one", x=X[0], lengths=[5]),
            packed("need a batch of at least one row, got an empty one", x=X[:0], lengths=[]),
            in_order("need a batch of at least one row, got an empty one", x=X[:0], lengths=[]),
        ),
    ),
    Row(
        "sizes or layers of 0, -1",
        "ValueError",
        "ValueError",
        (
            refused("n_features must be a whole number of at least 1, got 0", sizes=(0, 4)),
            refused("n_features must be a whole number of at least 1, got -1", sizes=(-1, 4)),
            refused("n_nodes must be a whole number of at least 1, got 0", sizes=(3, 0)),
            refused("n_nodes must be a whole number of at least 1, got -1", sizes=(3, -1)),
            refused("layers must be a whole number of at least 1, got 0", options={"layers": 0}),
            refused("layers must be a whole number of at least 1, got -1", options={"layers": -1}),
        ),
    ),
    Row(
        "sizes or layers of 4.0, n_nodes or layers of True",
        "TypeError",
        "ValueError",
        (
            refused("n_features must be a whole number of at least 1, got 4.0", sizes=(4.0, 4)),
            refused("n_nodes must be a whole number of at least 1, got 4.0", sizes=(3, 4.0)),
            refused("n_nodes must be a whole number of at least 1, got True", sizes=(3, True)),
            refused("layers must be a whole number of", options={"layers": 4.0}),
            refused("of at least 1, got True", options={"layers": True}),
        ),
    ),
    Row(
        "n_features of True",
        "accepted, as 1",
        "ValueError",
        (
            Way(
                Call(sizes=(True, 4), x=X[..., :1]),
                "n_features must be a whole number of at least 1, got True",
                like=Call(sizes=(1, 4), x=X[..., :1]),
            ),
        ),
    ),
    Row(
        "dropout of 1, or 0",
        "accepted",
        "the same",
        (
            same(options={"layers": 2, "dropout": 1}),
            same(options={"layers": 2, "dropout": 1.0}),
            same(options={"layers": 2, "dropout": 0}),
            same(options={"dropout": 0.0}),
        ),
    ),
    Row(
        "dropout of 1.1, -0.1, NaN, True",
        "ValueError",
        "ValueError",
        (
            refused(
                "dropout must be a number in 0..1, got 1.1", options={"layers": 2, "dropout": 1.1}
            ),
            refused("got -0.1", options={"layers": 2, "dropout": -0.1}),
            refused("got nan", options={"layers": 2, "dropout": NAN}),
            refused("got True", options={"layers": 2, "dropout": True}),
        ),
    ),
    Row("dropout with one layer", "UserWarning", "UserWarning", (same(options={"dropout": 0.5}),)),
    Row(
        "an unknown nonlinearity",
        "ValueError",
        "ValueError",
        (
            refused(
                "activation must be tanh, relu or a callable, got 'gelu'",
                options={"activation": "gelu"},
            ),
        ),
    ),
    Row(
        "`bias`, `batch_first` or `bidirectional` of 'no'",
        "TypeError",
        "TypeError",
        tuple(
            refused(f"{name} must be True or False, got 'no'", options={name: "no"})
            for name in ("bias", "batch_first", "bidirectional")
        ),
    ),
    Row(
        "float16, bfloat16",
        "accepted",
        "the same",
        tuple(
            same(x=X.astype(numpy_dtype(name)), options={"dtype": name})
            for name in ("float16", "bfloat16")
        ),
    ),
    Row(
        "a dtype of integers",
        "RuntimeError",
        "ValueError",
        (refused("or float64, got int64", options={"dtype": "int64"}, x=None),),
    ),
    Row(
        "a complex dtype",
        "accepted",
        "ValueError",
        (refused("or float64, got complex64", options={"dtype": "complex64"}, x=None),),
    ),
    Row(
        "a gradient of another shape",
        "RuntimeError",
        "`ShapeError`",
        (
            refused(
                "d_output must have shape (3, 5, 4), got (3, 5, 3)", d_output=np.ones((3, 5, 3))
            ),
            refused("d_final must have shape (1, 3, 4), got (3, 4)", d_final=np.ones((3, 4))),
        ),
    ),
    Row(
        "a gradient of another dtype",
        "accepted, in the layer's dtype",
        "the same",
        (
            Way(
                Call(d_output=np.ones((3, 5, 4), np.float32)),
                like=Call(d_output=np.ones((3, 5, 4))),
            ),
        ),
    ),
    Row("NaN in x", "accepted", "the same", not_finite([NAN], [NAN, NAN, NAN])),
    Row(
        "infinity in x",
        "accepted",
        f"the same{WARNS}",
        not_finite([INF], [-INF], [INF, -INF, NAN]),
    ),
    Row(
        "a gradient of NaN where relu is 0",
        "accepted, as 0",
        "accepted, as NaN",
        (
            Way(
                DEAD,
                like=replace(DEAD, d_output=np.zeros((BATCH, STEPS, NODES))),
                scratch_like=replace(DEAD, options={"activation": "tanh"}),
            ),
        ),
    ),
)
