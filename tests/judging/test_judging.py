"""The verdict: derived allowances, and every way in which it can come out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.sampling import sample
from parity import Case, Config, Status, Subject, Verdict, draw, judge, scratch
from parity.reference.frameworks.pytorch import pytorch, twin
from parity.reference.noise.floor import noise_floor
from parity.reference.thresholds import LIMIT
from parity.report.text import failure_message, worth
from tests.support.variants import VARIANTS

Run = Callable[[Case], dict[str, Any]]


def verdict_of(run: Run, case: Case | None = None, **options: Any) -> Verdict:
    case = case if case is not None else draw(Config())
    return judge(Subject(name="mine.py", run=run), case, pytorch, **options)


def off_by(name: str, factor: float) -> Run:
    """Return scratch's run with the largest entry of one array off by a factor."""

    def run(case: Case) -> dict[str, Any]:
        trace = {key: np.array(array) for key, array in scratch.run(case).items()}
        flat = trace[name].reshape(-1)
        flat[np.abs(flat).argmax()] *= factor
        return trace

    return run


def status_of(verdict: Verdict, name: str) -> Status:
    return next(c.status for c in verdict.comparisons if c.name == name)


VALUES = ("hidden", "logits", "loss", "grad/W_out", "grad/b_out", "grad/W_x", "grad/W_h")
VALUES += ("grad/b", "grad/x", "grad/h_0")


@pytest.mark.parametrize("name", VALUES)
def test_an_error_of_1e_12_is_seen_in_every_array(name: str) -> None:
    """One entry of any array off by 1e-12 of itself is a difference in float64, in that array."""
    verdict = verdict_of(off_by(name, 1 + 1e-12))
    assert [c.name for c in verdict.failures if not c.name.startswith("step/")] == [name]


@pytest.mark.parametrize("name", VALUES)
def test_an_error_of_one_rounding_is_none(name: str) -> None:
    """One entry of any array off by 2 ulp is rounding."""
    assert verdict_of(off_by(name, 1 + 4e-16)).passed


CASES = {
    "ordinary": Config(),
    "relu, float32": Config(activation="relu", dtype="float32", steps=28, hidden=64, batch=32),
    "chaotic": Config(weights="chaotic", steps=28, hidden=16),
    "saturated": Config(weights="chaotic", hidden=1, features=10, steps=28),
    "nothing can be told": Config(
        batch=1, steps=2, features=10, hidden=1, dtype="float32", seed=1, weights="chaotic"
    ),
    "layer": Config(kind="layer", batch=1, steps=1),
}
SUBJECTS = {
    "right": scratch.run,
    "wrong in the gradient": off_by("grad/W_h", 1 + 1e-6),
    "wrong in a state": off_by("hidden", 1 + 1e-6),
    "the twin itself": twin.run,
}


@pytest.mark.parametrize("config", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("run", SUBJECTS.values(), ids=SUBJECTS.keys())
def test_statuses_are_the_same_without_the_cheap_proof(run: Run, config: Config) -> None:
    """What is proven cheaply is what the noise floor says: thorough or not, the same statuses."""
    case = draw(config)
    quick, thorough = verdict_of(run, case), verdict_of(run, case, thorough=True)
    names = {(c.name, c.against): c.status for c in quick.comparisons}
    again = {(c.name, c.against): c.status for c in thorough.comparisons}
    assert {key: again[key] for key in names} == names


def test_noise_that_hides_everything_is_inconclusive() -> None:
    """Where an error of the size of the answer could hide in rounding, nothing is decided."""
    verdict = verdict_of(scratch.run, draw(CASES["nothing can be told"]))
    assert status_of(verdict, "grad/W_x") is Status.INCONCLUSIVE
    assert not verdict.passed
    assert not verdict.failures
    assert "rounding is as large as the answer" in failure_message(verdict)


def test_resolution_is_stated_and_true() -> None:
    """The report says which error would not have passed, and twice that much does not."""
    verdict = verdict_of(scratch.run, thorough=True)
    found = next(c for c in verdict.comparisons if c.name == "grad/W_h")
    assert found.resolution is not None
    assert found.resolution < 1e-13
    assert "would not have passed" in (worth(verdict) or "")
    assert not verdict_of(off_by("grad/W_h", 1 + 2 * found.resolution)).passed


@pytest.mark.parametrize("lr", [1e-6, 0.01, 10.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_step_is_judged_by_its_own_gradient(lr: float, dtype: str) -> None:
    """A step that is off by 4 ulp of the weight fails, at any rate; the right one passes."""

    def run(case: Case) -> dict[str, Any]:
        trace = scratch.run(case)
        off = trace["step/W_h"] * (1 + 8 * np.finfo(dtype).eps)
        return trace | {"step/W_h": off.astype(dtype)}

    case = draw(Config(lr=lr, dtype=dtype))
    assert verdict_of(scratch.run, case).passed
    assert {c.name for c in verdict_of(run, case).failures} == {"step/W_h"}


# -- relu ------------------------------------------------------------------------------------------


def at_the_kink(shift: float) -> tuple[Case, Run]:
    """Return a case with one pre-activation about zero, and a subject that moves it by `shift`."""
    case = draw(Config(activation="relu", batch=2, steps=3))
    a = case.x[0, 0] @ case.W_x + case.h_0[0] @ case.W_h
    b = case.b.copy()
    b[2] = -a[2]
    case = case.replace(b=b)

    def run(given: Case) -> dict[str, Any]:
        moved = given.b.copy()
        moved[2] += shift
        trace = scratch.run(given.replace(b=moved))
        return {name: array for name, array in trace.items() if not name.startswith("step/")}

    return case, run


def gates_differ(case: Case, run: Run) -> bool:
    return bool(((run(case)["hidden"] > 0) != (twin.run(case)["hidden"] > 0)).any())


@pytest.mark.parametrize("shift", [1e-16, -1e-16])
def test_a_gate_flipped_by_rounding_is_no_difference(shift: float) -> None:
    """Both sides are right for their own gates, though their gradients differ by more."""
    case, run = at_the_kink(shift)
    assert verdict_of(run, case).passed


def test_one_of_the_two_shifts_flips_the_gate() -> None:
    """The test above does test a flip."""
    assert any(gates_differ(*at_the_kink(shift)) for shift in (1e-16, -1e-16))


def test_a_gate_flipped_by_more_is_a_difference_of_the_state() -> None:
    """A pre-activation moved by 1e-10 is no rounding."""
    case, run = at_the_kink(1e-10)
    assert "hidden" in {c.name for c in verdict_of(run, case).failures}


def test_without_states_a_kink_decides_nothing() -> None:
    """A subject that offers no states near a kink is asked for them, not accused."""
    case, run = at_the_kink(1e-16)
    other_case, other = at_the_kink(-1e-16)
    flipping = (case, run) if gates_differ(case, run) else (other_case, other)

    def without_states(given: Case) -> dict[str, Any]:
        return {name: a for name, a in flipping[1](given).items() if name.startswith("grad/")}

    verdict = verdict_of(without_states, flipping[0])
    assert not verdict.failures
    assert "offer `hidden`" in failure_message(verdict)


# -- who is wrong ----------------------------------------------------------------------------------


def test_arbiter_blames_the_subject() -> None:
    """A wrong subject is told that it is wrong, by how much, and how exact PyTorch is."""
    message = failure_message(verdict_of(off_by("grad/W_h", 1.5), thorough=True))
    assert "the subject is wrong, by " in message
    assert "(PyTorch is within 2.7 ulp of the exact value)" in message


def test_arbiter_blames_pytorch() -> None:
    """Were PyTorch the wrong one, a right subject would not be blamed."""
    case = draw(Config())
    broken = twin.run(case) | {"grad/W_x": twin.run(case)["grad/W_x"] * 1.01}
    verdict = verdict_of(scratch.run, case, expected=broken, thorough=True)
    ruling = next(c.ruling for c in verdict.failures if c.name == "grad/W_x")
    assert ruling is not None
    assert ruling.text.startswith("PyTorch is wrong, by ")


def test_arbiter_blames_both() -> None:
    """Two wrong answers that differ are both called wrong."""
    case = draw(Config())
    broken = twin.run(case) | {"grad/b": twin.run(case)["grad/b"] * 1.01}
    verdict = verdict_of(off_by("grad/b", 3), case, expected=broken, thorough=True)
    ruling = next(c.ruling for c in verdict.failures if c.name == "grad/b")
    assert ruling is not None
    assert ruling.text.startswith("both are wrong")


def test_exact_shows_both_sides_of_every_array() -> None:
    """Asked for, both errors are there whether or not anything differs."""
    verdict = verdict_of(scratch.run, exact=True)
    rulings = {c.name: c.ruling for c in verdict.comparisons if c.name in VALUES}
    assert len(rulings) == 10
    assert all(r is not None and r.enclosed and r.subject < 10 for r in rulings.values())


# -- the local check -------------------------------------------------------------------------------


def wrong_from(first: int) -> Run:
    """Return the hidden states of a layer that transposes W_h from step `first` on."""

    def run(case: Case) -> dict[str, Any]:
        h, states = case.h_0, []
        for t in range(case.config.steps):
            h = np.tanh(
                case.x[:, t] @ case.W_x + h @ (case.W_h if t < first else case.W_h.T) + case.b
            )
            states.append(h)
        return {"hidden": np.stack(states, axis=1)}

    return run


@pytest.mark.parametrize("first", [0, 1, 4])
def test_local_check_names_the_first_wrong_step(first: int) -> None:
    """The forward witness says at which step the mistake begins."""
    verdict = verdict_of(wrong_from(first), thorough=True)
    local = next(c for c in verdict.comparisons if c.against == "f of own h[t-1]")
    assert local.status is Status.DIFFERS
    assert local.detail.startswith(f"first wrong at t = {first}")


def with_delta(wrong_at: int | None) -> Run:
    """Return a layer that offers delta, with the recurrence left out once, at `wrong_at`."""

    def run(case: Case) -> dict[str, Any]:
        hidden = scratch.run(case)["hidden"]
        upstream = case.upstream.copy()
        upstream[:, -1] += case.upstream_final
        delta, carried = np.empty_like(hidden), 0.0
        for t in reversed(range(case.config.steps)):
            delta[:, t] = (upstream[:, t] + carried * (t != wrong_at)) * (1 - hidden[:, t] ** 2)
            carried = delta[:, t] @ case.W_h.T
        return {"hidden": hidden, "delta": delta}

    return run


def test_local_check_goes_backward_too() -> None:
    """Where delta is offered, the backward witness names the step, seen from the end."""
    case = draw(Config(kind="layer"))
    verdict = verdict_of(with_delta(wrong_at=2), case, thorough=True)
    local = next(c for c in verdict.comparisons if c.name == "delta")
    assert local.detail.startswith("first wrong at t = 2, in 1 of 5 steps")
    assert verdict_of(with_delta(wrong_at=None), case, thorough=True).passed


@pytest.mark.parametrize("kind", ["layer", "classifier"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_local_check_does_not_explode(kind: str, dtype: str) -> None:
    """Over 200 steps of near-chaotic weights a right layer stays far under its allowance."""
    config = Config(kind=kind, dtype=dtype, steps=200, hidden=16, weights="chaotic", batch=2)
    verdict = verdict_of(scratch.run, draw(config), thorough=True)
    local = next(c for c in verdict.comparisons if c.against == "f of own h[t-1]")
    assert local.greatest is not None
    assert local.greatest.used * LIMIT < 8


# -- behaviour -------------------------------------------------------------------------------------


def mixing_rows(case: Case) -> dict[str, Any]:
    """Normalise over the batch, as a batch norm left in training mode does."""
    return scratch.run(case.replace(x=case.x - 1e-9 * case.x.mean(axis=0)))


def first_row_counts_more(case: Case) -> dict[str, Any]:
    bias = np.zeros_like(case.h_0)
    bias[0] = 1e-9
    return scratch.run(case.replace(h_0=case.h_0 + bias))


def clipping(case: Case) -> dict[str, Any]:
    trace = scratch.run(case)
    return trace | {"grad/W_x": np.clip(trace["grad/W_x"], -50, 50)}


def upstream_squashed(case: Case) -> dict[str, Any]:
    """Let a whole array's sign, homogeneous but not additive, into the gradient."""
    trace = scratch.run(case)
    return trace | {"grad/b": trace["grad/b"] + 1e-9 * np.abs(case.upstream).sum(axis=(0, 1))}


BROKEN = {
    "rows mix": (mixing_rows, "classifier", {"one row alone"}),
    "rows have places": (first_row_counts_more, "classifier", {"rows reversed"}),
    "gradients clipped": (clipping, "layer", {"upstream x -1024"}),
    "not additive": (upstream_squashed, "layer", {"upstream x -1024"}),
}


@pytest.mark.parametrize(("run", "kind", "broken"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_behaviour_is_named(run: Run, kind: str, broken: set[str]) -> None:
    """A subject that breaks what holds for any layer is told which question it failed."""
    verdict = verdict_of(run, draw(Config(kind=kind)), thorough=True).only("behaviour")
    assert broken <= {c.name.removeprefix("behaviour/") for c in verdict.failures}


def upstream_in_relation(case: Case) -> dict[str, Any]:
    """Scale the gradient by a ratio of upstreams: what scaling all of it does not show."""
    trace = scratch.run(case)
    ratio = np.abs(case.upstream[:, :1]).sum() / np.abs(case.upstream).sum()
    return trace | {"grad/b": trace["grad/b"] * (1 + 1e-9 * ratio)}


def test_additivity_is_asked_for_itself() -> None:
    """A gradient that scales and yet does not add up fails in two parts, and only there."""
    verdict = verdict_of(upstream_in_relation, draw(Config(kind="layer")), thorough=True)
    failed = {c.name for c in verdict.only("behaviour").failures}
    assert failed == {"behaviour/upstream in two parts"}


def test_subject_that_cannot_do_one_row_is_told() -> None:
    """A subject that raises when it is asked in another way is reported with the question."""

    def run(case: Case) -> dict[str, Any]:
        if case.config.batch == 1:
            raise IndexError("no batch")
        return scratch.run(case)

    (finding,) = verdict_of(run, thorough=True).findings
    assert finding.text == "asked for one row alone: the subject raised IndexError: no batch"


# -- arithmetic ------------------------------------------------------------------------------------


def in_float32(case: Case) -> dict[str, Any]:
    names = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out")
    single = {name: getattr(case, name).astype(np.float32) for name in names}
    trace = scratch.run(case.replace(case.config.replace(dtype="float32"), **single))
    return {name: np.asarray(array, np.float64) for name, array in trace.items()}


def rounded_to(bits: int) -> Run:
    """Return the forward of a layer whose products take operands of so many bits."""

    def short(array: np.ndarray) -> np.ndarray:
        mantissa, exponent = np.frexp(array)
        return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(np.float32)

    def run(case: Case) -> dict[str, Any]:
        h, states = case.h_0, []
        for t in range(case.config.steps):
            a = short(case.x[:, t]) @ short(case.W_x) + short(h) @ short(case.W_h) + case.b
            h = np.tanh(a)
            states.append(h)
        return {"hidden": np.stack(states, axis=1)}

    return run


PRECISIONS = {
    "float32 in float64": (in_float32, "float64", "float32 arithmetic inside float64"),
    "TF32": (rounded_to(11), "float32", "11-bit arithmetic (TF32 or float16) inside float32"),
    "bfloat16": (rounded_to(8), "float32", "8-bit arithmetic (bfloat16) inside float32"),
}


@pytest.mark.parametrize("hidden", [6, 64])
@pytest.mark.parametrize(("run", "dtype", "name"), PRECISIONS.values(), ids=PRECISIONS.keys())
def test_lower_precision_is_named(run: Run, dtype: str, name: str, hidden: int) -> None:
    """Arithmetic of fewer bits leaves its fingerprint, and is called by its name."""
    verdict = verdict_of(run, draw(Config(dtype=dtype, hidden=hidden)))
    assert not verdict.passed
    assert name in " ".join(verdict.remarks)


def test_a_bug_is_not_taken_for_precision() -> None:
    """An array that stands out is a mistake, not a format."""
    assert not verdict_of(off_by("grad/W_h", 1.5)).remarks


def test_digits_lost_are_not_called_wrong() -> None:
    """tanh through exp loses digits at small arguments; the remark says so."""

    def run(case: Case) -> dict[str, Any]:
        h, states = case.h_0, []
        for t in range(case.config.steps):
            power = np.exp(2 * (case.x[:, t] @ case.W_x + h @ case.W_h + case.b))
            h = (power - 1) / (power + 1)
            states.append(h)
        return {"hidden": np.stack(states, axis=1)}

    case = draw(Config(weights="small"))
    case = case.replace(x=case.x * 1e-5, h_0=case.h_0 * 1e-5, b=case.b * 1e-5)
    verdict = verdict_of(run, case)
    assert status_of(verdict, "hidden") is Status.DIFFERS
    assert "lose digits" in " ".join(verdict.remarks)


def test_flush_to_zero_is_named() -> None:
    """torch.set_flush_denormal changes NumPy in the same thread, and the verdict says so."""
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush subnormal numbers")
    try:
        verdict = verdict_of(scratch.run)
    finally:
        torch.set_flush_denormal(False)
    assert "subnormal numbers are flushed to zero" in " ".join(verdict.remarks)


# -- numbers at the edge ---------------------------------------------------------------------------

ALL = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out", "upstream", "upstream_final")


def scaled(factor: float, *names: str, **fields: Any) -> Case:
    case = draw(Config(**fields))
    arrays = {name: getattr(case, name) * factor for name in names or ALL}
    return case.replace(**{n: a.astype(case.x.dtype) for n, a in arrays.items()})


EDGES = {
    "all zeros": scaled(0.0),
    "all zeros, layer, relu": scaled(0.0, kind="layer", activation="relu"),
    "zero weights": scaled(0.0, "W_x", "W_h", "b"),
    "one of everything": draw(Config(batch=1, steps=1, features=1, hidden=1, classes=1)),
    "tiny weights": scaled(1e-150, "W_x", "W_h", "b", "W_out", "b_out"),
    "tiny layer": scaled(1e-150, kind="layer"),
    "huge weights": scaled(1e150, "W_x", "W_h", "b", "W_out", "b_out"),
    "huge inputs": scaled(1e150, "x"),
    "subnormal upstream": scaled(1e-310, "upstream", "upstream_final", kind="layer"),
    "subnormal upstream, float32": scaled(
        1e-40, "upstream", "upstream_final", kind="layer", dtype="float32"
    ),
    "huge logits": scaled(1e4, "W_out"),
    "relu, huge weights": scaled(1e150, "W_x", "W_h", kind="layer", activation="relu", steps=2),
}


@pytest.mark.parametrize("case", EDGES.values(), ids=EDGES.keys())
def test_right_subject_is_never_wrong_at_the_edge(case: Case, recwarn: Any) -> None:
    """Zeros, subnormals, 1e150 and 1e-150 give a verdict without accusing a right subject."""
    verdict = verdict_of(scratch.run, case, thorough=True)
    assert not verdict.failures, failure_message(verdict)
    assert not verdict.findings
    assert not recwarn.list


@pytest.mark.parametrize("case", EDGES.values(), ids=EDGES.keys())
def test_wrong_subject_does_not_pass_at_the_edge(case: Case) -> None:
    """There, too, a subject whose states are all another does not pass."""
    verdict = verdict_of(lambda c: {"hidden": 1 - 2 * scratch.run(c)["hidden"]}, case)
    assert not verdict.passed


def test_overflow_on_both_sides_is_undefined() -> None:
    """Where both sides overflow nobody is wrong, nothing agrees, and it is no pass."""
    case = scaled(1e200, "x", "W_x", "W_h", activation="relu", kind="layer")
    verdict = verdict_of(scratch.run, case, thorough=True)
    assert status_of(verdict, "hidden") is Status.UNDEFINED
    assert not verdict.passed
    assert not verdict.failures


BEHIND = {
    "grad/b_l2": "b1-t5-f3-h16-relu-f32-s404-layer-huge-l3-bi-nobias-unbatched",
    "step4/W_h_l1": (
        "b1-t2-f8-h16-c2-relu-f32-s124-layer-huge-l2-noh0-biasoff-unbatched"
        "-mom0.9-wd1.0-maximize-u4"
    ),
}


@pytest.mark.parametrize(("name", "config"), BEHIND.items())
def test_what_is_behind_undefined_states_accuses_nobody(name: str, config: str) -> None:
    """The gates of states that are not a number are what the order of sums makes of them."""
    verdict = verdict_of(scratch.run, draw(Config.parse(config)))
    assert status_of(verdict, name) is Status.UNDEFINED
    assert verdict.only_undecided
    assert not verdict.failures
    assert not verdict.passed


def test_overflow_of_the_reference_alone_accuses_nobody() -> None:
    """PyTorch sums weighted half-precision losses in half precision; the sum itself is finite."""
    config = Config.parse("c10-f16-huge-sum-weighted-smooth0.1")
    verdict = verdict_of(scratch.run, draw(config))
    (undecided,) = [c for c in verdict.comparisons if c.status is Status.INCONCLUSIVE]
    assert undecided.name == "loss"
    assert "PyTorch overflows on the way" in undecided.detail
    wrong = verdict_of(lambda case: {"loss": scratch.run(case)["loss"] * 2}, draw(config))
    assert [c.status for c in wrong.failures] == [Status.NOT_FINITE]


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
def test_norm_that_overflows_clips_to_zero(dtype: str) -> None:
    """The sum of squares is beyond the format, the gradients are not: PyTorch's factor is 0."""
    config = Config.parse(f"t12-h16-relu-{dtype}-layer-huge-clipnorm100.0")
    case = draw(config)
    assert (pytorch.run(case)["step/W_h"] == case.W_h).all()
    assert not verdict_of(scratch.run, case).failures


def test_noisy_array_that_agrees_is_worth_its_last_roundings() -> None:
    """Where the noise could hide everything, only what is as good as exact has agreed."""
    config = Config.parse("b1-relu-bf16-layer-l2-bi-withouth0-biasoff-unbatched-drop0.5")
    verdict = verdict_of(scratch.run, draw(config), thorough=True)
    resolutions = [c.resolution for c in verdict.comparisons if c.name.startswith("grad/W")]
    assert max(r for r in resolutions if r is not None) < 0.1


def test_overflow_on_one_side_is_a_difference() -> None:
    """A subject that overflows where PyTorch has a number is wrong."""
    verdict = verdict_of(lambda case: {"hidden": scratch.run(case)["hidden"] * np.inf})
    assert [c.status for c in verdict.failures] == [Status.NOT_FINITE]


CONSTANT = {"zeros": 0.0, "ones": 1.0, "a half": 0.5}


@pytest.mark.parametrize("value", CONSTANT.values(), ids=CONSTANT.keys())
def test_constant_answers_do_not_pass(value: float) -> None:
    """A subject that answers with one number throughout differs in every array."""
    verdict = verdict_of(
        lambda case: {name: np.full_like(a, value) for name, a in twin.run(case).items()}
    )
    assert {c.name for c in verdict.failures} == set(twin.run(draw(Config())))


# -- the floor itself ------------------------------------------------------------------------------


def test_floor_is_deterministic() -> None:
    """The same case has the same floor, so a verdict repeats."""
    case = draw(Config())
    one, other = noise_floor(case, 4), noise_floor(case, 4)
    assert all(np.array_equal(one.sigma[name], other.sigma[name]) for name in one.sigma)


@pytest.mark.parametrize("copies", [0, 4, 64])
def test_sigma_is_never_under_the_last_operation(copies: int) -> None:
    """sigma >= u * gauge, which is what makes the cheap proof a proof."""
    floor = noise_floor(draw(Config(kind="layer", activation="relu", dtype="float32")), copies)
    assert all((floor.sigma[n] >= 2.0**-24 * floor.gauge[n]).all() for n in floor.sigma)


def test_float32_floor_is_the_float64_floor_scaled() -> None:
    """The floor of float32 is that of float64 times 2^29, within a factor of two."""
    single, double = draw(Config(dtype="float32")), draw(Config())
    names = ALL
    same = single.replace(**{n: getattr(double, n).astype(np.float32) for n in names})
    like = double.replace(**{n: getattr(same, n).astype(np.float64) for n in names})
    ratio = noise_floor(same, 64).sigma["grad/W_h"] / noise_floor(like, 64).sigma["grad/W_h"]
    assert np.all(np.abs(np.log2(ratio) - 29) < 1)


def test_own_gates_are_what_a_difference_is_measured_against() -> None:
    """A relu subject with other gates, wrong in a gradient that PyTorch has right, is judged."""
    case = sample(610, "float64").case
    later = case.replace(
        case.config.replace(steps=case.config.steps - 1),
        x=case.x[:, 1:],
        upstream=case.upstream[:, 1:],
    )

    def without_first_step(_: Case) -> dict[str, object]:
        answer = dict(VARIANTS["per step"](later))
        first = {"hidden": case.h_0, "grad/x": np.zeros_like(case.x[:, 0])}
        return answer | {
            name: np.concatenate([array[:, None], answer[name]], axis=1)
            for name, array in first.items()
        }

    verdict = judge(Subject(name="late", run=without_first_step), case, pytorch)
    assert verdict.failures
    assert all(c.typical for c in verdict.failures if c.name.startswith("grad/"))


def test_clipping_is_seen_though_ordinary_gradients_are_small() -> None:
    """Where gradients are large, clipped ones differ, in a configuration in which none is clipped.

    Once something differs already, large gradients are not asked for.
    """

    def clipped(case: Case) -> dict[str, np.ndarray]:
        trace = {n: a for n, a in scratch.run(case).items() if not n.startswith("step/")}
        return {n: np.clip(a, -5, 5) if n.startswith("grad/") else a for n, a in trace.items()}

    case = draw(Config())
    verdict = judge(Subject(name="clipped", run=clipped), case, pytorch, thorough=True)
    assert [c.name for c in verdict.failures] == ["behaviour/large gradients"]
    wrong = Subject(name="wrong", run=lambda c: clipped(c) | {"loss": np.array(1.0)})
    names = [c.name for c in judge(wrong, case, pytorch, thorough=True).comparisons]
    assert "behaviour/large gradients" not in names
