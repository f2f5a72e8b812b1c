"""The harness against itself: every mutant is caught, in the array where its mistake happens."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from parity import Config, draw, judge
from parity.cases.grid import GRIDS
from parity.cases.handful import HANDFUL
from parity.cases.pairwise import of_classifiers, of_layers
from parity.reference.frameworks.pytorch import pytorch
from parity.reference.mistakes import by_slug
from tests.support.detection import caught_at
from tests.support.mutants import MUTANTS, OPTIONS, PLAIN
from tests.support.slow import one_in

RECURRENT = ("grad/W_x", "grad/W_h", "grad/b")
HEAD = ("logits", "loss", "grad/W_out", "grad/b_out")


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The first array, in computation order, that a mistake makes wrong, and some it does not."""

    first: str
    spared: tuple[str, ...]


EXPECTED = {
    "bptt-untransposed-between-steps": Expected(first="grad/W_x", spared=("hidden", *HEAD)),
    "recurrent-gradients-batch-twice": Expected(
        first="grad/W_x", spared=("hidden", *HEAD, "grad/x", "grad/h_0")
    ),
    "bptt-missing": Expected(first="grad/W_x", spared=("hidden", *HEAD)),
    "wh-gradient-state-of-same-step": Expected(
        first="grad/W_h",
        spared=("hidden", *HEAD, "grad/W_x", "grad/b", "grad/x", "grad/h_0"),
    ),
    "tanh-derivative-of-activated-value": Expected(first="grad/W_x", spared=("hidden", *HEAD)),
    "relu-derivative-of-tanh": Expected(first="grad/W_x", spared=("hidden", *HEAD)),
    "loss-batch-sum": Expected(
        first="loss",
        spared=("hidden", "logits", *RECURRENT, "grad/W_out", "grad/b_out"),
    ),
    "step-lr-twice": Expected(first="step/W_out", spared=("hidden", *HEAD, *RECURRENT)),
}


@pytest.mark.parametrize("slug", EXPECTED)
def test_bug_is_caught_where_it_happens(slug: str) -> None:
    """The first array that differs is the mistake's own; arrays that it cannot touch agree."""
    expected, mutant = EXPECTED[slug], MUTANTS[slug]
    verdict = judge(mutant.subject(), draw(mutant.config), pytorch)
    assert verdict.failures[0].name == expected.first
    assert not {c.name for c in verdict.failures} & set(expected.spared)
    assert not verdict.findings


BY_DEFAULT_ALONE = {"loss-log-of-probability": "it is right wherever no probability vanishes"}
"""Mistakes that the default grid shows, and the smallest one does not, each with the reason."""


@pytest.mark.parametrize("slug", PLAIN)
def test_mistake_turns_the_smoke_grid_red(slug: str) -> None:
    """Even the smallest grid sees it, but for those listed."""
    grid = GRIDS["default" if slug in BY_DEFAULT_ALONE else "smoke"]
    configs = [config for group in grid.groups() for config in group.configs]
    assert caught_at(PLAIN[slug].subject(), configs)


@pytest.mark.parametrize(
    "slug",
    [
        *("softmax-unshifted", "softmax-shifted-by-global-max", "loss-clipped-probabilities"),
        *("tanh-overflow", "clip-value-unasked-preactivation"),
        *("clip-value-unasked-recurrent", "clip-value-unasked-in-bptt"),
    ],
)
def test_handful_shows_what_its_first_one_hides(slug: str) -> None:
    """Overflows and clips that the ordinary configuration is too tame for are caught by others."""
    subject = PLAIN[slug].subject()
    assert caught_at(subject, HANDFUL[:1]) is None
    assert caught_at(subject, HANDFUL[1:])


@pytest.mark.parametrize("slug", one_in(8, OPTIONS))
def test_mistake_in_an_option_turns_the_grid_red(slug: str) -> None:
    """One of the grid's combinations of options shows it."""
    configs = filter(by_slug[slug].applies, (*of_layers(), *of_classifiers()))
    assert caught_at(OPTIONS[slug].subject(), configs)


def test_step_mutant_spares_the_gradients() -> None:
    """A wrong step is distinguished from a wrong gradient by the subject's own gradient."""
    subject = MUTANTS["step-lr-twice"].subject()
    failed = judge(subject, draw(Config()), pytorch).failures
    assert {c.against for c in failed} == {"PyTorch", "w - lr * own gradient"}
    assert {c.name.partition("/")[0] for c in failed} == {"step"}


def test_wrong_gradient_spares_the_step_rule() -> None:
    """A wrong gradient moves the weights wrongly, but by the right rule."""
    subject = MUTANTS["bptt-missing"].subject()
    failed = judge(subject, draw(Config()), pytorch).failures
    assert "step/W_h" in {c.name for c in failed}
    assert {c.against for c in failed} == {"PyTorch"}


MODULE = """from tests.support.mutants import MUTANTS

run = MUTANTS["bptt-missing"].run
"""


@pytest.mark.slow
def test_pytest_run_goes_red(tmp_path: Path) -> None:
    """`pytest --parity-subject` on a mutant fails, shows where, and how to run it again."""
    (tmp_path / "mutant.py").write_text(MODULE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--parity-grid", "smoke", "-p"]
    command += [
        "no:cacheprovider",
        "--parity-no-keep",
        "--parity-subject",
        "mutant",
        "-k",
        "tanh-f64",
    ]
    files = [f"tests/test_{name}.py" for name in ("forward", "gradients", "sgd_step")]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*command, *files], capture_output=True, check=False, text=True, env=environment
    )
    assert done.returncode == 1
    assert "DIFFERS  grad/W_x at [" in done.stdout
    assert "again: compare-one-config b7-t5-f3-h6-c4-tanh-f64-s0 --subject mutant" in done.stdout
    assert "test_forward" not in done.stdout.partition("short test summary")[2]
