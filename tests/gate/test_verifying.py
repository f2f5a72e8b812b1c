"""Verifying from one's own code: records, and a test for each configuration."""

from pathlib import Path

import numpy as np
import pytest

import parity
from parity import Case, ConfigError, Misbehaviour, Status, SubjectError, scratch, verify
from tests.subjects.test_subject import raising

HANGING = """
from parity import scratch

def run(case):
    while str(case.config) == "b7-t5-f3-h6-c4-tanh-f64-s0":
        pass
    return scratch.run(case)
"""


def wrong(case: Case) -> dict[str, object]:
    answer = dict(scratch.run(case))
    return answer | {"grad/W_h": answer["grad/W_h"] * 2}


def test_right_subject_has_only_passing_records() -> None:
    """Every array of every configuration agrees, and is named by its configuration."""
    records = verify(scratch.run)
    assert all(record.passed for record in records)
    assert len({record.name.split()[0] for record in records}) == 16
    assert "b7-t5-f3-h6-c4-tanh-f64-s0 grad/W_h" in {record.name for record in records}


def test_wrong_subject_has_evidence() -> None:
    """A record that does not pass says both numbers."""
    failed = [record for record in verify(wrong) if not record.passed]
    assert {record.name.split()[1] for record in failed} == {"grad/W_h", "step/W_h"}
    assert all("difference" in record.evidence for record in failed)


def test_misbehaviour_is_a_record() -> None:
    """A subject that raises has a record that says so, and none that passes."""
    records = verify(raising)
    assert {record.status for record in records} == {Misbehaviour.RAISED, Status.INCOMPLETE}
    assert not any(record.passed for record in records)


def test_subject_may_be_a_name(tmp_path: Path) -> None:
    """What --subject takes, verify takes."""
    assert all(record.passed for record in verify("parity.scratch"))
    with pytest.raises(SubjectError, match="there is no such file"):
        verify(str(tmp_path / "no.py"))


def test_limits_hold_for_functions_and_names(tmp_path: Path) -> None:
    """What hangs is a record, in this process as in one of its own; other configurations pass."""
    path = tmp_path / "hanging.py"
    path.write_text(HANGING)
    names: dict[str, object] = {}
    exec(HANGING, names)
    for subject in (str(path), names["run"]):
        records = verify(subject, time_limit=0.3)  # type: ignore[arg-type]
        failed = [record for record in records if isinstance(record.status, Misbehaviour)]
        assert {record.status for record in failed} == {Misbehaviour.TIMEOUT}
        assert [record.name for record in failed] == ["b7-t5-f3-h6-c4-tanh-f64-s0"]
        assert sum(record.passed for record in records) > 200


def test_note_is_beside_the_records() -> None:
    """What a subject does that fails nothing stands beside the records of its configuration."""

    def run(case: Case) -> object:
        np.random.seed(1)
        return scratch.run(case)

    records = verify(run)  # type: ignore[arg-type]
    assert all(record.passed for record in records)
    assert all("CHANGED_RANDOM_STATE" in record.notes[0] for record in records)


def test_unknown_grid_is_refused() -> None:
    """A grid that does not exist is named, with those that do."""
    with pytest.raises(ConfigError, match="must be one of smoke, default, full, got 'huge'"):
        verify(scratch.run, grid="huge")


@parity.parametrize(scratch.run)
def test_scratch_by_parametrize(check: object) -> None:
    """Each configuration is a test of its own in somebody else's file."""
    assert callable(check)
    check()


def test_a_failing_check_says_why(pytester: pytest.Pytester) -> None:
    """In a file of one's own, the test of a wrong configuration fails with the evidence."""
    pytester.makepyfile(
        "import parity\nfrom parity import scratch\n"
        "def wrong(case):\n"
        "    answer = dict(scratch.run(case))\n"
        "    return answer | {'grad/W_h': answer['grad/W_h'] * 2}\n"
        "@parity.parametrize(wrong)\n"
        "def test_mine(check):\n"
        "    check()\n"
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-q")
    done.assert_outcomes(failed=16)
    done.stdout.fnmatch_lines(["*DIFFERS  grad/W_h at *"])


def test_named_subject_leaves_nothing_open(pytester: pytest.Pytester) -> None:
    """A file of one's own that judges a name has one process for it, and no warning at its end."""
    pytester.makepyfile(
        "import parity\n@parity.parametrize('parity.scratch')\ndef test_mine(check):\n    check()\n"
    )
    options = ("-p", "no:cacheprovider", "-q", "-W", "error")
    done = pytester.runpytest_subprocess(*options)
    done.assert_outcomes(passed=16)
    assert not done.stderr.lines
