"""Numbers at the edge: zeros, subnormals, overflow, and answers of one number."""

from typing import Any

import numpy as np
import pytest

from parity import Case, Config, Status, draw, scratch
from parity.reference.frameworks.pytorch import pytorch, twin
from parity.report.text import failure_message
from tests.judging.verdicts import status_of, verdict_of

ALL = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out", "upstream", "upstream_final")


def scaled(factor: float, *names: str, **fields: Any) -> Case:
    case = draw(Config(**fields))
    arrays = {name: getattr(case, name) * factor for name in names or ALL}
    return case.replace(**{n: a.astype(case.x.dtype) for n, a in arrays.items()})


EDGES = {
    "all zeros": scaled(0.0),
    "all zeros, layer, relu": scaled(0.0, kind="layer", activation="relu"),
    "zero weights": scaled(0.0, "W_x", "W_h", "b"),
    "one of everything": draw(Config(batch=1, steps=1, features=1, hidden=1, classes=1)),
    "tiny weights": scaled(1e-150, "W_x", "W_h", "b", "W_out", "b_out"),
    "tiny layer": scaled(1e-150, kind="layer"),
    "huge weights": scaled(1e150, "W_x", "W_h", "b", "W_out", "b_out"),
    "huge inputs": scaled(1e150, "x"),
    "subnormal upstream": scaled(1e-310, "upstream", "upstream_final", kind="layer"),
    "subnormal upstream, float32": scaled(
        1e-40, "upstream", "upstream_final", kind="layer", dtype="float32"
    ),
    "huge logits": scaled(1e4, "W_out"),
    "relu, huge weights": scaled(1e150, "W_x", "W_h", kind="layer", activation="relu", steps=2),
}


@pytest.mark.parametrize("case", EDGES.values(), ids=EDGES.keys())
def test_right_subject_is_never_wrong_at_the_edge(case: Case, recwarn: Any) -> None:
    """Zeros, subnormals, 1e150 and 1e-150 give a verdict without accusing a right subject."""
    verdict = verdict_of(scratch.run, case, thorough=True)
    assert not verdict.failures, failure_message(verdict)
    assert not verdict.findings
    assert not recwarn.list


@pytest.mark.parametrize("case", EDGES.values(), ids=EDGES.keys())
def test_wrong_subject_does_not_pass_at_the_edge(case: Case) -> None:
    """At those edges, too, a subject with other states does not pass."""
    verdict = verdict_of(lambda c: {"hidden": 1 - 2 * scratch.run(c)["hidden"]}, case)
    assert not verdict.passed


def test_overflow_on_both_sides_is_undefined() -> None:
    """Where both sides overflow, nobody is wrong and nothing agrees, so nothing passes."""
    case = scaled(1e200, "x", "W_x", "W_h", activation="relu", kind="layer")
    verdict = verdict_of(scratch.run, case, thorough=True)
    assert status_of(verdict, "hidden") is Status.UNDEFINED
    assert not verdict.passed
    assert not verdict.failures


BEHIND = {
    "grad/b_l2": "b1-t5-f3-h16-relu-f32-s404-layer-huge-l3-bi-nobias-unbatched",
    "step4/W_h_l1": (
        "b1-t2-f8-h16-c2-relu-f32-s124-layer-huge-l2-noh0-biasoff-unbatched"
        "-mom0.9-wd1.0-maximize-u4"
    ),
}


@pytest.mark.parametrize(("name", "config"), BEHIND.items())
def test_what_is_behind_undefined_states_accuses_nobody(name: str, config: str) -> None:
    """The gates of states that are not numbers depend on the order of sums, and accuse nobody."""
    verdict = verdict_of(scratch.run, draw(Config.parse(config)))
    assert status_of(verdict, name) is Status.UNDEFINED
    assert verdict.only_undecided
    assert not verdict.failures
    assert not verdict.passed


def test_overflow_of_the_reference_alone_accuses_nobody() -> None:
    """An overflow of PyTorch's own half-precision sum accuses nobody; a wrong loss still fails."""
    config = Config.parse("c10-f16-huge-sum-weighted-smooth0.1")
    verdict = verdict_of(scratch.run, draw(config))
    (undecided,) = [c for c in verdict.comparisons if c.status is Status.INCONCLUSIVE]
    assert undecided.name == "loss"
    assert "PyTorch overflows on the way" in undecided.detail
    wrong = verdict_of(lambda case: {"loss": scratch.run(case)["loss"] * 2}, draw(config))
    assert [c.status for c in wrong.failures] == [Status.NOT_FINITE]


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
def test_norm_that_overflows_clips_to_zero(dtype: str) -> None:
    """The sum of squares overflows and the gradients do not: PyTorch's factor is 0."""
    config = Config.parse(f"t12-h16-relu-{dtype}-layer-huge-clipnorm100.0")
    case = draw(config)
    assert (pytorch.run(case)["step/W_h"] == case.W_h).all()
    assert not verdict_of(scratch.run, case).failures


def test_noisy_array_that_agrees_is_worth_its_last_roundings() -> None:
    """Where the noise could hide everything, only an array as good as exact has agreed."""
    config = Config.parse("b1-relu-bf16-layer-l2-bi-withouth0-biasoff-unbatched-drop0.5")
    verdict = verdict_of(scratch.run, draw(config), thorough=True)
    resolutions = [c.resolution for c in verdict.comparisons if c.name.startswith("grad/W")]
    assert max(r for r in resolutions if r is not None) < 0.1


def test_overflow_on_one_side_is_a_difference() -> None:
    """A subject that overflows where PyTorch has a number is wrong."""
    verdict = verdict_of(lambda case: {"hidden": scratch.run(case)["hidden"] * np.inf})
    assert [c.status for c in verdict.failures] == [Status.NOT_FINITE]


CONSTANT = {"zeros": 0.0, "ones": 1.0, "a half": 0.5}


@pytest.mark.parametrize("value", CONSTANT.values(), ids=CONSTANT.keys())
def test_constant_answers_do_not_pass(value: float) -> None:
    """A subject that answers with one number throughout differs in every array."""
    verdict = verdict_of(
        lambda case: {name: np.full_like(a, value) for name, a in twin.run(case).items()}
    )
    assert {c.name for c in verdict.failures} == set(twin.run(draw(Config())))
