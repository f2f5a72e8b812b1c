"""Mutated files: no edit of a plain file makes a wrong one agree, or accuses a right one."""

import ast

import pytest

from benchmarks.power_adapted import Judged, judged, mutants
from benchmarks.power_auto import sampled
from tests.support.asking import Outcome
from tests.support.auto_mutants import Label
from tests.support.mutated_files import SOURCES

RIGHT = [name for name, mutant in mutants().items() if "add-up" in name or "drop-term" in name]
"""Among these are edits that change no number."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [*sampled([*mutants()], 8), *sampled(RIGHT, 2)])
def test_no_verdict_on_a_mutant_is_false(name: str) -> None:
    """Asked as a user would, a wrong file does not agree, and a right one is not accused."""
    found = judged(name)
    assert not found.agrees_wrongly, found
    assert not found.accused_wrongly, found


@pytest.mark.parametrize("source", SOURCES)
def test_mutants_are_files_that_differ(source: str) -> None:
    """Every mutant of a file is a program of its own, which is not the file itself."""
    texts = [mutant.text for mutant in mutants().values() if mutant.source == source]
    assert len({*texts, ast.unparse(ast.parse(SOURCES[source].text))}) == len(texts) + 1


def test_labels_tell_right_from_wrong() -> None:
    """By autograd, adding to zeros is right, and a dropped shift of the softmax is wrong."""
    assert mutants()["attributes:forward:l7:add-up:1"].label is Label.RIGHT
    assert mutants()["dictionary:softmax_loss:l2:drop-term:1"].label is Label.WRONG


def test_a_wrong_one_that_is_refused_is_no_false_verdict() -> None:
    """Only `agrees` says that a file is right, and only `differs` that it is wrong."""
    for outcome in (Outcome.REFUSED, Outcome.INCOMPLETE, Outcome.NOT_UNDERSTOOD):
        found = Judged(name="", label=Label.WRONG, outcome=outcome, said="")
        assert not found.agrees_wrongly
        assert not found.accused_wrongly
    assert Judged(name="", label=Label.WRONG, outcome=Outcome.AGREES, said="").agrees_wrongly
    assert Judged(name="", label=Label.RIGHT, outcome=Outcome.DIFFERS, said="").accused_wrongly
