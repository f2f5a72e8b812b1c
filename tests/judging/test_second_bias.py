"""Second bias: a network with two biases is judged by both, and one with a single bias by one."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from parity.cases.draw import draw
from parity.diagnosis.diagnose import diagnose
from parity.judging.judge import judge
from parity.judging.second_bias import as_one_bias, only_second_bias
from parity.model.biases import shares
from parity.model.case import Case
from parity.model.comparison import Status
from parity.model.config import Config
from parity.model.verdict import Verdict
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Subject

Change = Callable[[dict[str, Any], Case], None]

CONFIG = Config(batch=2, steps=3, features=4, hidden=5, kind="layer", dtype="float32")


def two_biases(case: Case) -> dict[str, Any]:
    """Return a right network's answer with the arrays of two biases for every cell."""
    found = dict(pytorch.run(case))
    for cell in case.config.cells:
        b, other = cell.name("b"), cell.name("b_hh")
        gradient = found[f"grad/{other}"] = found[f"grad/{b}"]
        for name, share in zip((b, other), shares(getattr(case, b)), strict=True):
            found[f"step/{name}"] = (share - case.lr * gradient).astype(share.dtype)
    return found


def changed(change: Change) -> Callable[[Case], Mapping[str, Any]]:
    def run(case: Case) -> Mapping[str, Any]:
        found = two_biases(case)
        change(found, case)
        return found

    return run


def judged(run: Any, config: Config = CONFIG) -> Verdict:
    return judge(Subject(name="two", run=run), draw(config), pytorch, thorough=True)


@pytest.mark.parametrize(
    "config",
    [CONFIG, CONFIG.replace(layers=2, bidirectional=True), CONFIG.replace(activation="relu")],
    ids=str,
)
def test_both_biases_are_compared(config: Config) -> None:
    """The gradients and steps of both biases of every cell agree in a right network."""
    verdict = judged(two_biases, config)
    assert verdict.passed, verdict.failures
    names = {comparison.name for comparison in verdict.compared}
    assert {f"{k}/{c.name('b_hh')}" for c in config.cells for k in ("grad", "step")} <= names


def test_nothing_is_missing_where_there_is_one_bias() -> None:
    """A network with one bias is asked for no array of a second one."""
    verdict = judged(pytorch.run)
    assert verdict.passed
    assert not verdict.left_out
    assert not any("b_hh" in comparison.name for comparison in verdict.comparisons)


def _gradient(found: dict[str, Any], case: Case) -> None:
    found["grad/b_hh"] = found["grad/b_hh"] + np.float32(7)


def _step_from_the_sum(found: dict[str, Any], case: Case) -> None:
    found["step/b"] = case.b - np.float32(case.lr) * found["grad/b"]


def _step_uphill(found: dict[str, Any], case: Case) -> None:
    found["step/b_hh"] = shares(case.b)[1] + np.float32(case.lr) * found["grad/b_hh"]


def _shape(found: dict[str, Any], case: Case) -> None:
    found["grad/b_hh"] = found["grad/b_hh"].sum()


WRONG = {
    "a gradient": (_gradient, {"grad/b_hh", "step/b_hh"}),
    "a step from the sum of both": (_step_from_the_sum, {"step/b"}),
    "a step uphill": (_step_uphill, {"step/b_hh"}),
    "a shape": (_shape, {"grad/b_hh"}),
}


@pytest.mark.parametrize(("change", "names"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_in_one_bias_is_seen(change: Change, names: set[str]) -> None:
    """A wrong gradient or step of one of two biases fails, under its own name."""
    verdict = judged(changed(change))
    assert {comparison.name for comparison in verdict.failures} <= names
    assert verdict.failures
    assert not verdict.passed


def test_a_wrong_second_gradient_is_explained() -> None:
    """The loss has one gradient by both biases: the verdict says so, and needs no known mistake."""
    verdict = judged(changed(_gradient))
    assert "grad/b_hh must equal grad/b: h[t] depends on the sum of both" in verdict.remarks
    assert only_second_bias(verdict)
    assert not only_second_bias(judged(changed(_step_from_the_sum)))


def test_other_steps_of_two_biases_decide_nothing() -> None:
    """Momentum acts on each bias alone: such steps of two biases are not compared, nor accused."""
    config = CONFIG.replace(momentum=0.9, updates=2)
    verdict = judged(two_biases, config)
    status = {c.name: c.status for c in verdict.comparisons if c.against == pytorch.name}
    assert status["step/b"] is status["step/b_hh"] is Status.INCONCLUSIVE
    assert not [c for c in verdict.failures if c.name != "step/W_x"]


def test_two_biases_do_not_hide_another_mistake() -> None:
    """A mistake in the states is named, with two biases as with one."""

    def without_b(case: Case) -> Mapping[str, Any]:
        found = two_biases(case.replace(b=case.b * 0))
        for name, share in zip(("b", "b_hh"), shares(case.b), strict=True):
            found[f"step/{name}"] = share - case.lr * found["grad/b"]
        return found

    subject = Subject(name="two", run=without_b, asks={"kind": "layer", "dtype": "float64"})
    found = diagnose(subject, CONFIG.replace(dtype="float64"), pytorch)
    assert [cause.slug for cause in found.causes] == ["bias-missing"]


def test_a_step_of_one_bias_is_that_of_both() -> None:
    """As one bias, a network with two steps from the case's bias by lr times the gradient."""
    case = draw(CONFIG.replace(dtype="float64"))
    found = as_one_bias(case, two_biases(case))
    assert set(found) == set(pytorch.run(case))
    np.testing.assert_allclose(found["step/b"], pytorch.run(case)["step/b"], rtol=0, atol=1e-15)
