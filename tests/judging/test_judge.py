"""The verdict: derived allowances, and every status that it can have."""

from typing import Any

import numpy as np
import pytest

from benchmarks.sampling import sample
from parity import Case, Config, Status, Subject, draw, judge, scratch
from parity.reference.frameworks.pytorch import pytorch, twin
from parity.report.text import failure_message, worth
from tests.judging.verdicts import VALUES, Run, off_by, status_of, verdict_of
from tests.support.variants import VARIANTS


@pytest.mark.parametrize("name", VALUES)
def test_an_error_of_1e_12_is_seen_in_every_array(name: str) -> None:
    """One entry of any array off by 1e-12 of itself is a difference in float64, in that array."""
    verdict = verdict_of(off_by(name, 1 + 1e-12))
    assert [c.name for c in verdict.failures if not c.name.startswith("step/")] == [name]


@pytest.mark.parametrize("name", VALUES)
def test_an_error_of_one_rounding_is_none(name: str) -> None:
    """One entry of any array off by 2 ulp is rounding."""
    assert verdict_of(off_by(name, 1 + 4e-16)).passed


CASES = {
    "ordinary": Config(),
    "relu, float32": Config(activation="relu", dtype="float32", steps=28, hidden=64, batch=32),
    "chaotic": Config(weights="chaotic", steps=28, hidden=16),
    "saturated": Config(weights="chaotic", hidden=1, features=10, steps=28),
    "nothing can be told": Config(
        batch=1, steps=2, features=10, hidden=1, dtype="float32", seed=1, weights="chaotic"
    ),
    "layer": Config(kind="layer", batch=1, steps=1),
}
SUBJECTS = {
    "right": scratch.run,
    "wrong in the gradient": off_by("grad/W_h", 1 + 1e-6),
    "wrong in a state": off_by("hidden", 1 + 1e-6),
    "the twin itself": twin.run,
}


@pytest.mark.parametrize("config", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("run", SUBJECTS.values(), ids=SUBJECTS.keys())
def test_statuses_are_the_same_without_the_cheap_proof(run: Run, config: Config) -> None:
    """The cheap proof and the noise floor give the same statuses: thorough or not."""
    case = draw(config)
    quick, thorough = verdict_of(run, case), verdict_of(run, case, thorough=True)
    names = {(c.name, c.against): c.status for c in quick.comparisons}
    again = {(c.name, c.against): c.status for c in thorough.comparisons}
    assert {key: again[key] for key in names} == names


def test_noise_that_hides_everything_is_inconclusive() -> None:
    """Where an error of the size of the answer could hide in rounding, nothing is decided."""
    verdict = verdict_of(scratch.run, draw(CASES["nothing can be told"]))
    assert status_of(verdict, "grad/W_x") is Status.INCONCLUSIVE
    assert not verdict.passed
    assert not verdict.failures
    assert "rounding is as large as the answer" in failure_message(verdict)


def test_resolution_is_stated_and_true() -> None:
    """The report says which error would not have passed, and twice that error does not pass."""
    verdict = verdict_of(scratch.run, thorough=True)
    found = next(c for c in verdict.comparisons if c.name == "grad/W_h")
    assert found.resolution is not None
    assert found.resolution < 1e-13
    assert "would not have passed" in (worth(verdict) or "")
    assert not verdict_of(off_by("grad/W_h", 1 + 2 * found.resolution)).passed


@pytest.mark.parametrize("lr", [1e-6, 0.01, 10.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_step_is_judged_by_its_own_gradient(lr: float, dtype: str) -> None:
    """A step that is off by 4 ulp of the weight fails at any rate, and the right one passes."""

    def run(case: Case) -> dict[str, Any]:
        trace = scratch.run(case)
        off = trace["step/W_h"] * (1 + 8 * np.finfo(dtype).eps)
        return trace | {"step/W_h": off.astype(dtype)}

    case = draw(Config(lr=lr, dtype=dtype))
    assert verdict_of(scratch.run, case).passed
    assert {c.name for c in verdict_of(run, case).failures} == {"step/W_h"}


def at_the_kink(shift: float) -> tuple[Case, Run]:
    """Return a case with one pre-activation about zero, and a subject that moves it by `shift`."""
    case = draw(Config(activation="relu", batch=2, steps=3))
    a = case.x[0, 0] @ case.W_x + case.h_0[0] @ case.W_h
    b = case.b.copy()
    b[2] = -a[2]
    case = case.replace(b=b)

    def run(given: Case) -> dict[str, Any]:
        moved = given.b.copy()
        moved[2] += shift
        trace = scratch.run(given.replace(b=moved))
        return {name: array for name, array in trace.items() if not name.startswith("step/")}

    return case, run


def gates_differ(case: Case, run: Run) -> bool:
    return bool(((run(case)["hidden"] > 0) != (twin.run(case)["hidden"] > 0)).any())


@pytest.mark.parametrize("shift", [1e-16, -1e-16])
def test_a_gate_flipped_by_rounding_is_no_difference(shift: float) -> None:
    """Both sides are right for their own gates, although their gradients differ by more."""
    case, run = at_the_kink(shift)
    assert verdict_of(run, case).passed


def test_one_of_the_two_shifts_flips_the_gate() -> None:
    """In the test above a gate does flip."""
    assert any(gates_differ(*at_the_kink(shift)) for shift in (1e-16, -1e-16))


def test_a_gate_flipped_by_more_is_a_difference_of_the_state() -> None:
    """A pre-activation moved by 1e-10 is not rounding."""
    case, run = at_the_kink(1e-10)
    assert "hidden" in {c.name for c in verdict_of(run, case).failures}


def test_without_states_a_kink_decides_nothing() -> None:
    """A subject that offers no states near a kink is asked for them, and is not accused."""
    case, run = at_the_kink(1e-16)
    other_case, other = at_the_kink(-1e-16)
    flipping = (case, run) if gates_differ(case, run) else (other_case, other)

    def without_states(given: Case) -> dict[str, Any]:
        return {name: a for name, a in flipping[1](given).items() if name.startswith("grad/")}

    verdict = verdict_of(without_states, flipping[0])
    assert not verdict.failures
    assert "offer `hidden`" in failure_message(verdict)


def test_own_gates_are_what_a_difference_is_measured_against() -> None:
    """Gradients of a relu subject with other gates fail, with the usual size of their error."""
    case = sample(610, "float64").case
    later = case.replace(
        case.config.replace(steps=case.config.steps - 1),
        x=case.x[:, 1:],
        upstream=case.upstream[:, 1:],
    )

    def without_first_step(_: Case) -> dict[str, object]:
        answer = dict(VARIANTS["per step"](later))
        first = {"hidden": case.h_0, "grad/x": np.zeros_like(case.x[:, 0])}
        return answer | {
            name: np.concatenate([array[:, None], answer[name]], axis=1)
            for name, array in first.items()
        }

    verdict = judge(Subject(name="late", run=without_first_step), case, pytorch)
    assert verdict.failures
    assert all(c.typical for c in verdict.failures if c.name.startswith("grad/"))
