"""A training run: both sides go through the same mini-batches of handwritten digits."""

import numpy as np
import pytest

from parity import Config, ConfigError, Status, Subject, load, scratch
from parity.judging.training import Training, train
from parity.reference.frameworks.pytorch import pytorch

pytest.importorskip("sklearn")

CONFIG = Config(batch=16, hidden=64, lr=0.2).replace(data="digits")


@pytest.fixture(scope="module")
def training() -> Training:
    return train(load("parity.scratch"), CONFIG, pytorch, epochs=3)


@pytest.mark.slow
def test_losses_and_parameters_stay_together(training: Training) -> None:
    """Over three epochs no loss and no parameter leaves the noise floor of the run."""
    assert training.verdict.passed
    names = [c.name for c in training.verdict.comparisons]
    assert names == ["loss", "step/W_out", "step/b_out", "step/W_x", "step/W_h", "step/b"]
    assert len(training.losses) == 3 * 90


@pytest.mark.slow
def test_noise_floor_of_a_run_stays_narrow(training: Training) -> None:
    """A training run allows only rounding: under 1e-10 of anything it trains."""
    allowed = [c.greatest.allowed for c in training.verdict.compared if c.greatest]
    assert len(allowed) == 6
    assert max(allowed) < 1e-10


def test_scratch_learns_the_digits(training: Training) -> None:
    """The scratch classifier gets at least 90 % of the held-out images right, as PyTorch does."""
    assert training.accuracy[0] >= 0.9
    assert training.accuracy[0] == training.accuracy[1]


def test_small_error_is_seen_in_training() -> None:
    """A gradient wrong by one part in a billion leaves the noise floor."""

    def run(case: object) -> dict[str, np.ndarray]:
        trace = scratch.run(case)  # type: ignore[arg-type]
        moved = trace["step/W_h"] - 1e-9 * 0.2 * trace["grad/W_h"]
        return trace | {"step/W_h": moved}

    training = train(Subject(name="wrong", run=run), CONFIG, pytorch, epochs=1)
    assert "step/W_h" in {c.name for c in training.verdict.failures}
    assert {c.status for c in training.verdict.failures} == {Status.DIFFERS}


def test_training_needs_digits() -> None:
    """Drawn sequences have nothing to learn."""
    with pytest.raises(ConfigError, match="add --data digits"):
        train(load("parity.scratch"), Config(), pytorch, epochs=1)


def test_subject_that_leaves_out_the_step_is_told() -> None:
    """A training run needs the loss, the logits and every stepped parameter."""
    subject = Subject(name="half", run=lambda case: {"hidden": scratch.run(case)["hidden"]})
    training = train(subject, CONFIG, pytorch, epochs=1)
    assert not training.verdict.comparable
    assert "leaves out loss, logits, step/W_x" in training.verdict.findings[0].text


def test_subject_that_raises_ends_its_run() -> None:
    """A subject that raises half-way is reported with its own traceback."""
    calls: list[int] = []

    def run(case: object) -> dict[str, np.ndarray]:
        calls.append(1)
        if len(calls) > 3:
            raise ZeroDivisionError("out of luck")
        return scratch.run(case)  # type: ignore[arg-type]

    training = train(Subject(name="unlucky", run=run), CONFIG, pytorch, epochs=1)
    assert len(training.losses) == 3
    assert "ZeroDivisionError: out of luck" in training.verdict.findings[0].text


@pytest.mark.slow
def test_runs_that_a_flipped_gate_parts_are_both_right() -> None:
    """In float32 rounding flips a gate of relu at some step: comparing ends there, and says so."""
    config = CONFIG.replace(activation="relu", dtype="float32", lr=0.1)
    training = train(load("parity.scratch"), config, pytorch, epochs=3)
    assert training.verdict.passed
    assert "where rounding flips a gate of relu" in training.verdict.remarks[0]


WRONG = {"loss": np.zeros(3), "logits": np.zeros(()), "step/W_h": np.zeros((2, 2))}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_shape_ends_the_run_with_one_line(name: str) -> None:
    """A training run names the array whose shape stops it."""
    subject = Subject(name="wrong", run=lambda case: scratch.run(case) | {name: WRONG[name]})
    training = train(subject, CONFIG, pytorch, epochs=1)
    assert f"training cannot go on: {name} has shape" in training.verdict.findings[0].text
