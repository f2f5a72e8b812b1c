"""Subnormal numbers accuse nobody: either side may flush them to zero, at any operation."""

from typing import Any

import numpy as np
import pytest

from benchmarks.underflow import faint
from parity import Case, Config, Status, Subject, draw, judge
from parity.judging.arbiter import rule
from parity.model.branches import Branches
from parity.reference.base import Exact
from parity.reference.frameworks.pytorch import pytorch
from parity.report.text import failure_message
from tests.judging.verdicts import status_of, verdict_of
from tests.support.flushing import FLUSHING
from tests.support.variants import VARIANTS

right = VARIANTS["per step"]


def times(factor: float, *names: str, **fields: Any) -> Case:
    case = draw(Config(**fields))
    arrays = {name: getattr(case, name).astype(np.longdouble) * factor for name in names}
    return case.replace(**{name: a.astype(case.x.dtype) for name, a in arrays.items()})


LAYER: dict[str, Any] = {"kind": "layer", "activation": "relu", "dtype": "float32"}

KNOWN = {
    "states, float32": times(1e-39, "x", "h_0", "b", dtype="float32"),
    "states, float64": times(1e-308, "x", "h_0", "b"),
    "relu's states": times(1e-40, "x", "h_0", "b", **LAYER, hidden=28, steps=9, seed=646),
    "upstream gradients": times(1e-309, "upstream", "upstream_final", kind="layer", steps=20),
    "weights of the head": times(1e-38, "W_out", dtype="float32", classes=12),
    "inputs that large weights read": times(1e-41, "x", "h_0", "b", **LAYER).replace(
        W_x=draw(Config(**LAYER)).W_x * np.float32(1e9)
    ),
    "probabilities": times(150, "W_out", dtype="float32", hidden=20, classes=16, batch=2, seed=5),
    "vanishing gradients": times(1e-7, "W_h", dtype="float32", steps=40),
}
SUBJECTS = ("per step, flushed", "flushing operands", "one format up", "softmax by quotients")


@pytest.mark.parametrize("case", KNOWN.values(), ids=KNOWN.keys())
def test_right_subject_that_flushes_is_not_accused(case: Case, subtests: pytest.Subtests) -> None:
    """Flushed operations, a wider format inside and 1 / infinity are right, and nobody is wrong."""
    for name in SUBJECTS:
        with subtests.test(name):
            subject = Subject(name=name, run=FLUSHING[name])
            verdict = judge(subject, case, pytorch)
            assert not verdict.failures, failure_message(verdict)
            assert not [remark for remark in verdict.remarks if "arithmetic" in remark]


def test_behaviour_and_steps_accuse_nobody_either() -> None:
    """A row alone, reversed rows and each step by itself are compared with the same noise."""
    for name in SUBJECTS:
        subject = Subject(name=name, run=FLUSHING[name])
        verdict = judge(subject, KNOWN["relu's states"], pytorch, thorough=True)
        assert not verdict.failures, failure_message(verdict)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_drawn_cases_near_underflow_accuse_nobody(seed: int) -> None:
    """Whatever is drawn near the smallest normal number, every right subject stays right."""
    drawn = faint(seed)
    for name, run in FLUSHING.items():
        verdict = judge(Subject(name=name, run=run), drawn.case, pytorch)
        assert not verdict.failures, f"{name}: {failure_message(verdict)}"


def test_some_of_them_are_accused_by_rounding_alone() -> None:
    """The cases are hard: without the gauge of underflow such subjects differ."""
    case = KNOWN["states, float32"]
    ours, theirs = FLUSHING["per step, flushed"](case)["hidden"], pytorch.run(case)["hidden"]
    assert np.max(np.abs(ours - theirs)) > 1e4 * 2.0**-24 * np.max(np.abs(theirs))


WRONG = {
    "hidden": lambda trace: trace["hidden"] * np.float32(1.001),
    "grad/W_out": lambda trace: trace["grad/W_out"] * np.float32(1.001),
    "grad/b": lambda trace: trace["grad/b"] + np.float32(1e-3),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistake_in_normal_numbers_is_seen_beside_subnormal_ones(name: str) -> None:
    """Subnormal inputs, and the gauge of underflow, hide no error of the normal numbers."""
    case = times(1e-40, "x", dtype="float32")
    verdict = verdict_of(lambda c: right(c) | {name: WRONG[name](right(c))}, case)
    assert status_of(verdict, name) is Status.DIFFERS


def half_of_the_gates(case: Case) -> dict[str, Any]:
    """Return a run that flushes some states before it reads their gates, and others not."""
    trace = FLUSHING["one format up"](case)
    closed = case.replace(b=np.where(np.arange(len(case.b)) % 2, case.b, -np.abs(case.b)))
    other = FLUSHING["one format up"](closed)
    offered = [name for name in trace if not name.startswith("step/")]
    return {name: (other if name.startswith("grad/") else trace)[name] for name in offered}


def test_gates_in_doubt_decide_nothing() -> None:
    """Where the states show no gate, and no reading of them explains the gradients: undecided."""
    case = times(1e-46, "x", "h_0", **LAYER).replace(b=np.full(6, 1e-45, np.float32))
    case = case.replace(W_h=np.abs(case.W_h), W_x=np.abs(case.W_x), x=np.abs(case.x))
    verdict = verdict_of(half_of_the_gates, case)
    assert status_of(verdict, "grad/W_h") is Status.INCONCLUSIVE
    assert not verdict.failures


def test_gate_of_a_normal_state_is_not_in_doubt() -> None:
    """A zero beside a normal state, and a normal state itself, show their gates."""
    states = np.array([[[0.0, 1e-30, 0.0, 1e-40]]], np.float32)
    clean = np.array([[[0.0, 1e-30, 1e-30, 1e-40]]])
    shown = Branches(gates={"hidden": states > 0})
    config = Config(activation="relu", dtype="float32")
    marked = shown.doubted(config, {"hidden": states}, {"hidden": clean})
    assert marked.doubt["hidden"].tolist() == [[[False, False, False, True]]]


# -- the arbiter ---------------------------------------------------------------------------------


def ruled(subject: float, reference: float) -> str:
    """Return the ruling on two numbers, whose exact value is 0 beside a 1."""
    truth = np.array([0.0, 1.0])
    known = Exact(
        high={"hidden": truth},
        low={"hidden": np.zeros(2)},
        enclosed={"hidden": True},
        precision=128,
        seconds=0.0,
    )
    sides = [(np.array([off, 1.0]), known) for off in (subject, reference)]
    return rule("hidden", *sides, np.full(2, 1e-16), "PyTorch").text


def test_two_sides_at_one_distance_are_not_accused() -> None:
    """Where both are as far from the exact value, on either side of it, nobody is wrong."""
    assert ruled(4e-15, -3e-15).startswith("not decided: both are about as far")
    assert ruled(1e-10, -1e-10).startswith("not decided: both are about as far")


def test_side_that_is_farther_is_accused() -> None:
    """The distance of one side does not excuse ten times that distance."""
    assert ruled(4e-14, -3e-15).startswith("the subject is wrong")
    assert ruled(1e-15, 4e-14).startswith("PyTorch is wrong")
