"""Subjects: how they are found, and what happens when they misbehave."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity import Case, Config, Status, Subject, SubjectError, Verdict, draw, judge, load, scratch
from parity.reference.frameworks.pytorch import pytorch
from parity.report.text import failure_message

CASE = draw(Config())


def verdict_of(run: Callable[[Case], Any], case: Case = CASE) -> Verdict:
    return judge(Subject(name="wrong.py", run=run), case, pytorch)


def with_(**changes: Callable[[np.ndarray], Any]) -> Callable[[Case], Any]:
    """Return scratch's run with some arrays changed."""

    def run(case: Case) -> dict[str, Any]:
        trace = scratch.run(case)
        return trace | {name: change(trace[name]) for name, change in changes.items()}

    return run


def nan_at_the_end(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array[-1] = np.nan
    return array


STRUCTURE = {
    "wrong shape": ({"hidden": lambda a: a[:, 1:]}, Status.WRONG_SHAPE, "shape (7, 4, 6), expec"),
    "wrong dtype": ({"logits": lambda a: a.astype("f4")}, Status.WRONG_DTYPE, "dtype float32, exp"),
    "nan": ({"logits": nan_at_the_end}, Status.NOT_FINITE, "nan at [6, 0], where PyTorch has"),
    "infinity": ({"loss": lambda a: np.array(np.inf)}, Status.NOT_FINITE, "inf at []"),
}


@pytest.mark.parametrize(("changes", "status", "detail"), STRUCTURE.values(), ids=STRUCTURE.keys())
def test_wrong_structure_is_named(changes: Any, status: Status, detail: str) -> None:
    """An array that cannot be compared is a failure of its own kind, and the rest is compared."""
    verdict = verdict_of(with_(**changes))
    assert [c.status for c in verdict.failures] == [status]
    assert detail in verdict.failures[0].detail
    assert not verdict.comparable
    assert len(verdict.compared) == 19


def test_unknown_names_are_named() -> None:
    """An array that nobody asked for is a failure that lists the known names."""
    verdict = verdict_of(lambda case: scratch.run(case) | {"grad/Wx": np.zeros(3)})
    assert [c.name for c in verdict.failures] == ["grad/Wx"]
    assert "expected one of hidden, logits, loss, grad/W_out" in failure_message(verdict)


def test_left_out_arrays_are_not_checked_and_said() -> None:
    """A subject may leave arrays out, and the verdict says that it did not check them."""
    verdict = verdict_of(lambda case: {"hidden": scratch.run(case)["hidden"]})
    assert verdict.passed
    assert "grad/W_x" in verdict.left_out
    assert len(verdict.compared) == 1


def test_a_left_out_gradient_is_no_pass_of_the_gradients() -> None:
    """A chapter of which the subject offers nothing does not pass."""
    verdict = verdict_of(lambda case: {"hidden": scratch.run(case)["hidden"]}).only("gradients")
    assert not verdict.passed
    assert "offers none of grad/W_out" in failure_message(verdict)


def raising(case: Case) -> Any:
    return np.ones(3) @ np.ones(4)


def exiting(case: Case) -> Any:
    raise SystemExit(3)


NO_TRACE = {
    "raises": (raising, "RAISED", "raised ValueError: matmul"),
    "exits": (exiting, "RAISED", "raised SystemExit: 3"),
    "nothing": (
        lambda case: None,
        "INCOMPLETE",
        "a mapping of names to arrays, got nothing (None)",
    ),
    "a list": (lambda case: [1], "INCOMPLETE", "got list"),
    "text": (lambda case: {"hidden": "h"}, "INCOMPLETE", "hidden must be an array of real numbers"),
    "ragged": (
        lambda case: {"hidden": [[1], [1, 2]]},
        "INCOMPLETE",
        "hidden must be an array, got",
    ),
    "complex": (lambda case: {"hidden": np.ones(3) * 1j}, "INCOMPLETE", "got dtype complex128"),
    "empty": (lambda case: {}, None, "nothing was compared with PyTorch"),
}


@pytest.mark.parametrize(("run", "kind", "message"), NO_TRACE.values(), ids=NO_TRACE.keys())
def test_no_trace_is_a_finding(run: Any, kind: str | None, message: str) -> None:
    """A subject without a proper answer has a verdict, which says why and does not pass."""
    verdict = verdict_of(run)
    assert not verdict.passed
    assert not verdict.comparable
    assert [finding.kind for finding in verdict.findings] == ([kind] if kind else [])
    assert message in failure_message(verdict)


def test_traceback_is_the_subjects_own() -> None:
    """The reader sees the line that failed, and no frame of the harness."""
    (finding,) = verdict_of(raising).findings
    assert "np.ones(3) @ np.ones(4)" in finding.evidence
    assert "parity/execution" not in finding.evidence


def test_subject_that_writes_into_its_inputs_is_compared() -> None:
    """A write into the case is a fault, and hides neither a right array nor a wrong one."""

    def run(case: Case) -> Any:
        answer = scratch.run(case)
        case.x[0] = 0
        return answer | {"grad/b": answer["grad/b"] * 2}

    verdict = verdict_of(run)
    assert [finding.kind for finding in verdict.faults] == ["MUTATED_INPUT"]
    assert "writes into the case's arrays, which are read-only" in failure_message(verdict)
    assert [c.name for c in verdict.failures] == ["grad/b", "step/b"]
    assert "hidden" in [c.name for c in verdict.compared if c.status is Status.AGREES]
    assert not verdict.passed


def test_writing_through_the_back_door_is_seen() -> None:
    """A change of a case's memory behind NumPy's back is reported, and undone."""
    import ctypes

    def run(case: Case) -> Any:
        trace = scratch.run(case)
        ctypes.memset(case.h_0.ctypes.data, 0, 8)
        return trace

    case = draw(Config(seed=5))
    verdict = verdict_of(run, case)
    assert "MUTATED_INPUT" in [finding.kind for finding in verdict.findings]
    assert case.snapshot() == draw(Config(seed=5)).snapshot()
    assert not verdict.failures


def test_state_that_leaks_is_seen() -> None:
    """A subject whose second answer differs from its first is told which arrays changed."""
    calls: list[int] = []

    def run(case: Case) -> Any:
        calls.append(1)
        trace = scratch.run(case)
        return trace | {"loss": trace["loss"] + 1e-16 * (len(calls) > 1) * 4}

    (finding,) = verdict_of(run).findings
    assert finding.kind == "STATEFUL"
    assert "answers differently: loss" in finding.text


def test_returned_buffers_may_be_reused() -> None:
    """A subject may overwrite, in its next call, the arrays it has returned."""
    trace = scratch.run(CASE)

    def run(case: Case) -> Any:
        trace["hidden"][...] = 0
        for name, array in scratch.run(case).items():
            trace[name][...] = array
        return trace

    assert verdict_of(run).passed


def test_lists_and_numbers_are_arrays() -> None:
    """A trace may be written in lists and floats."""
    assert verdict_of(lambda case: {k: v.tolist() for k, v in scratch.run(case).items()}).passed


def test_verdict_has_no_truth_value() -> None:
    """`assert judge(...)` is an error, not a test that always passes."""
    with pytest.raises(TypeError, match=r"ask \.passed"):
        bool(verdict_of(scratch.run))


def test_loading_from_a_file(tmp_path: Path) -> None:
    """A file's function is found by name, and the file may import its neighbours."""
    (tmp_path / "neighbour.py").write_text("from scratch import run as answer\n")
    (tmp_path / "mine.py").write_text("from neighbour import answer\n")
    subject = load(f"{tmp_path}/mine.py:answer")
    assert judge(subject, CASE, pytorch).passed


def test_loading_from_a_module() -> None:
    """`scratch`, `scratch:run` and `scratch.subject:run` are the same function."""
    assert (
        load("parity.scratch").run
        is load("parity.scratch:run").run
        is load("parity.scratch.subject:run").run
    )


LOADS = {
    "no module": ("nowhere", "subject 'nowhere': there is no such module"),
    "no submodule": ("scratch.nowhere", "subject 'scratch.nowhere': there is no such module"),
    "no file": ("nowhere.py", "subject 'nowhere.py': there is no such file"),
    "no name": ("scratch:walk", "subject 'scratch:walk': scratch has no 'walk'"),
    "no run": (
        "parity.model.config",
        "subject 'parity.model.config': parity.model.config has no 'run'",
    ),
    "no function": ("parity:__all__", "__all__ must be callable, got list"),
    "a path": ("some/where", "subject 'some/where' must be a module or a file that ends in .py"),
}


@pytest.mark.parametrize(("spec", "message"), LOADS.values(), ids=LOADS.keys())
def test_what_cannot_be_found_is_named(spec: str, message: str) -> None:
    """Each failed search for a subject says in one line which part is missing."""
    with pytest.raises(SubjectError) as raised:
        load(spec)
    assert message in str(raised.value)


def test_import_error_shows_the_files_own_line(tmp_path: Path) -> None:
    """A file that fails while it is imported shows its own traceback."""
    path = tmp_path / "broken.py"
    path.write_text("import numpy\nnumpy.nothing_like_this\ndef run(case): ...\n")
    with pytest.raises(SubjectError, match="does not import") as raised:
        load(str(path))
    assert "numpy.nothing_like_this" in str(raised.value)
    assert "importlib" not in str(raised.value)


THOROUGH = {
    "a number for the states": lambda t: t | {"hidden": 1.0},
    "a number for the logits": lambda t: t | {"logits": np.float64(1)},
    "a step too few": lambda t: t | {"hidden": t["hidden"][:, :-1]},
    "batch and time swapped": lambda t: t | {"hidden": t["hidden"].swapaxes(0, 1)},
    "delta of another shape": lambda t: t | {"delta": np.ones(3)},
    "delta of NaN": lambda t: t | {"delta": np.full_like(t["hidden"], np.nan)},
    "all NaN": lambda t: {name: array * np.nan for name, array in t.items()},
}


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("change", THOROUGH.values(), ids=THOROUGH.keys())
def test_thorough_judgement_survives_anything(change: Any, activation: str) -> None:
    """Asked in other ways, too, a malformed answer is a failure of its own kind, never a crash."""
    case = draw(Config(activation=activation))
    subject = Subject(name="wrong.py", run=lambda case: change(scratch.run(case)))
    verdict = judge(subject, case, pytorch, thorough=True)
    assert verdict.failures
    assert not [c for c in verdict.failures if c.name.startswith("behaviour/")]


def test_wrong_relu_subject_without_states_is_caught() -> None:
    """Doubled logits do not flip a gate, whether the states are offered or not."""
    case = draw(Config(batch=32, steps=28, hidden=64, activation="relu", dtype="float32", seed=1))
    wrong = judge(
        Subject(name="wrong.py", run=lambda c: {"logits": scratch.run(c)["logits"] * 2}),
        case,
        pytorch,
    )
    assert [c.name for c in wrong.failures] == ["logits"]


@pytest.mark.parametrize(
    "error", [KeyError(1), SystemExit(2), BaseException("any"), GeneratorExit()]
)
def test_nothing_a_subject_raises_escapes(error: BaseException) -> None:
    """An error that is not an Exception does not end the run, either."""

    def run(case: Case) -> Any:
        raise error

    assert [f.kind for f in verdict_of(run).findings] == ["RAISED"]
