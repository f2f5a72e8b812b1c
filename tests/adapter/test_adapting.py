"""Adapting: the harness recognises implementations as their authors left them, and judges them."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.adapting import is_false, is_named, result, spec_of
from parity import Config, SubjectError, draw, judge, load, verify
from parity.cli.adapt import main as adapt
from parity.cli.compare import main as compare
from parity.reference.frameworks.pytorch import pytorch
from tests.support.asking import mixed
from tests.support.implementations import IMPLEMENTATIONS, Implementation

UNRECOGNISED: dict[str, str] = {
    "module_style.py:RNNLayer": "the step is in a class of its own, which is never called",
    "constants.py:ConstantRNN": "not understood: its states do not move with x",
    "dropin.py:RNN": "not understood: nothing moves with W_x, which every call draws anew",
    "exits.py:RNN": "its backward pass ends the process, and no other way is found",
    "held_out/state_space.py": "the step, descend, is never called",
    "held_out/rate_network.py:RateNetwork": "features first, and none of the answers are states",
    "held_out/theta_unrolled.py": "gradient_descent, which makes many steps, is never called",
    "held_out/joint_matrix.py:Transition": "the step, sgd, is never called",
    "held_out/melody.py:MelodyNet": "no way to ask for its gradients is found",
}
"""These are not recognised, each with a reason: an entry that is recognised after all fails."""

FALSE: dict[str, str] = {
    "sprint_optimizers.ipynb:ScratchSimpleRNNClassifier": "its loss is accused at a batch of 33",
}
"""The verdicts on these are false, each with a reason: an entry that is judged rightly fails."""

UNNAMED = {
    "handwriting.py:RecurrentNet": "two mistakes, one of them in the step alone",
    "online_bptt.py:NeuralNet": "the step is inside the loop",
    "cells_dict.py": "found at the loss, whose gradient is the sum over all states",
    "held_out/sensor_rnn.py:SensorRNN": "a sum over the batch is called twice by the batch",
}
"""The mistakes of these are not named, each with a reason: an entry that is named fails."""

BY_POWER_ALONE = (
    "slow_decoder.py",  # the harness waits for its hangs; tests/execution has the finding
)
"""These take many seconds, and are like others that are tried here: `make power` tries them."""

BY_SPEC = {i.spec: i for i in IMPLEMENTATIONS if i.group in ("developed", "held_out")}
"""The blind ones are for measuring: `make power` tries them."""

QUICK = (
    # right: functions, classes, a package, a notebook, another order of axes, other losses
    "rnn_layers.py",
    "pure_functions.py",
    "notebook_fixed.py:ScratchSimpleRNNClassifier",
    "somebody.layers:Recurrent",
    "regression.ipynb:ManyToOneRNN",
    "time_major.py:ElmanLayer",
    "held_out/etiqueteur.py:Etiqueteur",
    # wrong: in the forward, in the backward, in the loss
    "bias_global.py:MyRNN",
    "seq_classifier.py:RNN",
    # misbehaving
    "inplace.py:Layer",
    "weather.py:WeatherRNN",
    # not recognised
    "exits.py:RNN",
)
"""One of each kind; all others are tried in a full run."""


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(spec, marks=() if spec in QUICK else pytest.mark.slow, id=spec)
        for spec in BY_SPEC
        if spec not in BY_POWER_ALONE
    ],
)
def test_implementation_is_judged_rightly(spec: str) -> None:
    """A recognised implementation agrees if and only if it is right, and the mistake is named."""
    implementation = BY_SPEC[spec]
    found = result(implementation, grid="smoke")
    assert found.recognised == (spec not in UNRECOGNISED), found.said
    assert is_false(implementation, found) == (spec in FALSE), found.said
    if found.recognised and spec not in FALSE and not implementation.right:
        assert is_named(implementation, found) == (spec not in UNNAMED), found.causes


@pytest.mark.xfail(reason="most of them lack a step that is never called", strict=True)
def test_few_are_on_the_list_of_the_unrecognised() -> None:
    """The list above leaves at least 85 % of those that are tried here."""
    assert len(BY_SPEC) == 58
    assert len(UNRECOGNISED) <= 0.15 * len(BY_SPEC)


def test_every_entry_is_of_an_implementation() -> None:
    """Every name in the lists above is the name of a file that exists."""
    assert {*UNRECOGNISED, *FALSE, *BY_POWER_ALONE, *UNNAMED, *QUICK} <= BY_SPEC.keys()


# -- what an adapter is ----------------------------------------------------------------------------


class Adapted(NamedTuple):
    implementation: Implementation
    file: Path


@pytest.fixture(
    scope="module",
    params=["rnn_layers.py", "columns.py:VanillaRNN", "regression.ipynb:ManyToOneRNN"],
)
def adapted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Adapted:
    """The adapter of an implementation, written once."""
    target = tmp_path_factory.mktemp("adapter") / "adapter.py"
    implementation = BY_SPEC[request.param]
    assert adapt(["--write", str(target), spec_of(implementation)]) == 0
    return Adapted(implementation, target)


def test_adapter_is_a_subject_by_itself(adapted: Adapted) -> None:
    """The written file runs, agrees where its author is right, and says what it can be asked."""
    written, direct = load(str(adapted.file)), load(spec_of(adapted.implementation))
    assert written.fitting(mixed("smoke")) == direct.fitting(mixed("smoke"))
    assert judge(written, draw(written.asked(Config())), pytorch).passed


def test_adapter_is_short_and_commented(adapted: Adapted) -> None:
    """The written `bind` has at most 25 lines, and a remark on every array and every call."""
    text = adapted.file.read_text()
    (bound,) = [
        n
        for n in ast.parse(text).body
        if isinstance(n, ast.Assign) and "bind(" in text and n.targets[0].id == "run"
    ]
    assert bound.end_lineno - bound.lineno <= 25
    items = {k.arg for k in bound.value.keywords} & {"W_x", "W_h", "W_out", "forward", "backward"}
    remarks = [line for line in text.splitlines() if re.search("# (certain|likely): ", line)]
    assert items
    assert len(remarks) >= len(items)


def test_printing_an_adapter_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --write, standard output has the adapter and nothing else."""
    monkeypatch.chdir(tmp_path)
    assert adapt([spec_of(BY_SPEC["rnn_layers.py"])]) == 0
    ast.parse(capsys.readouterr().out)
    assert not list(tmp_path.iterdir())


WANTS_TOO_MUCH = """
import numpy as np

class Net:
    def __init__(self, weather):
        self.Wx, self.Wh = weather.today().weights()

    def forward(self, x):
        h = np.zeros((len(x), len(self.Wh)))
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ self.Wx + h @ self.Wh)
        return h
"""


@pytest.fixture
def unclear(tmp_path: Path) -> str:
    """A class that wants an argument that nobody can guess."""
    path = tmp_path / "net.py"
    path.write_text(WANTS_TOO_MUCH)
    return str(path)


def test_what_cannot_be_told_is_a_skeleton(
    unclear: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is open is dots with a remark, and the error is one that the file raised."""
    assert adapt([unclear]) == 2
    captured = capsys.readouterr()
    ast.parse(captured.out)
    assert re.search(r"forward=\.\.\.,  # open: ", captured.out)
    assert "not adapted: " in captured.err
    assert "(line 6)" in captured.err


def test_what_cannot_be_told_is_refused_as_a_subject(unclear: str) -> None:
    """Nothing is compared on a guess: the error says that somebody has to write an adapter."""
    with pytest.raises(SubjectError, match="adapt-subject prints what is to be written"):
        load(unclear)


BAD = {
    "no file": (["nowhere.py"], "there is no such file"),
    "no python": (["--write", "adapter.txt", "x.py"], "the name must end in .py"),
    "no folder": (["--write", "no/where.py", "x.py"], "there is no folder 'no'"),
    "a run": (["parity.scratch"], "parity.scratch is a run(case) already"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that cannot be adapted, or a file that cannot be written, is refused in one line."""
    arguments, message = BAD[name]
    assert adapt(arguments) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An adapter that somebody may have edited stays as it is."""
    target = tmp_path / "adapter.py"
    target.write_text("mine")
    assert adapt(["--write", str(target), spec_of(BY_SPEC["rnn_layers.py"])]) == 2
    assert target.read_text() == "mine"
    assert "is not overwritten" in capsys.readouterr().err


# -- what a subject can be asked -------------------------------------------------------------------


def test_a_file_is_compared_and_how_it_is_asked_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """--subject file.py adapts in memory and says how; the default fits the subject."""
    assert compare(["--subject", spec_of(BY_SPEC["rnn_layers.py"])]) == 0
    out = capsys.readouterr().out
    assert re.match(r"\S+-layer\S*:", out)
    assert "asked as: rnn_forward(x, h_0, W_x, W_h, b); rnn_backward(upstream, out[1])" in out


def test_what_it_cannot_be_asked_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A given option that does not fit is refused in one line: nothing else is compared instead."""
    spec = spec_of(BY_SPEC["rnn_layers.py"])
    assert compare(["--subject", spec, "--kind", "classifier"]) == 2
    err = capsys.readouterr().err
    assert f"{spec} supports kind layer only, got classifier" in err


def test_verify_asks_what_fits() -> None:
    """A layer is asked as a layer, of its own activation, in every such configuration."""
    records = verify(spec_of(BY_SPEC["rnn_layers.py"]))
    asked = [Config.parse(record.name.split()[0]) for record in records]
    assert {(config.kind, config.activation) for config in asked} == {("layer", "tanh")}
    assert all(r.passed for r in records if not r.name.endswith(("step/W_x", "step/W_h", "step/b")))


@pytest.mark.slow
def test_grid_of_an_adapted_subject(pytester: pytest.Pytester) -> None:
    """Over two workers the grid asks what fits, and reports the parts that nobody answered."""
    root = Path(__file__).parents[2]
    files = [str(root / "tests" / f"test_{n}.py") for n in ("forward", "gradients", "sgd_step")]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "2",
        "--parity-grid",
        "smoke",
        "-p",
        "no:cacheprovider",
    ]
    command += ["--parity-subject", spec_of(BY_SPEC["rnn_layers.py"]), "-rs", *files]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b8 passed, 1 skipped", done.stdout)
    assert "answers none of these arrays: not checked" in done.stdout
    assert "asked as: rnn_forward" in done.stdout
