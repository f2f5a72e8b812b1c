"""Shrinking: the smallest configuration with the same mistake, found in so many attempts."""

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity import Case, Config, Subject, Verdict, diagnose, draw, judge, scratch
from parity.execution.runner import Here
from parity.model.branches import valid
from parity.reference.frameworks.pytorch import pytorch
from parity.reproduce.shrink import SIZES, TIMEOUTS, Shrunk, _lower, shrink
from parity.reproduce.symptom import symptom
from tests.support.slow import one_in

Trace = Mapping[str, Any]
Plant = Callable[[Case, dict[str, Any]], Trace]


def planted(plant: Plant) -> Subject:
    """Return scratch with a mistake planted into its answer."""
    return Subject(name="planted.py", run=lambda case: plant(case, dict(scratch.run(case))))


def verdict_of(subject: Subject, config: Config) -> Verdict:
    return judge(subject, draw(config), pytorch, thorough=True)


def shrunk(plant: Plant, config: Config | None = None, **options: Any) -> Shrunk:
    subject = planted(plant)
    verdict = verdict_of(subject, config or Config())
    assert not verdict.passed
    return shrink(subject, verdict, pytorch, **options)


def by_batch(case: Case, trace: dict[str, Any]) -> Trace:
    return trace | {"grad/W_h": trace["grad/W_h"] / case.config.batch}


def truncated(case: Case, trace: dict[str, Any]) -> Trace:
    """Backpropagate through the last four steps only."""
    if case.config.steps <= 4:
        return trace
    last = {"x": case.x[:, -4:], "h_0": trace["hidden"][:, -5], "upstream": case.upstream[:, -4:]}
    cut = scratch.run(case.replace(case.config.replace(steps=4), **last))
    return trace | {name: cut[name] for name in ("grad/W_x", "grad/W_h", "grad/b")}


def three_units(case: Case, trace: dict[str, Any]) -> Trace:
    W_x = np.array(trace["grad/W_x"])
    W_x[:, 2:] *= 1.001
    return trace | {"grad/W_x": W_x}


def transposed(case: Case, trace: dict[str, Any]) -> Trace:
    return trace | {"grad/W_h": trace["grad/W_h"].T}


def even(case: Case, trace: dict[str, Any]) -> Trace:
    wrong = case.config.hidden % 2 == 0 and case.config.batch * case.config.steps >= 20
    return trace | ({"grad/W_x": trace["grad/W_x"] * 1.001} if wrong else {})


def crowded(case: Case, trace: dict[str, Any]) -> Trace:
    if case.config.batch > 3:
        raise IndexError("no room")
    if case.config.batch == 2:
        raise ValueError("two")
    return trace


def forgetful(case: Case, trace: dict[str, Any]) -> Trace:
    return {}


MISTAKES = {
    "divided by the batch": (by_batch, "b2-t1-f1-h1-c2-tanh-f64-s0"),
    "truncated after four steps": (truncated, "b1-t5-f1-h1-c2-tanh-f64-s0"),
    "from three units on": (three_units, "b1-t1-f1-h3-c2-tanh-f64-s0"),
    "transposed": (transposed, "b1-t1-f1-h2-c2-tanh-f64-s0"),
    "raises": (crowded, "b4-t1-f1-h1-c1-tanh-f64-s0"),
    "answers nothing": (forgetful, "b1-t1-f1-h1-c1-tanh-f64-s0"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("plant", "smallest"), MISTAKES.values(), ids=MISTAKES.keys())
def test_the_smallest_case_shows_what_the_mistake_needs(plant: Plant, smallest: str) -> None:
    """A mistake's smallest case has no size that the mistake does not need."""
    assert str(shrunk(plant).config) == smallest


LOCAL = {**{name: plant for name, (plant, _) in MISTAKES.items()}, "even": even}


@pytest.mark.parametrize("of", one_in(4, LOCAL))
def test_no_single_size_can_be_lowered(of: str) -> None:
    """With any one size smaller, the subject passes or fails in another way."""
    config = Config.parse("b9-t6-f4-h6-c5-tanh-f64-s3")
    subject, found = planted(LOCAL[of]), shrunk(LOCAL[of], config)
    failing = symptom(verdict_of(subject, found.config))
    assert failing == symptom(verdict_of(subject, config))
    lower = [verdict_of(subject, smaller) for smaller in _lower(found.config)]
    assert len(lower) == sum(getattr(found.config, name) - 1 for name in SIZES)
    assert not any(not v.passed and symptom(v) == failing for v in lower)


def test_options_become_ordinary() -> None:
    """Weights, data and learning rate go back to their defaults, and the seed as far as it can.

    With seed 0 the one relu of so small a layer is closed.
    """
    config = Config.parse("b5-t8-f8-h4-c10-relu-f32-s9-chaotic-digits-lr0.5")
    pytest.importorskip("sklearn")
    assert str(shrunk(by_batch, config).config) == "b2-t1-f1-h1-c2-relu-f32-s1"


def padded(case: Case, trace: dict[str, Any]) -> Trace:
    """Leave something in the padding."""
    if not case.config.packed:
        return trace
    return trace | {"hidden": np.where(valid(case)[:, :, None], trace["hidden"], 0.5)}


def test_only_options_that_matter_stay() -> None:
    """Options that the mistake does not need go back to their defaults, out of a dozen."""
    many = "l2-bi-unsorted-drop0.5-own-weighted-smooth0.1-mom0.9-nesterov-wd0.1-u2"
    found = shrunk(padded, Config.parse(f"b7-t5-f3-h6-c4-tanh-f64-s0-{many}"))
    sizes = {name: getattr(found.config, name) for name in SIZES}
    assert found.config.replace(seed=0) == Config(lengths="unsorted", **sizes)
    assert sizes["layers"] == sizes["updates"] == sizes["batch"] == 1


def test_digits_keep_their_sizes_where_they_are_needed() -> None:
    """A mistake that only digits show leaves a configuration of digits."""

    def of_digits(case: Case, trace: dict[str, Any]) -> Trace:
        return by_batch(case, trace) if case.config.data == "digits" else trace

    pytest.importorskip("sklearn")
    config = Config().replace(data="digits")
    assert str(shrunk(of_digits, config).config) == "b2-t8-f8-h1-c10-tanh-f64-s0-digits"


def test_a_mistake_of_one_configuration_is_its_own_smallest() -> None:
    """Where nothing smaller fails, the failing configuration itself is returned."""
    config = Config(batch=4, steps=3)

    def once(case: Case, trace: dict[str, Any]) -> Trace:
        return by_batch(case, trace) if case.config == config else trace

    assert shrunk(once, config).config == config


def test_the_smallest_already_stays() -> None:
    """Nothing is smaller than a configuration in which every size is one."""
    config = Config.parse("b1-t1-f1-h1-c1")
    assert shrunk(forgetful, config).config == config


@pytest.mark.slow
def test_a_large_case_is_shrunk_as_far() -> None:
    """Of fifty steps of a thousand states five remain, which the mistake needs."""
    config = Config(batch=32, steps=50, features=10, hidden=32, kind="layer", dtype="float32")
    assert shrunk(truncated, config).config.steps == 5


def test_behaviour_alone_is_shrunk() -> None:
    """A subject that treats a single row in another way shows it with two rows."""

    def lonely(case: Case, trace: dict[str, Any]) -> Trace:
        return trace | ({"grad/x": trace["grad/x"] * 2} if case.config.batch == 1 else {})

    assert str(shrunk(lonely).config) == "b2-t1-f1-h1-c2-tanh-f64-s0"


def twice(case: Case, trace: dict[str, Any]) -> Trace:
    """Divide by the batch, which the loss has done already."""
    wrong = {name: trace[name] / case.config.batch for name in ("grad/W_x", "grad/W_h", "grad/b")}
    return {name: a for name, a in trace.items() if not name.startswith("step/")} | wrong


@pytest.mark.slow
def test_causes_stay_the_same() -> None:
    """With a diagnosis, the smallest case is one that has the same, or the failing one."""
    subject = planted(twice)
    verdict, why = verdict_of(subject, Config()), diagnose(subject, Config(), pytorch)
    assert why.causes
    found = shrink(subject, verdict, pytorch, why=why)
    assert str(found.config) == "b2-t1-f1-h1-c2-tanh-f64-s0"
    other = replace(why, causes=(replace(why.causes[0], slug="something-else"),))
    assert shrink(subject, verdict, pytorch, why=other).config == Config()


def test_a_subject_that_hangs_is_left_alone() -> None:
    """After a few small cases without an answer no other is tried, and known results stay."""
    hung = []

    def run(case: Case) -> Trace:
        if 1 < case.config.batch < 7:
            hung.append(str(case.config))
            time.sleep(60)
        return by_batch(case, dict(scratch.run(case)))

    subject = Subject(name="hanging.py", run=Here(run=run, seconds=1.0))
    verdict = verdict_of(subject, Config())
    found = shrink(subject, verdict, pytorch)
    assert 0 < len(hung) <= TIMEOUTS
    assert symptom(verdict_of(subject, found.config)) == symptom(verdict)


@pytest.mark.parametrize("budget", [0, 1, 7, 40])
def test_a_budget_is_kept(budget: int) -> None:
    """With few attempts the answer is still a case that fails, at worst the failing one."""
    found = shrunk(by_batch, budget=budget)
    assert found.tried <= max(budget, 1)
    subject = planted(by_batch)
    assert symptom(verdict_of(subject, found.config)) == symptom(verdict_of(subject, Config()))
    assert budget or found.config == Config()


def test_the_machine_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """If every look at the clock finds that a second has passed, the search is the same."""
    usual, seconds = shrunk(by_batch), itertools.count()
    for clock in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        monkeypatch.setattr(time, clock, lambda: next(seconds))
    slow = shrunk(by_batch)
    assert slow.seconds > usual.seconds
    assert (slow.config, slow.tried) == (usual.config, usual.tried)


@pytest.mark.slow
def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing from hypothesis appears, neither here nor in its configured folder."""
    from hypothesis import configuration

    def files() -> list[Path]:
        return sorted(before.rglob("*")) if before.exists() else []

    before = configuration.storage_directory(intent_to_write=False).home_directory.absolute()
    there = files()
    monkeypatch.chdir(tmp_path)
    shrunk(even, Config.parse("b9-t6-f4-h6-c5"))
    after = configuration.storage_directory(intent_to_write=False).home_directory
    assert before == after.absolute()
    assert list(tmp_path.iterdir()) == []
    assert files() == there


@pytest.mark.slow
def test_it_is_the_same_every_time() -> None:
    """The result does not depend on chance."""
    config = Config.parse("b9-t6-f4-h6-c5")
    one, other = shrunk(even, config), shrunk(even, config)
    assert (one.config, one.tried) == (other.config, other.tried)
