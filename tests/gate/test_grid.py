"""The grid as a user runs it: options, ids, workers, subjects."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
GRID = [f"tests/test_{name}.py" for name in ("forward", "gradients", "sgd_step")]

SUBJECT = """
from parity import scratch

SEEN = []

def run(case):
    with open({log!r}, "a") as log:
        print(case.config, file=log)
    return scratch.run(case)

def forward_only(case):
    return {{"hidden": scratch.run(case)["hidden"]}}

def two_faults(case):
    trace = run(case)
    if case.config.kind == "classifier":
        return trace | {{"logits": trace["logits"] * (1 + (case.config.steps > 1))}}
    return trace | {{"grad/W_h": trace["grad/W_h"] / case.config.batch}}
def hanging(case):
    while case.config.kind == "layer":
        pass
    return scratch.run(case)

def seeding(case):
    import random
    random.seed(case.config.seed)
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


def grid(
    *arguments: str, files: list[str] = GRID, cwd: Path = ROOT
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, *files]
    told = ("CI", "BUILD_NUMBER")  # with either of them pytest prints every message twice
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith("PYTEST_") and k not in told
    }
    return subprocess.run(
        command, capture_output=True, check=False, text=True, cwd=cwd, env=environment
    )


@pytest.fixture
def subject(tmp_path: Path) -> Path:
    path = tmp_path / "subject.py"
    path.write_text(SUBJECT.format(log=str(tmp_path / "log")))
    return path


def test_each_configuration_is_computed_once(subject: Path) -> None:
    """On two workers and in three files, each configuration reaches the subject's first call once.

    Called twice on purpose, to see whether it answers the same: two lines for each.
    """
    done = grid("-q", "-n", "2", "--grid", "smoke", "--subject", str(subject))
    assert done.returncode == 0, done.stdout
    lines = (subject.parent / "log").read_text().splitlines()
    assert len(lines) == 2 * 16
    assert {lines.count(line) for line in lines} == {2}


def test_summary_says_how_much_was_compared() -> None:
    """A green run says what it rests on."""
    done = grid("-q", "-n", "0", "--grid", "smoke")
    assert "parity.scratch against PyTorch: 256 arrays compared" in done.stdout


def test_seeds_change_the_number_of_configurations(subject: Path) -> None:
    """`--seeds 3` compares three seeds of everything."""
    done = grid("-q", "-n", "0", "--grid", "smoke", "--seeds", "3", "--subject", str(subject))
    assert done.returncode == 0
    seeds = re.findall(r"-s(\d)", (subject.parent / "log").read_text())
    assert set(seeds) == {"0", "1", "2"}


def test_one_kind_of_failure_stops_nothing_else(subject: Path) -> None:
    """A subject that raises for layers is judged on classifiers all the same."""
    done = grid("-q", "-n", "0", "--grid", "smoke", "--no-keep", "--subject", f"{subject}:moody")
    assert done.returncode == 1
    assert "RAISED  the subject raised RuntimeError: no layers today" in done.stdout
    assert re.search(r"\b12 passed", done.stdout)


def test_each_kind_of_failure_is_kept_and_shrunk_once(subject: Path) -> None:
    """On two workers, one failure of each kind says its smallest case and where both are kept."""
    flags = ["-q", "-n", "2", "-c", str(ROOT / "pyproject.toml"), "--grid", "smoke"]
    files = [str(ROOT / name) for name in GRID]
    done = grid(*flags, "--subject", f"{subject.name}:two_faults", files=files, cwd=subject.parent)
    assert done.returncode == 1
    found = re.findall(r"\nsmallest failing case: (\S+) ", done.stdout)
    sizes = [re.sub(r"-(tanh|relu).*", "", name) for name in found]
    assert sorted(sizes) == ["b1-t2-f1-h1-c1", "b2-t1-f1-h1-c1"]
    kept = [Path(name) for name in re.findall(r"\nkept: (\S+), repeat with", done.stdout)]
    assert len(kept) == 4
    assert all((subject.parent / folder / "case.json").is_file() for folder in kept)
    assert {path.name for path in subject.parent.iterdir()} == {".parity", "subject.py", "log"}


def test_gradients_that_are_not_offered_do_not_pass(subject: Path) -> None:
    """A forward-only subject passes test_forward and nothing else, and the summary says why."""
    flags = ["--grid", "smoke", "--no-keep", "--subject", f"{subject}:forward_only"]
    done = grid("-q", "-n", "0", *flags)
    assert done.returncode == 1
    assert "left out by the subject, so not checked: grad/W_h, grad/W_out" in done.stdout
    alone = grid("-q", "--grid", "smoke", "--subject", f"{subject}:forward_only", files=GRID[:1])
    assert alone.returncode == 0


def test_hang_is_a_failure_and_a_note_is_none(subject: Path) -> None:
    """A configuration that hangs fails by name; what is only noted is said once, in a green run."""
    options = ("-q", "-n", "0", "--grid", "smoke", "--time-limit", "0.5")
    done = grid(*options, "--subject", f"{subject}:hanging", files=GRID[:1])
    assert done.returncode == 1
    assert "TIMEOUT  no answer in 0.5 s" in done.stdout
    done = grid("-q", "-n", "2", "--grid", "smoke", "--subject", f"{subject}:seeding")
    assert done.returncode == 0
    assert done.stdout.count("note: CHANGED_RANDOM_STATE  the subject draws from or seeds") == 1


def test_in_process_subject_needs_no_process(subject: Path) -> None:
    """`--in-process` keeps the subject where a debugger is."""
    options = ("-q", "-n", "0", "--grid", "smoke", "--in-process")
    done = grid(*options, "--subject", f"{subject}:beside_torch", files=GRID[:1])
    assert done.returncode == 0


def test_junit_xml_on_request(tmp_path: Path) -> None:
    """A CI server reads the results from JUnit XML."""
    report = tmp_path / "junit.xml"
    assert grid("-q", "-n", "2", "--grid", "smoke", f"--junitxml={report}").returncode == 0
    suite = ET.parse(report).getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("24", "0")


ERRORS = {
    "subject": (["--subject", "nowhere"], "subject 'nowhere': there is no such module"),
    "seeds": (["--seeds", "0"], "--seeds must be at least 1, got 0"),
    "time limit": (["--time-limit", "-1"], "the time limit must be above 0 and at most 86400 s"),
    "grid": (["--grid", "huge"], "invalid choice: 'huge'"),
}


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(("arguments", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_bad_options_are_refused(arguments: list[str], message: str, workers: str) -> None:
    """Nonsense on pytest's command line is one line, before anything runs."""
    done = grid("-q", "-n", workers, *arguments)
    assert done.returncode == 4
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_workers_use_one_thread() -> None:
    """Neither BLAS nor torch starts a crowd of threads in each worker."""
    program = "import conftest, torch; print(torch.get_num_threads())"
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    assert done.stdout.strip() == "1"
