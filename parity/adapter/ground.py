"""Ground: the probing cases on which a draft is tried, and the names known there."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from parity.adapter import expected
from parity.adapter import runtime as aid
from parity.adapter.calls import Pool
from parity.adapter.shapes import CANONICAL, SIZES, arranged, layouts, letters, recognised
from parity.adapter.trial import Attempts, Leaf, Trial, leaves, tried
from parity.cases.draw import draw
from parity.model.case import Array, Case
from parity.model.config import Config

TRIALS = 16_000
"""Trials of one search, at most: then it ends with the best that it has found."""

FOUND = ("hidden", "every_logits", "last", "logits")
"""Possible answers of a forward pass, in the order in which a shape is taken for them."""


SAME = {
    "logits": ("probabilities", "log_probabilities"),
    "every_logits": ("every_probabilities", "every_log_probabilities"),
}
"""Arrays with the shape of logits, which tell as well as logits how weights are held."""

LOSSES = ("mean", "squared", "steps", "squared-steps")

FACTORS = ("config.batch", "config.steps", "config.batch * config.steps", "2", "config.classes")
"""Factors and divisors by which a loss may differ from ours."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An answer recognised: the expression for it in the harness's layout, and its share right."""

    expression: str
    raw: str  # as the subject has it
    share: float
    right: str  # the expected array that it is nearest to


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """Probing cases of one manner of asking: whole batches or one row, numbers or ids."""

    module: ModuleType
    target: Any  # a class, a function, or the module
    one_row: bool
    data: str  # drawn, ids, or vocabulary: ids, and as many classes
    attempts: Attempts = field(default_factory=lambda: Attempts(most=TRIALS))

    @functools.cached_property
    def config(self) -> Config:
        """The configuration, in which every size is another."""
        sizes = {**SIZES, "batch": 1} if self.one_row else SIZES
        config = Config(lr=0.125).replace(**sizes)
        shared = {"classes": config.features} if self.data == "vocabulary" else {}
        return config.replace(data=self.data, **shared)

    @property
    def ids(self) -> bool:
        """Whether inputs are integers."""
        return self.data != "drawn"

    @functools.cached_property
    def case(self) -> Case:
        """The case with an initial state."""
        return draw(self.config)

    def asked(self, asks: Mapping[str, str]) -> Case:
        """Return the case, without the arrays that a subject cannot be given."""
        return self._asked(asks.get("initial") == "zero", asks.get("bias") == "zero")

    @functools.cache  # noqa: B019 - a ground lives as long as a search
    def _asked(self, from_zero: bool, no_bias: bool) -> Case:  # noqa: FBT001
        names = (("h_0",) if from_zero else ()) + (("b", "b_out") if no_bias else ())
        return self.case.replace(**{name: getattr(self.case, name) * 0 for name in names})

    @functools.cache  # noqa: B019
    def as_layer(self, case: Case) -> Case:
        """Return a case that is judged through the gradient by every state."""
        return case.replace(case.config.replace(kind="layer"))

    @functools.cached_property
    def axes(self) -> dict[int, str]:
        """Which axis a size is."""
        return letters(self.config)

    def names(self, case: Case) -> dict[str, Any]:
        """Return the names that an adapter's lines may use."""
        return {
            "np": np,
            "theirs": self.module,
            "make": functools.cache(self.target) if isinstance(self.target, type) else None,
            "case": writable(case),
            "config": case.config,
            "ACTIVATIONS": aid.ACTIVATIONS,
            "upstream": lambda asked, hidden: aid.upstream(asked, hidden).copy(),
            "d_logits": lambda asked, logits: aid.d_logits(asked, logits).copy(),
            "one_hot": aid.one_hot,
            "softmax": aid.softmax,
        }

    def tried(self, lines: Sequence[str], case: Case | None = None) -> Trial:
        """Execute lines for a case, the one with an initial state by default.

        Globals of the module are set back; the trial sees them as they were at its end.
        """
        namespace = vars(self.module)
        before = dict(namespace)
        trial = tried(lines, self.names(case or self.case))
        self.attempts.count(trial)
        seen = ModuleType(self.module.__name__)
        vars(seen).update(namespace)
        trial.names["theirs"] = seen
        namespace.clear()
        namespace.update(before)
        return trial

    @functools.cached_property
    def pool(self) -> Pool:
        """The expressions that can be handed over, in every layout that code is seen to use."""
        values = {name: list(self._ways(name)) for name in ("x", "h_0", *LABELS)}
        values["labels"] += values["step_labels"]
        values["one_hot"] += values["labels"]
        return Pool(values={name: list(dict.fromkeys(texts)) for name, texts in values.items()})

    def _ways(self, name: str) -> Iterator[str]:
        if name in ("x", "labels", "step_labels") and self.one_row:
            yield from self._of_one_row(name)
        elif name == "x" and self.ids:
            yield from ("case.x.argmax(axis=2)", "case.x.argmax(axis=2).T")
        elif name == "labels":
            yield from ("case.labels", "case.labels[:, None]")
            yield from self.ways("one_hot(case.labels, case)", "NC")
        elif name == "one_hot":
            yield from self.ways("one_hot(case.labels, case)", "NC")
            yield "case.labels"
        elif name == "step_labels":
            yield from ("case.step_labels", "case.step_labels.T")
            yield from self.ways("one_hot(case.step_labels, case)", "NTC")
        else:
            yield from self.ways(f"case.{name}", CANONICAL[name])

    def _of_one_row(self, name: str) -> Iterator[str]:
        if name == "labels":
            yield from ("int(case.labels[0])", "case.labels")
            yield from self.ways("one_hot(case.labels, case)", "NC")
        elif name == "step_labels":
            yield from ("case.step_labels[0]", "case.step_labels[0].tolist()")
            yield from self.ways("one_hot(case.step_labels, case)", "NTC")
        elif self.ids:
            yield from ("case.x[0].argmax(axis=1)", "case.x[0].argmax(axis=1).tolist()")
        else:
            yield from self.ways("case.x", "NTF")

    def ways(self, expression: str, own: str) -> list[str]:
        """Return an array in every layout, its own first."""
        return [arranged(expression, own, layout) for layout in layouts(own, one_row=self.one_row)]

    # -- recognising -------------------------------------------------------------------------------

    def seen(self, found: Iterable[Leaf], activation: str, case: Case) -> dict[str, Seen]:
        """Return the arrays that a forward pass answered: for each kind the nearest to the right.

        Where the answer is only a loss, the loss alone tells how weights are held.
        """
        right = expected.forward(case, activation)
        best: dict[str, Seen] = {}
        found = list(found)
        for leaf in found:
            for kind in FOUND:
                for text in recognised(
                    leaf.expression, leaf.array.shape, self.own(kind), self.axes
                ):
                    seen = self._nearest(kind, text, leaf, right)
                    if kind not in best or seen.share > best[kind].share:
                        best[kind] = seen
        return best or self._loss_alone(found, activation, case)

    def _loss_alone(self, found: list[Leaf], activation: str, case: Case) -> dict[str, Seen]:
        scalars = [leaf for leaf in found if leaf.array.size == 1 and "out" in leaf.expression]
        for leaf in scalars:
            value, text = float(leaf.array.reshape(())), leaf.expression
            for kind in LOSSES:
                right = expected.loss(case, kind, activation)
                near = any(
                    abs(value - right * k) <= 1e-6 * abs(right * k) for k in self.factors.values()
                )
                if near:
                    return {"loss": Seen(expression=text, raw=text, share=1.0, right="loss")}
        return {}

    @functools.cached_property
    def factors(self) -> dict[str, float]:
        """The factors by which somebody's loss may differ from ours, as text and number."""
        found = {"1": 1.0}
        for text in FACTORS:
            size = float(eval(text, {"config": self.config}))  # noqa: S307 - our own text
            found |= {text: size, f"1 / ({text})": 1 / size}
        return found

    def own(self, kind: str) -> str:
        """Return the layout of an array in this ground's letters: ids have no axis of classes."""
        return CANONICAL[kind].replace("C", "F") if self.data == "vocabulary" else CANONICAL[kind]

    def _nearest(self, kind: str, text: str, leaf: Leaf, right: dict[str, Array]) -> Seen:
        array = laid_out(text, leaf)
        wanted = (kind, *SAME.get(kind, ()))
        shares = {name: expected.share(array, right[name]) for name in wanted}
        nearest = max(shares, key=lambda name: shares[name])
        if shares[nearest] < 1 and kind in SAME:
            probabilities, logarithms = SAME[kind]
            nearest = probabilities if is_distribution(array) else nearest
            nearest = logarithms if is_distribution(np.exp(np.minimum(array, 1))) else nearest
        return Seen(expression=text, raw=leaf.expression, share=shares[nearest], right=nearest)

    def leaves(self, trial: Trial, *roots: str) -> list[Leaf]:
        """Return the arrays inside some of a trial's names."""
        return [leaf for root in roots for leaf in leaves(root, trial.value(root))]


LABELS = ("labels", "one_hot", "step_labels")


def writable(case: Case) -> Case:
    """Return a case whose arrays can be written into: a later stage judges such a write."""
    return Case.of(case.config, {name: array.copy() for name, array in case.arrays.items()})


def laid_out(text: str, leaf: Leaf) -> Array:
    """Return a leaf's array in the layout of an expression that was built on the leaf's own."""
    names = {"leaf": leaf.array, "np": np, "config": Config().replace(**SIZES)}
    whole = text.replace(leaf.expression, "leaf")
    arranged_: Array = np.asarray(eval(whole, names))  # noqa: S307 - an expression of our own
    return arranged_


def is_distribution(array: Array) -> bool:
    """Return whether every row is one of probabilities, or, by mistake, the whole array."""
    sums = array.sum(axis=-1), array.sum()
    return bool((array >= 0).all() and any(np.allclose(total, 1) for total in sums))
