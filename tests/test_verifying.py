"""Verifying from one's own code: records, and a test for each configuration."""

from pathlib import Path

import pytest

import parity
import scratch
from parity import Case, ConfigError, Misbehaviour, Status, SubjectError, verify
from tests.test_subject import raising


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
    assert all(record.passed for record in verify("scratch"))
    with pytest.raises(SubjectError, match="there is no such file"):
        verify(str(tmp_path / "no.py"))


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
        "import parity, scratch\n"
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
