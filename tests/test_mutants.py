"""The harness against itself: every planted bug is caught, in the array where it happens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity import Config, draw, judge
from parity.grid import GRIDS
from reference import pytorch
from tests.mutants import MUTANTS, Mutant, load, plant


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_bug_is_caught_where_it_happens(mutant: Mutant, tmp_path: Path) -> None:
    """The first array that differs is the bug's own, and what it cannot touch agrees."""
    activation = "relu" if "relu" in mutant.new or "greater" in mutant.old else "tanh"
    verdict = judge(load(mutant, tmp_path), draw(Config(activation=activation)), pytorch)
    assert verdict.failures[0].name == mutant.first
    assert not {c.name for c in verdict.failures} & set(mutant.spared)
    assert not verdict.findings


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_bug_turns_its_chapter_of_the_smoke_grid_red(mutant: Mutant, tmp_path: Path) -> None:
    """Even the smallest grid sees it, in the chapter it belongs to."""
    subject = load(mutant, tmp_path)
    configs = [config for group in GRIDS["smoke"].groups() for config in group.configs]
    verdicts = [judge(subject, draw(config), pytorch) for config in configs]
    assert any(verdict.only(mutant.chapter).failures for verdict in verdicts)


def test_step_mutant_spares_the_gradients(tmp_path: Path) -> None:
    """A wrong step is told from a wrong gradient: it fails against the subject's own gradient."""
    subject = load(MUTANTS["step with twice the rate"], tmp_path)
    failed = judge(subject, draw(Config()), pytorch).failures
    assert {c.against for c in failed} == {"PyTorch", "w - lr * own gradient"}
    assert {c.name.partition("/")[0] for c in failed} == {"step"}


def test_wrong_gradient_spares_the_step_rule(tmp_path: Path) -> None:
    """A wrong gradient moves the weights wrongly, but by the right rule."""
    subject = load(MUTANTS["no gradient through time"], tmp_path)
    failed = judge(subject, draw(Config()), pytorch).failures
    assert "step/W_h" in {c.name for c in failed}
    assert {c.against for c in failed} == {"PyTorch"}


def test_pytest_run_goes_red(tmp_path: Path) -> None:
    """`pytest --subject` on a planted bug fails, shows where, and how to run it again."""
    copy = plant(MUTANTS["W_h not transposed in the backward"], tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--grid", "smoke", "-p"]
    command += ["no:cacheprovider", "--subject", "mutant"]
    files = [f"tests/test_{name}.py" for name in ("forward", "gradients", "sgd_step")]
    environment = os.environ | {"PYTHONPATH": str(copy.parent)}
    done = subprocess.run(
        [*command, *files], capture_output=True, check=False, text=True, env=environment
    )
    assert done.returncode == 1
    assert "DIFFERS  grad/W_x at [" in done.stdout
    assert "again: compare-one-config b7-t5-f3-h6-c4-tanh-f64-s0 --subject mutant" in done.stdout
    assert "test_forward" not in done.stdout.partition("short test summary")[2]
