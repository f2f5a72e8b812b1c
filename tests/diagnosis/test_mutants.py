"""The harness against itself: every planted mistake is caught, in the array where it happens."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from parity import Config, Subject, draw, judge
from parity.cases.grid import GRIDS
from parity.cases.pairwise import of_classifiers, of_layers
from parity.reference.frameworks.pytorch import pytorch
from tests.support.planted_copies import load, plant, planted, planted_options

PLANTED = {str(mistake): edits for mistake, edits in planted().items()}

OPTIONS = {str(m): (m, config, edits) for m, (config, edits) in planted_options().items()}

RECURRENT = ("grad/W_x", "grad/W_h", "grad/b")
HEAD = ("logits", "loss", "grad/W_out", "grad/b_out")


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The first array, in computation order, that a mistake makes wrong, and some it does not."""

    first: str
    spared: tuple[str, ...]
    activation: str = "tanh"


EXPECTED = {
    "W_h is not transposed from step to step, though it is for h_0": Expected(
        first="grad/W_x", spared=("hidden", *HEAD)
    ),
    "recurrent gradients are divided by the batch size twice": Expected(
        first="grad/W_x", spared=("hidden", *HEAD, "grad/x", "grad/h_0")
    ),
    "no gradient goes back through time": Expected(first="grad/W_x", spared=("hidden", *HEAD)),
    "the gradient of W_h pairs da[t] with h[t], not with h[t-1]": Expected(
        first="grad/W_h",
        spared=("hidden", *HEAD, "grad/W_x", "grad/b", "grad/x", "grad/h_0"),
    ),
    "the derivative of tanh is taken at the activated value: 1 - tanh(h)^2": Expected(
        first="grad/W_x", spared=("hidden", *HEAD)
    ),
    "the derivative of tanh is used with relu": Expected(
        first="grad/W_x", spared=("hidden", *HEAD), activation="relu"
    ),
    "the loss is a sum over the batch, its gradient that of the mean": Expected(
        first="loss",
        spared=("hidden", "logits", *RECURRENT, "grad/W_out", "grad/b_out"),
    ),
    "the step takes the learning rate twice": Expected(
        first="step/W_out", spared=("hidden", *HEAD, *RECURRENT)
    ),
}

SURVIVORS = {
    "probabilities are clipped at 0.001 in the loss": "no probability is so small",
    "the loss is -log p, which is infinite where p comes to zero": "none comes to zero",
    "softmax does not subtract the largest logit": "no logit is so large",
    "softmax subtracts the largest logit of the whole matrix, not of each row": "nor so far off",
    "tanh is made of exponentials, which overflow": "no pre-activation is so large",
}
"""Mistakes that the smoke grid's 16 configurations do not show, and why; the default grid does."""


def mutant(says: str) -> Subject:
    return load(PLANTED[says])


@pytest.mark.parametrize("says", EXPECTED)
def test_bug_is_caught_where_it_happens(says: str) -> None:
    """The first array that differs is the bug's own, and what it cannot touch agrees."""
    expected = EXPECTED[says]
    verdict = judge(mutant(says), draw(Config(activation=expected.activation)), pytorch)
    assert verdict.failures[0].name == expected.first
    assert not {c.name for c in verdict.failures} & set(expected.spared)
    assert not verdict.findings


@pytest.mark.parametrize("says", PLANTED)
def test_mistake_turns_the_smoke_grid_red(says: str) -> None:
    """Even the smallest grid sees it, but for what its configurations are too tame to show."""
    configs = [config for group in GRIDS["smoke"].groups() for config in group.configs]
    verdicts = [judge(mutant(says), draw(config), pytorch) for config in configs]
    assert any(verdict.failures for verdict in verdicts) is (says not in SURVIVORS)


@pytest.mark.parametrize("says", OPTIONS)
def test_mistake_in_an_option_is_caught(says: str) -> None:
    """A configuration with the option turns red, by the numbers that the textbook predicts."""
    mistake, config, edits = OPTIONS[says]
    subject, case = load(edits), draw(config)
    assert mistake.applies(config)
    assert judge(subject, case, pytorch).failures
    answer = subject.run(case)
    for name, expected in pytorch.predict(case, [mistake]).items():
        if name in answer:  # biases that there are none of are told of by nobody
            np.testing.assert_allclose(answer[name], expected, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("says", OPTIONS)
def test_mistake_in_an_option_turns_the_grid_red(says: str) -> None:
    """One of the grid's combinations of options shows it."""
    mistake, _, edits = OPTIONS[says]
    subject = load(edits)
    within = filter(mistake.applies, (*of_layers(), *of_classifiers()))
    assert any(judge(subject, draw(config), pytorch).failures for config in within)


def test_step_mutant_spares_the_gradients() -> None:
    """A wrong step is told from a wrong gradient: it fails against the subject's own gradient."""
    subject = mutant("the step takes the learning rate twice")
    failed = judge(subject, draw(Config()), pytorch).failures
    assert {c.against for c in failed} == {"PyTorch", "w - lr * own gradient"}
    assert {c.name.partition("/")[0] for c in failed} == {"step"}


def test_wrong_gradient_spares_the_step_rule() -> None:
    """A wrong gradient moves the weights wrongly, but by the right rule."""
    subject = mutant("no gradient goes back through time")
    failed = judge(subject, draw(Config()), pytorch).failures
    assert "step/W_h" in {c.name for c in failed}
    assert {c.against for c in failed} == {"PyTorch"}


def test_pytest_run_goes_red(tmp_path: Path) -> None:
    """`pytest --subject` on a planted bug fails, shows where, and how to run it again."""
    copy = plant(PLANTED["no gradient goes back through time"], tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--grid", "smoke", "-p"]
    command += ["no:cacheprovider", "--no-keep", "--subject", "mutant"]
    files = [f"tests/test_{name}.py" for name in ("forward", "gradients", "sgd_step")]
    environment = os.environ | {"PYTHONPATH": str(copy.parent)}
    done = subprocess.run(
        [*command, *files], capture_output=True, check=False, text=True, env=environment
    )
    assert done.returncode == 1
    assert "DIFFERS  grad/W_x at [" in done.stdout
    assert "again: compare-one-config b7-t5-f3-h6-c4-tanh-f64-s0 --subject mutant" in done.stdout
    assert "test_forward" not in done.stdout.partition("short test summary")[2]
