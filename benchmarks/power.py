"""Mistakes to be caught: each changes a correct variant's trace in one way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.sampling import WEIGHTS, Sample, sample
from parity.judging.comparator import Comparator
from parity.model.case import Array, Case
from parity.model.comparison import Status
from parity.model.names import ArrayName
from parity.model.trace import Trace, read
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Run

Wrong = tuple[Trace, str]  # and the only name that may show it, or "" for any
Plant = Callable[[Case, Run, Generator], Wrong]


TRIES = 16
"""Entries that are tried until a change alters any bit, at most."""

CHAOTIC = "3/sqrt(H)"
"""Weights with which a network is not ordinary: rounding grows at every step."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A mistake, the cases it is planted in, and the share of them in which it must be caught."""

    plant: Plant
    dtype: str
    wanted: float
    fits: Callable[[Case], bool] = lambda _: True
    weights: tuple[str, ...] = tuple(name for name in WEIGHTS if name != CHAOTIC)


@np.errstate(all="ignore")  # as in parity.judge: overflows are judged
def caught(mistake: Mistake, drawn: Sample, run: Run) -> bool:
    """Return whether some array DIFFERS when `run` makes the mistake."""
    wrong, name = mistake.plant(drawn.case, run, np.random.default_rng(drawn.seed))
    right = pytorch.run(drawn.case)
    comparator = Comparator(drawn.case, wrong, right, against=pytorch.name, resolution=False)
    return any(
        found.status is Status.DIFFERS and name in {"", found.name}
        for found in comparator.comparisons()
    )


def ordinary(mistake: Mistake, seed: int) -> Iterator[Sample]:
    """Yield the samples from `seed` on that are ordinary and fit the mistake."""
    while True:
        drawn = sample(seed, mistake.dtype)
        fits = drawn.weights in mistake.weights and mistake.fits(drawn.case)
        if drawn.data == "ordinary" and fits:
            yield drawn
        seed += 1


# -- the mistakes --------------------------------------------------------------------------------


def _one_gradient_entry(share: float) -> Plant:
    """One random entry of one random gradient that is not zero is off by `share` of itself."""

    def plant(case: Case, run: Run, rng: Generator) -> Wrong:
        trace = dict(read(run(case)))
        names = [n for n, array in trace.items() if ArrayName.parse(n).is_gradient and array.any()]
        name = str(rng.choice(names))
        trace[name] = _off(trace[name], share, rng)
        return trace, name

    return plant


def _off(array: Array, share: float, rng: Generator) -> Array:
    altered = array.copy()
    index = tuple(rng.choice(np.argwhere(array != 0)))
    altered[index] *= 1 + share
    return altered


def _capped_loss(case: Case, run: Run, _: Generator) -> Wrong:
    """loss = -mean log(p[label] + 1e-12)"""
    trace = dict(read(run(case)))
    p = np.exp(trace["logits"] - trace["logits"].max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    trace["loss"] = -np.log(p[np.arange(len(p)), case.labels] + 1e-12).mean()
    return trace, "loss"


def _one_input(share: float) -> Plant:
    """The subject sees one entry of x that is off by `share` of itself.

    Where that alters no bit of its answer, as in a saturated or forgotten step, there is nothing
    to catch: another entry is tried.
    """

    def plant(case: Case, run: Run, rng: Generator) -> Wrong:
        right = read(run(case))
        for _ in range(TRIES):
            wrong = read(run(case.replace(x=_off(case.x, share, rng))))
            if any(wrong[name].tobytes() != array.tobytes() for name, array in right.items()):
                break
        return wrong, ""

    return plant


def _first_step_missing(case: Case, run: Run, _: Generator) -> Wrong:
    """Time starts at the second step; the first hidden state is h_0, the first input unused."""
    later = case.replace(
        case.config.replace(steps=case.config.steps - 1),
        x=case.x[:, 1:],
        upstream=case.upstream[:, 1:],
    )
    trace = dict(read(run(later)))
    first = {"hidden": case.h_0, "grad/x": np.zeros_like(case.x[:, 0])}
    return trace | {
        name: np.concatenate([array[:, None], trace[name]], axis=1) for name, array in first.items()
    }, ""


def _has_a_gradient(case: Case) -> bool:
    """Return whether any gradient is not zero: with one class, or with dead units, all are zero."""
    trace = pytorch.run(case)
    return any(array.any() for name, array in trace.items() if ArrayName.parse(name).is_gradient)


def _classifies(case: Case) -> bool:
    return case.config.kind == "classifier" and case.config.classes > 1


def _lasts(case: Case) -> bool:
    return case.config.steps > 1


MISTAKES: dict[str, Mistake] = {
    "one gradient entry off by 1e-10, float64": Mistake(
        plant=_one_gradient_entry(1e-10), dtype="float64", wanted=0.97, fits=_has_a_gradient
    ),
    "the same with weights of 3/sqrt(hidden)": Mistake(
        plant=_one_gradient_entry(1e-10),
        dtype="float64",
        wanted=0.0,
        fits=_has_a_gradient,
        weights=(CHAOTIC,),
    ),
    "one gradient entry off by 1e-12, float64": Mistake(
        plant=_one_gradient_entry(1e-12), dtype="float64", wanted=0.88, fits=_has_a_gradient
    ),
    "one gradient entry off by 1e-3, float32": Mistake(
        plant=_one_gradient_entry(1e-3), dtype="float32", wanted=0.92, fits=_has_a_gradient
    ),
    "loss of log(p + 1e-12), float64": Mistake(
        plant=_capped_loss, dtype="float64", wanted=1.0, fits=_classifies
    ),
    "one entry of x off by 1e-10, float64": Mistake(
        plant=_one_input(1e-10), dtype="float64", wanted=0.95
    ),
    "first time step missing, float64": Mistake(
        plant=_first_step_missing, dtype="float64", wanted=1.0, fits=_lasts
    ),
    "first time step missing, float32": Mistake(
        plant=_first_step_missing, dtype="float32", wanted=1.0, fits=_lasts
    ),
}
