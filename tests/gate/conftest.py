"""Fixtures that the gate's tests share: somebody else's project, and pytest run in it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from parity.cli import pytest_grid
from parity.gate.gate import Gate
from parity.model.case import Case
from parity.model.config import Config
from parity.scratch import run
from parity.subjects.subject import Subject

ROOT = Path(__file__).parents[2]

GRID = [f"tests/test_{name}.py" for name in ("forward", "gradients", "sgd_step")]

SUBJECTS = """
from pathlib import Path

from parity import scratch

def run(case):
    with Path(__file__).with_name("log").open("a") as log:
        print(case.config, file=log)
    return scratch.run(case)

def seeding(case):
    import random
    random.seed(case.config.seed)
    return run(case)

def only(*kinds, of):
    return {name: array for name, array in of.items() if name.partition("/")[0] in kinds}

def forward_only(case):
    return only("hidden", "logits", "loss", of=scratch.run(case))

def without_step(case):
    return only("hidden", "logits", "loss", "grad", of=scratch.run(case))

def step_of_classifiers(case):
    return without_step(case) if case.config.kind == "layer" else scratch.run(case)

def silent(case):
    return {}

def doubled(case):
    trace = dict(scratch.run(case))
    return trace | {"grad/W_h": trace["grad/W_h"] * 2}

def two_faults(case):
    trace = dict(scratch.run(case))
    if case.config.kind == "classifier":
        return trace | {"logits": trace["logits"] * (1 + (case.config.steps > 1))}
    return trace | {"grad/W_h": trace["grad/W_h"] / case.config.batch}

def hanging(case):
    while case.config.kind == "layer":
        pass
    return scratch.run(case)

def beside_torch(case):
    import sys
    assert "torch" in sys.modules
    return scratch.run(case)

def moody(case):
    if case.config.kind == "layer":
        raise RuntimeError("no layers today")
    return scratch.run(case)
"""
"""Subjects of many kinds, one function each."""


def outside(
    *arguments: str, cwd: Path = ROOT, program: str = "pytest", **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run a program of the environment in a process of its own, as a user does."""
    told = ("CI", "BUILD_NUMBER")  # with either of them pytest prints every message twice
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTEST_") and name not in told
    }
    environment |= variables
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    return subprocess.run(
        command, capture_output=True, check=False, text=True, cwd=cwd, env=environment
    )


@pytest.fixture(scope="session")
def _imported() -> None:
    """Import what a failing run imports: a run within this process forgets what it imports."""

    def half(case: Case) -> dict[str, Any]:
        return {"hidden": run(case)["hidden"] / 2}

    assert pytest_grid.CHAPTERS
    gate = Gate(Subject(name="half", run=half), (), keeping=False)
    assert gate.failure(gate.verdict(Config()))


@pytest.fixture
def project(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, _imported: None
) -> pytest.Pytester:
    """Somebody else's project with subjects; it shares nothing with the run around it."""
    for name in list(os.environ):
        if name.startswith("PYTEST_XDIST") or name in ("CI", "BUILD_NUMBER"):
            monkeypatch.delenv(name)
    pytester.makepyfile(subjects=SUBJECTS)
    return pytester


def judged(
    project: pytest.Pytester, subject: str, *arguments: str, own_process: bool = False
) -> pytest.RunResult:
    """Run the smoke grid on one of the project's subjects; pytest itself runs in this process."""
    flags = ["-q", "-n", "0", "-rs", "-p", "no:cacheprovider", "--parity-no-keep"]
    flags += [] if own_process else ["--parity-in-process"]
    asked = ["--parity-grid", "smoke", "--parity-subject", f"subjects.py:{subject}"]
    return project.runpytest_inprocess(*flags, *asked, *arguments)
