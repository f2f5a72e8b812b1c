"""Answers: which array that a forward pass has left is which."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from parity.adapter import names
from parity.adapter.expressions import evaluate
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import Probe, expected, share
from parity.adapter.search.trials import Outcome
from parity.adapter.shapes import SIZES, recognised
from parity.model.case import Array, Case

KINDS = ("hidden", "every_logits", "last", "logits")
"""Possible answers of a forward pass, in the order in which a shape is taken for them."""

OTHERS = {
    "logits": ("probabilities", "log_probabilities"),
    "every_logits": ("every_probabilities", "every_log_probabilities"),
}
"""Arrays with the shape of logits, which tell as well as logits how weights are held."""

SIGMOIDS = {"logits": "sigmoids", "every_logits": "every_sigmoids"}
"""Scores after a sigmoid each: their loss is none that the harness has."""

_NAMES: Mapping[str, names.Words] = {
    "hidden": names.VALUES["hidden"],
    "last": names.VALUES["h_0"],
    "logits": names.VALUES["logits"],
    "every_logits": names.VALUES["logits"],
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An answer recognised: where it is, in the harness's layout, and how much of it is right."""

    kind: str  # hidden, last, logits, every_logits
    text: str
    raw: str  # as the subject has it
    array: Array
    share: float  # of its entries that are right
    right: str  # the expected array that it is nearest to
    steps: int = 0  # of states: the steps from the first on that are right

    @property
    def is_right(self) -> bool:
        """Whether every entry is right."""
        return self.share == 1.0

    @property
    def is_answer(self) -> bool:
        """Whether it can be compared: probabilities are not logits."""
        return self.right == self.kind


def laid_out(text: str, leaf: Leaf) -> Array:
    """Return a leaf's array in the layout of an expression that was built on the leaf's own."""
    sizes = {**SIZES, "np": np, "leaf": leaf.array}
    whole = text.replace(leaf.text, "leaf", 1)
    return np.asarray(evaluate(whole, sizes.__getitem__))


def seen(probe: Probe, case: Case, found: Iterable[Leaf]) -> dict[str, Seen]:
    """Return the arrays that a forward pass has answered: for each kind, the nearest to right.

    Among arrays that are equally right, one that was returned comes before an attribute, and one
    whose name says so before others.
    """
    best: dict[str, tuple[tuple[float, ...], Seen]] = {}
    for place, leaf in enumerate(found):
        for kind in KINDS:
            for one in _read(probe, case, leaf, kind):
                rank = (one.share, one.is_answer, *_likely(kind, leaf), -place)
                if kind not in best or rank > best[kind][0]:
                    best[kind] = rank, one
    return {kind: one for kind, (_, one) in best.items()}


def _likely(kind: str, leaf: Leaf) -> tuple[float, float]:
    named = names.is_like(leaf.name, _NAMES[kind])
    returned = leaf.text.startswith("out")
    return float(named), float(returned)


def _read(probe: Probe, case: Case, leaf: Leaf, kind: str) -> Iterator[Seen]:
    for text in (
        *recognised(leaf.text, leaf.array.shape, probe.own(kind), probe.axes),
        *_flat(probe, leaf, kind),
    ):
        yield _compared(case, leaf, kind, text, laid_out(text, leaf))


def _flat(probe: Probe, leaf: Leaf, kind: str) -> Iterator[str]:
    """Yield the readings of an array with a row for each step of each sequence."""
    config, shape = probe.config, leaf.array.shape
    last = {"hidden": config.hidden, "every_logits": config.classes}.get(kind)
    if shape == (config.batch * config.steps, last) and config.batch > 1:
        yield f"{leaf.text}.reshape(batch, steps, -1)"
        yield f"{leaf.text}.reshape(steps, batch, -1).swapaxes(0, 1)"


def _compared(case: Case, leaf: Leaf, kind: str, text: str, array: Array) -> Seen:
    right = expected(case)
    others = (*OTHERS[kind], SIGMOIDS[kind]) if kind in OTHERS else ()
    shares = {name: share(array, right[name]) for name in (kind, *others)}
    nearest = max(shares, key=lambda name: shares[name])
    if shares[nearest] < 1 and kind in OTHERS:
        probabilities, logarithms = OTHERS[kind]
        nearest = probabilities if is_distribution(array) else nearest
        nearest = logarithms if is_distribution(np.exp(np.minimum(array, 1))) else nearest
    return Seen(
        kind=kind,
        text=text,
        raw=leaf.text,
        array=array,
        share=shares[nearest],
        right=nearest,
        steps=_first_steps(array, right["hidden"]) if kind == "hidden" else 0,
    )


def _first_steps(array: Array, right: Array) -> int:
    count = 0
    for t in range(right.shape[1]):
        if share(array[:, t], right[:, t]) < 1:
            break
        count += 1
    return count


def is_distribution(array: Array) -> bool:
    """Return whether every row is one of probabilities, or, by mistake, the whole array."""
    sums = array.sum(axis=-1), array.sum()
    return bool((array >= 0).all() and any(np.allclose(total, 1) for total in sums))


def seen_by_step(
    probe: Probe, case: Case, outcome: Outcome, joined: Callable[[str, str], Array | None]
) -> dict[str, Seen]:
    """Return the arrays that a loop over steps answers; `joined` reads one at every step.

    What the last step has left shows which arrays have the shape of one step's states or scores.
    """
    found: dict[str, Seen] = {}
    session = outcome.session
    last = [leaf for leaf in outcome.returned if leaf.text.split("[")[0] in session.values]
    last += [leaf for leaf in outcome.held if outcome.has_changed(leaf)]
    for kind, own in (("hidden", "NH"), ("every_logits", "NC")):
        layout = own.replace("C", "F") if probe.manner.data == "vocabulary" else own
        for leaf in last:
            for text in recognised(leaf.text, leaf.array.shape, layout, probe.axes):
                array = joined(kind, text)
                if array is None:
                    continue
                one = _compared(case, Leaf(text=leaf.text, array=array), kind, text, array)
                if kind not in found or one.share > found[kind].share:
                    found[kind] = one
    return found
