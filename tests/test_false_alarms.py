"""Correct code that is not to be accused: the cases that taught the noise floor something."""

from dataclasses import dataclass

import numpy as np
import pytest

from benchmarks.sampling import sample
from benchmarks.variants import VARIANTS
from parity import Case, Config, Subject, draw, judge
from parity.report.text import failure_message
from reference import pytorch


def all_ones(**fields: object) -> Case:
    """Return a relu layer in which all rows, steps and units are the same."""
    case = draw(Config(kind="layer", activation="relu", **fields))  # type: ignore[arg-type]
    ones = {name: np.ones_like(getattr(case, name)) for name in ("x", "h_0", "W_x", "b")}
    return case.replace(
        **ones,
        W_h=np.zeros_like(case.W_h),
        upstream=np.full_like(case.upstream, 1 + 7 / 41),
        upstream_final=np.zeros_like(case.upstream_final),
    )


def same_units() -> Case:
    """Return a long relu layer of identical units: what one rounds up, all of them do."""
    case = draw(Config(activation="relu", batch=1, steps=73, features=39, hidden=251, classes=5))
    same = {n: np.full_like(getattr(case, n), getattr(case, n).max()) for n in ("W_x", "W_h", "b")}
    return case.replace(x=np.ones_like(case.x), h_0=np.ones_like(case.h_0), **same)


@dataclass(frozen=True)
class Known:
    """A case, and the correct implementation that was once accused on it."""

    case: Case
    variant: str


KNOWN = {
    "6,400 equal terms, float64": Known(
        all_ones(batch=64, steps=100, features=1, hidden=1), "hoisted"
    ),
    "6,400 equal terms, float32": Known(
        all_ones(batch=64, steps=100, features=1, hidden=1, dtype="float32"), "sequential"
    ),
    "6,400 equal terms, by RNNCell": Known(
        all_ones(batch=64, steps=100, features=1, hidden=1), "RNNCell"
    ),
    "identical units": Known(same_units(), "reversed"),
}


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN.keys())
def test_correct_code_is_not_accused(known: Known) -> None:
    """Equal terms and equal units round alike, and the floor knows it."""
    subject = Subject(name=known.variant, run=VARIANTS[known.variant])
    verdict = judge(subject, known.case, pytorch)
    assert not verdict.failures, failure_message(verdict)


def chaotic() -> Case:
    """Return a layer with nothing but its recurrence, six times as strong as PyTorch draws it."""
    case = draw(Config(kind="layer", batch=5, steps=136, features=5, hidden=10, seed=78))
    nothing = {name: np.zeros_like(getattr(case, name)) for name in ("W_x", "b")}
    return case.replace(W_h=case.W_h * 6, **nothing)


@pytest.mark.parametrize("variant", VARIANTS)
def test_chaos_is_nobodys_fault(variant: str) -> None:
    """Where rounding grows until it is the answer, nothing is decided and nobody accused."""
    verdict = judge(Subject(name=variant, run=VARIANTS[variant]), chaotic(), pytorch)
    assert not verdict.failures, failure_message(verdict)
    assert "hidden" in {c.name for c in verdict.undecided}


@pytest.mark.parametrize("variant", ["permuted", "sequential", "reversed"])
def test_step_after_a_flipped_gate_is_not_accused(variant: str) -> None:
    """Where rounding flips a gate of relu, the step is that of the subject's own gates."""
    case, run = sample(977).case, VARIANTS[variant]
    assert ((run(case)["hidden"] > 0) != (pytorch.run(case)["hidden"] > 0)).any()
    verdict = judge(Subject(name=variant, run=run), case, pytorch)
    assert not verdict.failures, failure_message(verdict)
