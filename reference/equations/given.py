"""Given: a case in an arithmetic's own numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Self

import numpy as np

from parity.model.branches import Branches, valid
from parity.model.case import Array, Case
from parity.model.cell import Cell
from parity.model.trace import outputs
from parity.reference.equations.arithmetic import Arithmetic, M


@dataclass(frozen=True, kw_only=True)
class Given(Generic[M]):
    """The case in the arithmetic's own numbers, as one cell sees it: at first the first cell.

    For a cell that runs from the last step to the first, every list by step is in that order.
    """

    case: Case
    x: Sequence[M]  # per step (batch, features), or the states of the layer below
    h_0: M
    W_x: M
    W_h: M
    b: M  # (1, hidden)
    W_out: M
    b_out: M  # (1, classes)
    onehot: M  # (batch, classes); of labels that count, times the class weights
    step_onehot: Sequence[M]  # per step (batch, classes), where the loss wants them
    gates: Sequence[M | None]  # per step; None: the sign of the hidden state decides
    cell: Cell = field(default_factory=Cell)
    valid: Sequence[Array | None] = ()  # per step (batch, 1); None: every row has this step
    named: Mapping[str, M] = field(default_factory=dict)  # every cell's arrays
    branches: Branches | None = None

    def of(
        self,
        cell: Cell,
        inputs: Sequence[M],
        gates: Sequence[M | None],
        valid: Sequence[Array | None],
    ) -> Self:
        """Return the same case as another cell sees it; every list is in the order of its steps."""
        own: dict[str, Any] = {"x": inputs, "gates": gates, "valid": valid}
        if cell.suffix:
            own |= {of: self.named[cell.name(of)] for of in ("W_x", "W_h", "b", "h_0")}
        return replace(self, cell=cell, **own)

    def parameter(self, name: str) -> M:
        """Return a trainable array by its name."""
        found: M = self.named[name] if name in self.named else getattr(self, name)
        return found

    def whole(self) -> Self:
        """Return the same case as if every sequence had all steps."""
        return replace(self, valid=[None] * len(self.x))

    def after(self, stepped: Mapping[str, M]) -> Self:
        """Return the same case with other weights."""
        own = {name: value for name, value in stepped.items() if name not in self.named}
        named = {name: stepped.get(name, value) for name, value in self.named.items()}
        return replace(self, named=named, **own)  # type: ignore[arg-type]


def given(
    do: Arithmetic[M], case: Case, branches: Branches | None, weights: Mapping[str, M] | None
) -> Given[M]:
    """Return `case` in the numbers of `do`; `weights` replace the case's."""
    exact, config, steps = do.exact, case.config, range(case.config.steps)
    every = case.step_labels.T[..., None] == np.arange(config.classes)  # (steps, batch, classes)
    names = (*case.parameters, "W_x", "W_h", "b", "W_out", "b_out")
    weights = weights or {}
    arrays = {n: exact(np.atleast_2d(getattr(case, n))) for n in names if n not in weights}
    arrays |= weights
    arrays |= {n: exact(getattr(case, n)) for n in (cell.name("h_0") for cell in config.cells)}
    if config.bias == "absent":
        arrays |= dict.fromkeys((cell.name("b") for cell in config.cells), arrays["b"])
    first = ("W_x", "W_h", "b", "h_0", "W_out", "b_out")
    return Given(
        case=case,
        x=[exact(case.x[:, t]) for t in steps],
        **{name: arrays[name] for name in first},  # type: ignore[arg-type]
        named={name: array for name, array in arrays.items() if name not in first},
        onehot=exact(_onehot(case)),
        step_onehot=[exact(own.astype(float)) for own in (every if config.every_step else ())],
        gates=gates(do, case, branches, outputs(config)[0]),
        valid=_valid(case),
        branches=branches,
    )


def gates(
    do: Arithmetic[M], case: Case, branches: Branches | None, layer: str
) -> Sequence[M | None]:
    """Return relu's gates in one layer, by step; None where the sign of the state decides."""
    chosen = None if branches is None else branches.gates.get(layer)
    if chosen is None:
        return [None] * case.config.steps
    assert branches is not None  # it has chosen
    doubt = branches.doubt.get(layer)
    return [
        do.gate(chosen[:, t], None if doubt is None else doubt[:, t])
        for t in range(case.config.steps)
    ]


def counting(case: Case) -> Array:
    """Return which sequences' labels count: (batch, 1)."""
    counts: Array = (case.labels != case.config.ignore_index)[:, None]
    return counts if case.config.ignored != "none" else np.ones_like(counts)


def _onehot(case: Case) -> Array:
    """Return the labels that count as rows of zeros and a class weight."""
    config = case.config
    rows: Any = (case.labels[:, None] == np.arange(config.classes)) & counting(case)
    weights = case.more["class_weights"] if config.class_weights == "drawn" else np.ones(1)
    product: Array = rows * weights.astype(float)
    return product


def _valid(case: Case) -> list[Array | None]:
    if not case.config.packed:
        return [None] * case.config.steps
    return list(valid(case).T[..., None])
