"""The answers of a subject's process are checked before anything in them is believed."""

from typing import Any

import pytest

from parity.execution.replies import about, check_number, findings
from parity.execution.wire import MalformedError
from parity.report.json_output import subject_data
from parity.report.text import binding_lines

NO_ANSWER: dict[str, Any] = {
    "another question's": {"number": 1},
    "no question's": {},
    "a list": [2],
    "a number in words": {"number": "2"},
}


@pytest.mark.parametrize("header", NO_ANSWER.values(), ids=NO_ANSWER.keys())
def test_answer_to_another_question_is_none(header: Any) -> None:
    """Only the answer with the number of the question is taken."""
    with pytest.raises(MalformedError, match="it answers another question"):
        check_number(header, 2)
    check_number({"number": 2}, 2)


NO_FINDINGS: dict[str, Any] = {
    "missing": {},
    "a number": {"findings": 3},
    "of an unknown kind": {"findings": [["BORED", "text", ""]]},
    "of a kind that only the harness finds": {"findings": [["TIMEOUT", "text", ""]]},
    "of numbers": {"findings": [["RAISED", 1, 2]]},
    "of two parts": {"findings": [["RAISED", "text"]]},
}


@pytest.mark.parametrize("header", NO_FINDINGS.values(), ids=NO_FINDINGS.keys())
def test_findings_of_another_form_are_refused(header: Any) -> None:
    """A worker writes findings of some kinds, each with a text and its evidence."""
    with pytest.raises(MalformedError, match="its findings are malformed"):
        findings(header)


def test_the_way_of_asking_reaches_the_report() -> None:
    """The lines that say how a subject is asked, and a doubt about it, come from its process."""
    lines = [f"line {number}" for number in range(9)]
    subject = about({"binding": lines, "uncertain": "by names alone"}, "net.py", lambda _: {})
    assert binding_lines(subject) == lines[:5]
    data = subject_data(subject)
    assert (data["binding"], data["uncertain"]) == (lines[:5], "by names alone")
    assert about({}, "net.py", lambda _: {}).binding == ()
