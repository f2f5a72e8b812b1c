"""The grid: which tests pass, fail or are skipped, and what a run says of it."""

import re
from pathlib import Path

import pytest

from parity.gate.gate import SHRUNK
from tests.gate.conftest import GRID, ROOT, SUBJECTS, judged, outside


@pytest.mark.slow
def test_one_kind_of_failure_stops_nothing_else(project: pytest.Pytester) -> None:
    """A subject that raises for layers is judged on classifiers all the same."""
    done = judged(project, "moody", "-k", "forward")
    assert done.ret == 1
    done.stdout.fnmatch_lines(["*RAISED  the subject raised RuntimeError: no layers today"])
    assert done.parseoutcomes()["passed"] == 8


@pytest.mark.slow
def test_a_kind_of_failure_is_told_once(project: pytest.Pytester) -> None:
    """The first failure of a kind shows both numbers; every other one of it has its line.

    Layers and classifiers are diagnosed once each. Nothing is kept where that is not wanted.
    """
    done = judged(project, "doubled", "-k", "gradients and f64")
    shown = done.stdout.str()
    assert len(re.findall(r"DIFFERS  grad/W_h at \[", shown)) == 2
    others = re.findall(r"^b\d.*: 1 of \d+ comparisons .* fail: grad/W_h$", shown, re.MULTILINE)
    assert len(others) == 6
    assert shown.count("again: compare-one-config") == 2
    assert shown.count("What is wrong") == 2
    assert not Path(".parity").exists()


@pytest.mark.slow
def test_chapter_of_which_a_subject_has_nothing_is_skipped(project: pytest.Pytester) -> None:
    """A subject that never answers gradients or a step is judged on the rest.

    The summary names what was not checked. One row alone has no behaviour without gradients.
    """
    done = judged(project, "forward_only")
    assert done.ret == 0
    reason = "subjects.py:forward_only answers none of these arrays: not checked"
    done.stdout.fnmatch_lines([f"SKIPPED *34* {reason}"])
    assert "left out by the subject, so not checked: grad/W_h, grad/W_out" in done.stdout.str()
    assert done.parseoutcomes()["skipped"] == 34


def test_chapter_that_is_missing_here_and_there_fails(project: pytest.Pytester) -> None:
    """A subject that answers a step of classifiers has to answer one of layers, too."""
    done = judged(project, "step_of_classifiers", "-k", "step")
    assert done.ret == 1
    assert done.parseoutcomes() == {"failed": 8 + 8, "passed": 8, "deselected": 46}
    done.stdout.fnmatch_lines(
        ["*-layer*: nothing was compared with PyTorch", "*offers none of step/*"]
    )


def test_subject_that_answers_nothing_fails(project: pytest.Pytester) -> None:
    """A subject of which nothing is compared does not pass, in any chapter."""
    done = judged(project, "silent")
    assert done.ret == 1
    assert "passed" not in done.parseoutcomes()
    assert "skipped" not in done.parseoutcomes()


@pytest.mark.slow
def test_hang_is_a_failure(project: pytest.Pytester) -> None:
    """A configuration that hangs fails by name."""
    done = judged(
        project, "hanging", "--parity-time-limit", "0.5", "-k", "forward and f64", own_process=True
    )
    assert done.ret == 1
    done.stdout.fnmatch_lines(["*TIMEOUT  no answer in 0.5 s*"])


def test_in_process_subject_needs_no_process(project: pytest.Pytester) -> None:
    """`--parity-in-process` keeps the subject in the process in which a debugger is."""
    assert judged(project, "beside_torch", "-k", "forward").ret == 0


def test_seeds_change_the_number_of_configurations(project: pytest.Pytester) -> None:
    """`--parity-seeds 3` compares three seeds of everything."""
    assert judged(project, "run", "--parity-seeds", "3", "-k", "forward and f64").ret == 0
    seeds = re.findall(r"-s(\d)", Path("log").read_text())
    assert set(seeds) == {"0", "1", "2"}


@pytest.mark.slow
def test_each_kind_of_failure_is_kept_and_shrunk_once(tmp_path: Path) -> None:
    """On two workers, each kind of failure names its smallest case once, and both folders."""
    (tmp_path / "subjects.py").write_text(SUBJECTS)
    flags = ["-q", "-n", "2", "-p", "no:cacheprovider", "--parity-grid", "smoke"]
    done = outside(*flags, "--parity-subject", "subjects.py:two_faults", cwd=tmp_path)
    assert done.returncode == 1
    found = re.findall(r"\nsmallest failing case: (\S+) ", done.stdout)
    sizes = [re.sub(r"-(tanh|relu).*", "", name) for name in found]
    assert {"b1-t2-f1-h1-c1", "b2-t1-f1-h1-c1"} <= set(sizes)
    assert len(sizes) <= SHRUNK
    kept = [Path(name) for name in re.findall(r"\nkept: (\S+), repeat with", done.stdout)]
    assert len(kept) == len(set(kept))
    assert all((tmp_path / folder / "case.json").is_file() for folder in kept)
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {
        ".parity",
        "subjects.py",
    }
    assert done.stdout.count("What is wrong") == 2


@pytest.mark.slow
def test_this_repository_has_the_grid_once() -> None:
    """Collection finds each test of the grid once, in the files of this folder."""
    flags = ["-q", "-n", "0", "-p", "no:cacheprovider", "--collect-only"]
    done = outside(*flags, "--parity-grid", "smoke", *GRID, "tests/test_behaviour.py")
    found = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(found) == len(set(found)) == 4 * 16 - 2
    assert all(line.startswith("tests/test_") for line in found)


@pytest.mark.slow
def test_workers_use_one_thread() -> None:
    """Neither BLAS nor torch starts a crowd of threads in each worker."""
    program = (
        "import os; [os.environ.pop(n) for n in list(os.environ) if n.endswith('_NUM_THREADS')];"
        "import conftest, torch; print(torch.get_num_threads())"
    )
    assert outside("-c", program, program="python", cwd=ROOT).stdout.strip() == "1"
