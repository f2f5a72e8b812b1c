"""Verifying from one's own code and tests: a result, and a test for each configuration."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import parity
from parity import Case, Config, ConfigError, Misbehaviour, Status, SubjectError, scratch, verify
from parity.cli.compare import main
from parity.gate.verify import Verification
from tests.subjects.test_subject import raising

HANGING = """
from parity import scratch

def run(case):
    while str(case.config) == "b7-t5-f3-h6-c4-tanh-f64-s0":
        pass
    return scratch.run(case)
"""


def wrong(case: Case) -> dict[str, Any]:
    answer = dict(scratch.run(case))
    return answer | {"grad/W_h": answer["grad/W_h"] * 2}


def forward_only(case: Case) -> dict[str, Any]:
    return {"hidden": scratch.run(case)["hidden"]}


def row_by_its_place(case: Case) -> Mapping[str, Any]:
    """A run that is wrong only in the batch of another order: a single case does not show it."""
    answer = dict(scratch.run(case))
    drawn = parity.draw(case.config)
    if case.x.shape == drawn.x.shape and not np.array_equal(case.x, drawn.x):
        return answer | {"hidden": answer["hidden"] + 1}
    return answer


def silent(case: Case) -> dict[str, Any]:
    return {}


@pytest.fixture(scope="module")
def right() -> Verification:
    return verify(scratch.run)


@pytest.fixture(scope="module")
def failing() -> Verification:
    return verify(wrong)


def test_right_subject_has_only_passing_records(right: Verification) -> None:
    """Every array of every configuration agrees, and is named by its configuration."""
    assert right.passed
    assert all(record.passed for record in right)
    assert right.failures == ()
    assert len({record.name.split()[0] for record in right}) == 16
    assert "b7-t5-f3-h6-c4-tanh-f64-s0 grad/W_h" in {record.name for record in right}
    assert str(right).endswith("comparisons in 16 configurations agree")


def test_wrong_subject_has_evidence(failing: Verification) -> None:
    """A record that does not pass says both numbers; the text names what fails where."""
    assert not failing.passed
    assert {"grad/W_h", "step/W_h"} <= {record.name.split()[1] for record in failing.failures}
    assert all("difference" in record.evidence for record in failing.failures)
    said = str(failing)
    assert "15 of 16 configurations do not pass" in said
    assert "and 5 more" in said
    assert "again: compare-one-config b7-t5-f3-h6-c4-tanh-f64-s0 --subject tests/gate" in said


def test_result_is_a_sequence_without_a_truth_value(right: Verification) -> None:
    """A result is a sequence of its records, and has no truth value."""
    assert right[0] is next(iter(right))
    assert right[:2] == tuple(right)[:2]
    assert len(right) == len(list(right))
    with pytest.raises(TypeError, match=r"no truth value: ask \.passed"):
        bool(right)


SAID = {"agrees": scratch.run, "differs": wrong, "behaves": row_by_its_place, "silent": silent}


@pytest.mark.parametrize("run", SAID.values(), ids=SAID)
def test_passed_is_the_commands_exit_status(
    run: Callable[[Case], Any], capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """A grid passes where the command, asked about each configuration, exits with 0."""
    small = Config()
    monkeypatch.setattr("parity.gate.verify.groups", lambda *_: [parity_group(small)])
    name = f"{__file__}:{run.__name__}" if run is not scratch.run else "parity.scratch"
    status = main([str(small), "--subject", name, "--no-keep", "--in-process"])
    assert verify(run).passed == (status == 0)
    capsys.readouterr()


def parity_group(config: Config) -> Any:
    from parity.cases.grid import Group

    return Group(id=str(config), configs=(config,))


def test_nothing_compared_has_not_passed() -> None:
    """A subject that answers nothing fails in every array that it has to answer."""
    result = verify(silent)
    assert not result.passed
    assert {record.status for record in result.failures} == {Status.INCOMPLETE}


def test_misbehaviour_is_a_record() -> None:
    """A subject that raises has a record that says so, and none that passes."""
    records = verify(raising)
    assert {record.status for record in records} == {Misbehaviour.RAISED, Status.INCOMPLETE}
    assert {record.status for record in records.failures} == {Misbehaviour.RAISED}
    assert not any(record.passed for record in records)


def test_subject_may_be_a_name(tmp_path: Path) -> None:
    """`verify` takes the same subjects as --subject."""
    assert verify("parity.scratch").passed
    with pytest.raises(SubjectError, match="there is no such file"):
        verify(str(tmp_path / "no.py"))


@pytest.mark.slow
def test_limits_hold_for_functions_and_names(tmp_path: Path) -> None:
    """A hang is a record, in this process as in one of its own; other configurations pass."""
    path = tmp_path / "hanging.py"
    path.write_text(HANGING)
    names: dict[str, Any] = {}
    exec(HANGING, names)
    for subject in (str(path), names["run"]):
        records = verify(subject, time_limit=1.0)
        failed = [record for record in records if isinstance(record.status, Misbehaviour)]
        assert {record.status for record in failed} == {Misbehaviour.TIMEOUT}
        assert {record.name for record in failed} == {"b7-t5-f3-h6-c4-tanh-f64-s0"}
        assert sum(record.passed for record in records) > 200


def test_note_is_beside_the_records() -> None:
    """Side effects that fail nothing stand beside the records of their configuration."""

    def run(case: Case) -> Any:
        np.random.seed(1)
        return scratch.run(case)

    records = verify(run)
    assert records.passed
    assert all("CHANGED_RANDOM_STATE" in record.notes[0] for record in records)


def test_unknown_grid_is_refused() -> None:
    """A grid that does not exist is named, with those that do."""
    with pytest.raises(ConfigError, match="must be one of smoke, default, full, got 'huge'"):
        verify(scratch.run, grid="huge")
