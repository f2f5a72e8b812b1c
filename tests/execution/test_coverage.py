"""Coverage: the lines of a subject's own files that run while it answers, and no others."""

import json
from pathlib import Path

import pytest

from parity import Config, Subject, draw, isolated, judge, load
from parity.cli.compare import main
from parity.execution.coverage import checked_lines, packed, unpacked
from parity.execution.process import closed, recorded
from parity.judging.coverage import covered
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.own_source import OwnSource, own_sources

SUBJECT = """
import numpy as np
from parity import scratch
from layers import Layer

def at_import(a):
    return a + 1

STARTED = at_import(0)

def run(case):
    layer = Layer()
    if case.config.steps > 5:
        return layer.long(case)
    return layer.short(case)
"""

LAYERS = """
from parity import scratch

class Layer:
    def short(self, case):
        return scratch.run(case)

    def long(self, case):
        return scratch.run(case)

    def {entry}(self, w, g, lr):
        return w - lr * g

class Unused:
    def backward(self, d):
        return d @ d
"""


@pytest.fixture
def subject(tmp_path: Path) -> Path:
    (tmp_path / "layers.py").write_text(LAYERS.format(entry="train_step"))
    path = tmp_path / "my_[rnn].py"  # a name with characters that patterns know
    path.write_text(SUBJECT)
    return path


def lines_of(loaded: Subject) -> dict[str, set[int]]:
    """Return the lines that have run so far, by the name of the file."""
    record = recorded(loaded)
    assert record is not None
    return {Path(file).name: set(lines) for file, lines in record.executed.items()}


def test_lines_that_answer_are_recorded(subject: Path) -> None:
    """Lines count from the first question on, in the subject's file and those beside it.

    The lines of import do not count, nor do libraries and the harness. Questions add up, also
    where the second one has another process.
    """
    loaded = isolated(str(subject))
    assert lines_of(loaded) == {}
    judge(loaded, draw(Config()), pytorch)
    assert lines_of(loaded) == {subject.name: {12, 13, 15}, "layers.py": {6}}
    closed(loaded)
    judge(loaded, draw(Config(steps=6)), pytorch)
    assert lines_of(loaded) == {subject.name: {12, 13, 14, 15}, "layers.py": {6, 9}}
    closed(loaded)


def test_of_a_file_beside_it_the_imported_class_must_run(subject: Path) -> None:
    """A step of a class that the subject imports must run; another class of its file need not."""
    loaded = isolated(str(subject))
    verdict = covered(judge(loaded, draw(Config()), pytorch), loaded)
    closed(loaded)
    assert [f.text for f in verdict.faults] == [
        "not judged: train_step (lines 11-12): never executed, though it computes a step"
    ]
    assert not verdict.passed
    assert not verdict.comparable  # so the exit status is 2


def test_json_has_the_coverage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` lists the lines that did not run; the command ends with 2 where a step did not."""
    (tmp_path / "layers.py").write_text(LAYERS.format(entry="train_step"))
    path = tmp_path / "my_rnn.py"
    path.write_text(SUBJECT)
    assert main(["--subject", str(path), "--no-keep", "--json", "-"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert data["coverage"]["files"] == ["my_rnn.py", "layers.py"]
    assert (data["coverage"]["executed"], data["coverage"]["executable"]) == (6, 8)
    (missed,) = (part for part in data["coverage"]["not_judged"] if part["grave"])
    assert (missed["name"], missed["file"]) == ("train_step", str(tmp_path / "layers.py"))
    assert data["summary"].startswith("not judged: train_step (lines 11-12)")
    assert data["diagnosis"] is None


def test_sources_of_a_subject(subject: Path) -> None:
    """A module's own files are its own and those beside it: no library, and not the harness."""
    load(str(subject))
    found = {Path(source.file).name: source.names for source in own_sources(str(subject))}
    assert found == {subject.name: None, "layers.py": ("Layer",)}


def test_messages_survive_the_wire() -> None:
    """Sources travel as plain values; a malformed message is refused."""
    sources = (OwnSource(file="a.py", text="x"), OwnSource(file="b.py", text="", names=("f",)))
    assert unpacked(json.loads(json.dumps(packed(sources)))) == sources
    with pytest.raises(TypeError):
        unpacked([[1, "x", None]])
    with pytest.raises(TypeError):
        checked_lines({"a.py": [True]})
    assert checked_lines({"a.py": [1, 2]}) == {"a.py": [1, 2]}
