"""`parity.parametrize`: a test for each configuration, in somebody else's file."""

import re
from pathlib import Path

import pytest

import parity
from parity import scratch

OWN_FILE = """
import parity
import subjects

@parity.parametrize({subject}{more})
def test_mine(check):
    check()
"""


def run(
    project: pytest.Pytester, subject: str, *arguments: str, more: str = ""
) -> pytest.RunResult:
    """Judge one of the project's subjects by a test of its own."""
    project.makepyfile(test_mine=OWN_FILE.format(subject=subject, more=more))
    flags = ["-q", "-n", "0", "-rs", "-p", "no:cacheprovider", *arguments]
    return project.runpytest_inprocess(*flags)


@parity.parametrize(scratch.run)
def test_scratch_by_parametrize(check: object) -> None:
    """Each configuration is a test of its own in somebody else's file."""
    assert callable(check)
    check()


@pytest.mark.slow
def test_a_failing_check_says_what_is_wrong(project: pytest.Pytester) -> None:
    """The first failure of a kind has its evidence, diagnosis and kept case; the others a line."""
    done = run(project, "subjects.doubled", "-k", "f64")
    done.assert_outcomes(failed=8, deselected=9)
    said = done.stdout.str()
    assert len(re.findall(r"DIFFERS  grad/W_h at \[", said)) == 2
    assert len(re.findall(r"Error: b\d\S+: \d of \d+ comparisons .* fail: grad/W_h", said)) == 6
    assert said.count("What is wrong") == 2
    assert (
        "again: compare-one-config b7-t5-f3-h6-c4-tanh-f64-s0 --subject subjects.py:doubled" in said
    )
    kept = re.findall(r"kept: (\S+), repeat with", said)
    assert kept
    assert all((Path(folder) / "case.json").is_file() for folder in kept)


def test_no_frame_of_the_harness_is_shown(project: pytest.Pytester) -> None:
    """The traceback of a failing check ends in the user's own line."""
    done = run(project, "subjects.moody", "-k", "tanh-f64-s0-layer", more=", keep=False")
    files = {
        Path(file).name for file in re.findall(r"^(\S+\.py):\d+: ", done.stdout.str(), re.MULTILINE)
    }
    assert files == {"test_mine.py"}
    assert not Path(".parity").exists()


def test_chapters_of_which_a_subject_has_nothing_are_skipped(project: pytest.Pytester) -> None:
    """A subject that never answers a step passes on the rest, and one test names the gap."""
    done = run(project, "subjects.without_step")
    done.assert_outcomes(passed=16, skipped=1)
    done.stdout.fnmatch_lines(["*step: *without_step answers none of these arrays: not checked"])


def test_chapter_that_is_missing_here_and_there_fails(project: pytest.Pytester) -> None:
    """A subject that answers a step of classifiers has to answer one of layers, too."""
    done = run(project, "subjects.step_of_classifiers", more=", keep=False")
    done.assert_outcomes(passed=8 + 1, failed=8)
    assert done.stdout.str().count("offers none of step/") == 1


def test_subject_that_answers_nothing_fails(project: pytest.Pytester) -> None:
    """A subject of which nothing is compared does not pass."""
    run(project, "subjects.silent", more=", keep=False").assert_outcomes(failed=17)
