"""Coverage in the gate: a grid that agrees everywhere fails where a step was never executed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from parity import Config, Misbehaviour, Subject, isolated, scratch, verify
from parity.cases.grid import Group
from parity.execution.process import closed
from parity.gate.gate import Gate
from tests.gate.conftest import outside

UNTRAINED = """
from parity import scratch

def run(case):
    return scratch.run(case)

def train_step(w, g, lr):
    return w - lr * g
"""

SAID = "not judged: train_step (lines 7-8): never executed, though it computes a step"

ONE = (Group(id="one", configs=(Config(),)),)


@pytest.fixture
def untrained(tmp_path: Path) -> Path:
    path = tmp_path / "untrained.py"
    path.write_text(UNTRAINED)
    return path


@pytest.fixture
def loaded(untrained: Path) -> Iterator[Subject]:
    subject = isolated(str(untrained))
    yield subject
    closed(subject)


def test_verify_has_not_passed(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify` reports a step that no configuration executed as its one failure."""
    monkeypatch.setattr("parity.gate.verify.groups", lambda *_: [*ONE])
    result = verify(untrained)
    assert not result.passed
    assert [(r.status, r.evidence) for r in result.failures] == [(Misbehaviour.INCOMPLETE, SAID)]
    assert f"  INCOMPLETE  {SAID}\n  covers 1 of 2 executable lines of untrained.py" in str(result)
    assert all(verdict.passed for verdict in result.verdicts)


def test_gate_asks_what_was_not_judged_here(loaded: Subject) -> None:
    """A gate that judged no configuration itself asks each once: a worker sees only some."""
    found = Gate(loaded, ONE).never_executed()
    assert found is not None
    assert found.text == SAID
    assert Gate(replace(loaded, run=scratch.run), ONE).never_executed() is None


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_plugin_fails_the_run(untrained: Path, workers: str) -> None:
    """The run ends with 1, on one worker or several, and the summary says what is missing."""
    flags = ["-n", workers, "-q", "-p", "no:cacheprovider", "--parity-grid=smoke"]
    done = outside(*flags, "--parity-subject", untrained.name, cwd=untrained.parent)
    assert done.returncode == 1, done.stdout
    assert f"INCOMPLETE  {SAID}" in done.stdout
    assert "covers 1 of 2 executable lines of untrained.py" in done.stdout
    assert "failed" not in done.stdout


@pytest.mark.slow
def test_a_run_that_names_the_grid_covers_it(untrained: Path) -> None:
    """Where only the workers collect the grid, the run knows the subject's lines from them."""
    table = '[tool.parity]\nsubject = "untrained.py"\ngrid = "smoke"\nalways = true\n'
    untrained.with_name("pyproject.toml").write_text(table)
    flags = ["-n", "2", "-q", "-p", "no:cacheprovider", "--pyargs", "parity.gate.grid"]
    done = outside(*flags, cwd=untrained.parent)
    assert done.returncode == 1, done.stdout
    assert f"INCOMPLETE  {SAID}" in done.stdout


@pytest.mark.slow
def test_a_part_of_the_grid_accuses_nobody(untrained: Path) -> None:
    """A run that selects some configurations does not say what none of them executes."""
    flags = ["-n", "0", "-q", "-p", "no:cacheprovider", "--parity-grid=smoke", "-k", "relu"]
    done = outside(*flags, "--parity-subject", untrained.name, cwd=untrained.parent)
    assert done.returncode == 0, done.stdout
    assert "not judged" not in done.stdout
