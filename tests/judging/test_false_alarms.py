"""Correct code that must not be accused: each case showed that the noise floor lacked something."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

from benchmarks.sampling import sample
from parity import Case, Config, Subject, draw, judge
from parity.reference.frameworks.pytorch import pytorch
from parity.report.text import failure_message
from tests.support.variants import VARIANTS


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
    """Return a long relu layer of identical units: they all round the same way."""
    case = draw(Config(activation="relu", batch=1, steps=73, features=39, hidden=251, classes=5))
    same = {n: np.full_like(getattr(case, n), getattr(case, n).max()) for n in ("W_x", "W_h", "b")}
    return case.replace(x=np.ones_like(case.x), h_0=np.ones_like(case.h_0), **same)


def same_rows(**fields: object) -> Case:
    """Return a layer whose rows are all the first one."""
    case = draw(Config(kind="layer", **fields))  # type: ignore[arg-type]
    names = ("x", "h_0", "upstream", "upstream_final")
    rows = {name: np.repeat(getattr(case, name)[:1], len(case.x), 0) for name in names}
    return case.replace(**rows)


def same_steps() -> Case:
    """Return one row and step many times; the upstream gradients go from minus to plus."""
    case = same_rows(batch=64, steps=200, features=5, hidden=2, dtype="float32", seed=516864)
    steps = {name: np.repeat(getattr(case, name)[:, :1], 200, 1) for name in ("x", "upstream")}
    ramp = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    return case.replace(x=steps["x"], upstream=steps["upstream"] * ramp)


def one_weight(**fields: object) -> Case:
    """Return a long layer whose W_h is one number, 128 x 128 times."""
    sizes = {"batch": 8, "steps": 100, "features": 1, "hidden": 128}
    case = draw(Config(kind="layer", **sizes, **fields))  # type: ignore[arg-type]
    first = {n: getattr(case, n)[..., :1] for n in ("W_x", "b", "h_0", "upstream")}
    same = {name: np.repeat(one, 128, -1) for name, one in first.items()}
    return case.replace(**same, W_h=np.full_like(case.W_h, case.W_h[0, 0] * 1.7))


TERMS: dict[str, Any] = {"batch": 64, "steps": 100, "features": 1, "hidden": 1}


@dataclass(frozen=True)
class Known:
    """A case, and the correct implementation that was once accused on it."""

    case: Callable[[], Case]
    variant: str


KNOWN = {
    "6,400 equal terms, float64": Known(partial(all_ones, **TERMS), "hoisted"),
    "6,400 equal terms, float32": Known(partial(all_ones, **TERMS, dtype="float32"), "sequential"),
    "6,400 equal terms, by RNNCell": Known(partial(all_ones, **TERMS), "RNNCell"),
    "identical units": Known(same_units, "reversed"),
    "12,000 equal terms of both signs": Known(
        partial(same_rows, batch=4000, steps=3, features=1, hidden=4, classes=3, seed=414546),
        "reversed",
    ),
    "equal terms from minus to plus": Known(same_steps, "permuted"),
    "one weight, tanh": Known(partial(one_weight, seed=516578), "einsum"),
    "one weight, relu, float32": Known(
        partial(one_weight, seed=515160, activation="relu", dtype="float32"), "einsum"
    ),
}
SLOW = {"one weight, tanh"}


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(known, marks=pytest.mark.slow if name in SLOW else (), id=name)
        for name, known in KNOWN.items()
    ],
)
def test_correct_code_is_not_accused(known: Known) -> None:
    """Equal terms and equal units round alike, and the floor knows it."""
    subject = Subject(name=known.variant, run=VARIANTS[known.variant])
    verdict = judge(subject, known.case(), pytorch)
    assert not verdict.failures, failure_message(verdict)


def chaotic() -> Case:
    """Return a layer with nothing but its recurrence, six times as strong as PyTorch draws it."""
    case = draw(Config(kind="layer", batch=5, steps=136, features=5, hidden=10, seed=78))
    nothing = {name: np.zeros_like(getattr(case, name)) for name in ("W_x", "b")}
    return case.replace(W_h=case.W_h * 6, **nothing)


def saturated_chaos() -> Case:
    """Return a float32 classifier eight times as strong as PyTorch draws it."""
    case = draw(Config(batch=8, steps=80, features=1, hidden=16, dtype="float32", seed=982367))
    return case.replace(W_x=case.W_x * np.float32(8), W_h=case.W_h * np.float32(8))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("drawn", [chaotic, saturated_chaos], ids=["no input", "saturated"])
def test_chaos_is_nobodys_fault(drawn: Callable[[], Case], variant: str) -> None:
    """Where rounding grows as large as the answer, nothing is decided and nobody is accused."""
    verdict = judge(Subject(name=variant, run=VARIANTS[variant]), drawn(), pytorch)
    assert verdict.only_undecided, failure_message(verdict)


def test_states_before_the_chaos_are_judged() -> None:
    """A mistake in the first steps of a chaotic network is still a difference."""

    def wrong(case: Case) -> dict[str, object]:
        answer = dict(VARIANTS["hoisted"](case))
        return answer | {"hidden": answer["hidden"] + np.float32(1e-3)}

    verdict = judge(Subject(name="wrong", run=wrong), saturated_chaos(), pytorch)
    assert [c.name for c in verdict.failures] == ["hidden"]


def test_chaos_in_a_step_without_its_gradient_decides_nothing() -> None:
    """A subject that offers only its stepped weights does not pass because of infinite noise."""

    def steps(case: Case) -> dict[str, object]:
        answer = VARIANTS["hoisted"](case).items()
        return {name: array for name, array in answer if name.startswith("step/")}

    verdict = judge(Subject(name="steps", run=steps), saturated_chaos(), pytorch)
    assert len(verdict.undecided) == 5
    assert not verdict.passed


@pytest.mark.parametrize("variant", ["permuted", "sequential", "reversed"])
def test_step_after_a_flipped_gate_is_not_accused(variant: str) -> None:
    """Where rounding flips a gate of relu, the step is that of the subject's own gates."""
    case, run = sample(977).case, VARIANTS[variant]
    assert ((run(case)["hidden"] > 0) != (pytorch.run(case)["hidden"] > 0)).any()
    verdict = judge(Subject(name=variant, run=run), case, pytorch)
    assert not verdict.failures, failure_message(verdict)
