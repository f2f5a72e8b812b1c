"""Diagnosis: it names a mistake with proof; it never guesses, and never accuses correct code."""

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity import Case, Config, Diagnosis, Subject, diagnose, judge, scratch
from parity.cases.draw import draw
from parity.cases.pairwise import of_classifiers, of_layers
from parity.cli.compare import main
from parity.diagnosis.budget import Budget
from parity.diagnosis.diagnose import is_explicable
from parity.diagnosis.evidence import unexplained
from parity.diagnosis.inquiry import Inquiry
from parity.diagnosis.predictions import Predictions
from parity.diagnosis.probes import STRENGTHS, further, probes
from parity.diagnosis.search import Search
from parity.execution.runner import Here
from parity.reference.frameworks.pytorch import pytorch, twin
from parity.reference.mistakes import CATALOGUE, by_slug
from parity.report.text import diagnosis_lines
from parity.subjects.capabilities import ORDINARY
from tests.support.detection import asked, is_named, names
from tests.support.mutants import MUTANTS, PLAIN, combined
from tests.support.slow import one_in
from tests.support.unknown import UNKNOWN
from tests.support.variants import VARIANTS

Run = Callable[[Case], dict[str, Any]]
FLOATS = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out", "upstream", "upstream_final")
ASKED_ABOUT = (Config().kind, Config().activation)
NO_MASK = "dropout-missing-backward"
PER_BATCH = "recurrent-gradients-batch-twice"


def diagnosis_of(run: Run, **options: Any) -> Diagnosis:
    return diagnose(Subject(name="mine.py", run=run), Config(**options), pytorch)


def says(diagnosis: Diagnosis) -> list[str]:
    return [cause.says for cause in diagnosis.causes]


def only(*arrays: str) -> Run:
    """Return a run that makes one mistake and offers some of its arrays."""
    subject = MUTANTS[PER_BATCH]
    return lambda case: {n: a for n, a in subject.run(case).items() if n.startswith(arrays)}


# -- the catalogue -------------------------------------------------------------------------------


NAMED = list(MUTANTS)[::3]
"""A third of all, of every part of the computation; `make power` names each."""


@pytest.mark.parametrize("slug", one_in(8, NAMED))
def test_mistake_is_named_alone(slug: str) -> None:
    """A single mistake, made by other code, is named, and no other beside it."""
    mutant = MUTANTS[slug]
    found = diagnose(mutant.subject(), mutant.config, pytorch)
    assert is_named([found], [mutant])
    assert slug in PLAIN or not found.causes[0].also


RELU = "b7-t5-f3-h6-c4-relu-f32-s0-layer-l2-bi-withouth0-biasoff-timefirst-unsorted-mom0.9"
TANH = "b7-t5-f3-h6-c4-tanh-bf16-s0-layer-l2-bi-noh0-sorted-drop0.5-mom0.9-nesterov"
COMBINED = {
    "layers-share-bias": f"{TANH}-clipnorm1000.0-u3",
    NO_MASK: f"{TANH}-clipnorm1000.0-u3",
    "nesterov-ignored": f"{TANH}-clipnorm1000.0-u3",
    "directions-outputs-unturned": (f"{RELU}-clipvalue0.02-u3"),
    "lengths-padding-output-last-state": (f"{RELU}-clipvalue0.02-u3"),
    "bias-absent-learned": f"{RELU}-clipvalue0.02-u3",
    "pool-own-reverse-at-end": (
        "b7-t5-f3-h6-c4-relu-f16-s0-l3-bi-noh0-sorted-own-weighted-ignore0-mom0.9-damp0.3-clipnorm0.1"
    ),
    "clip-norm-counts-inputs": (
        "b7-t5-f3-h6-c4-tanh-f64-s0-bi-withouth0-biasoff-ones-maxpool-sum-weighted-smooth0.1-mom0.9"
        "-damp0.3-clipnorm0.1-u3"
    ),
    "clip-after-weight-decay": (
        "b1-t5-f3-h6-c4-relu-f32-s0-layer-l2-bi-unbatched-drop0.5-evaluation-mom0.5-wd0.1-maximize"
        "-clipnorm1000.0-u3"
    ),
}


@pytest.mark.parametrize("slug", one_in(9, COMBINED))
def test_mistake_in_an_option_is_named_among_many_others(slug: str) -> None:
    """A mistake is named too where the grid meets it first with ten options at once."""
    found = diagnose(MUTANTS[slug].subject(), Config.parse(COMBINED[slug]), pytorch)
    assert is_named([found], [MUTANTS[slug]])


def test_probes_are_without_what_the_failure_does_not_need() -> None:
    """One update of one layer is a probe where that shows the mistake, beside the case as asked."""
    subject, told = MUTANTS["weight-decay-doubled"], Counter[tuple[int, int]]()

    def run(case: Case) -> dict[str, Any]:
        told[case.config.layers, case.config.updates] += 1
        return dict(subject.run(case))

    found = diagnosis_of(run, layers=2, updates=3, weight_decay=0.1)
    assert names([found]) == {"weight-decay-doubled"}
    assert "as asked" in found.causes[0].shown_at
    assert told == {(2, 1): 2, (2, 3): 2, (1, 1): told[1, 1]}  # each is asked twice


@pytest.mark.slow
def test_a_mistake_that_only_the_left_out_options_show_is_named_beside_another() -> None:
    """A mistake that explains only the lighter configurations does not explain everything."""
    both = [MUTANTS["loss-sum-as-mean"], MUTANTS[NO_MASK]]
    config = Config(layers=2, dropout=0.5, loss="sum")
    assert is_named([diagnose(combined(*both), config, pytorch)], both)


PAIRS = [
    ("wh-transposed-forward", "loss-in-bits"),
    ("bptt-missing", PER_BATCH),
    ("bias-missing", "step-uphill"),
    ("head-bias-twice", "clip-value-unasked"),
    ("input-reversed", "wh-gradient-transposed"),
    ("tanh-derivative-of-activated-value", "bptt-untransposed-between-steps"),
]


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS, ids=" + ".join)
def test_both_mistakes_of_a_pair_are_named(pair: tuple[str, str]) -> None:
    """Two mistakes, of which one may hide the other, are told apart."""
    both = [MUTANTS[slug] for slug in pair]
    assert is_named([diagnose(combined(*both), Config(), pytorch)], both)


def test_three_mistakes_are_named() -> None:
    """Three mistakes are named, where each explains an array of its own."""
    three = [MUTANTS[slug] for slug in ("loss-wrong-sign", PER_BATCH, "step-uphill")]
    assert is_named([diagnose(combined(*three), Config(), pytorch)], three)


def test_a_slow_machine_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """If every look at a clock finds that a minute has passed, the diagnosis is the same."""
    subject = combined(MUTANTS["wh-transposed-forward"], MUTANTS[PER_BATCH])
    minutes = itertools.count(0, 60)
    usual = diagnose(subject, Config(), pytorch)
    for clock in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        monkeypatch.setattr(time, clock, lambda: next(minutes))
    slow = diagnose(subject, Config(), pytorch)
    assert slow.seconds > usual.seconds
    assert replace(slow, seconds=0) == replace(usual, seconds=0)


def test_a_search_ends_with_its_budget() -> None:
    """Without a budget single mistakes are tried, no pairs, and the search says that it ended."""
    both = {"wh-transposed-forward", PER_BATCH}
    subject = combined(*(MUTANTS[slug] for slug in sorted(both)))
    inquiry = Inquiry(subject=subject, config=Config(), reference=pytorch)
    answered = inquiry.ask_around().answered
    same = [r for r in answered if (r.case.config.kind, r.case.config.activation) == ASKED_ABOUT]
    known = [m for m in CATALOGUE if m.applies(Config()) and not m.values]
    cut, whole = (
        Search(Predictions(same, budget), known, budget) for budget in (Budget(0), Budget())
    )
    assert (cut.explanations(), cut.exhausted) == ([], False)
    assert len(cut.tried) == 1 + len(known)
    assert both in [{m.slug for m in found} for found in whole.explanations()]
    assert whole.exhausted


@pytest.mark.parametrize("slug", one_in(6, list(UNKNOWN)[::2]))
def test_what_is_in_no_catalogue_is_called_unknown(slug: str) -> None:
    """An unknown mistake gets no invented cause; the report has facts instead."""
    found = diagnose(UNKNOWN[slug].subject(), Config(), pytorch)
    assert not names([found])
    assert found.facts


@pytest.mark.parametrize("name", VARIANTS)
def test_correct_code_is_left_alone(name: str) -> None:
    """A right implementation has no mistake, whatever the order of its sums."""
    for kind in ("classifier", "layer"):
        for dtype in ("float64", "float32"):
            found = diagnosis_of(VARIANTS[name], kind=kind, dtype=dtype)
            assert not found.causes
            assert "configurations agree" in found.facts[0]


def test_the_twin_is_left_alone() -> None:
    """PyTorch has none of the known mistakes."""
    assert not diagnosis_of(twin.run).causes


def test_a_number_that_is_not_in_the_catalogue_is_found() -> None:
    """The value at which gradients are clipped is read from the subject's own gradients."""
    odd = MUTANTS["clip-value-unasked"].having(0.37)
    assert is_named(asked(odd.subject()), [odd])


# -- what a subject offers -----------------------------------------------------------------------

OFFERED = {
    "gradients only": ("grad/",),
    "gradients only, without those of inputs": ("grad/W", "grad/b"),
    "the step only": ("step/",),
    "no input gradient": ("hidden", "logits", "loss", "grad/W", "grad/b", "grad/h_0"),
}


@pytest.mark.parametrize("arrays", OFFERED.values(), ids=OFFERED.keys())
def test_diagnosis_makes_do_with_what_is_offered(arrays: tuple[str, ...]) -> None:
    """The mistake is among those that give the numbers that a subject offers."""
    found = diagnosis_of(only(*arrays))
    also = [sentence for cause in found.causes for sentence in cause.also]
    assert PER_BATCH in names([found]) or str(by_slug[PER_BATCH]) in also


def test_forward_only_is_diagnosed() -> None:
    """A wrong forward pass is named without any gradient."""
    subject = MUTANTS["h0-ignored"]
    found = diagnosis_of(lambda case: {"hidden": subject.run(case)["hidden"]})
    assert names([found]) == {"h0-ignored"}
    assert "h_0 = 0" in found.causes[0].hidden_at


def test_mistake_of_one_kind_of_case_is_named() -> None:
    """A wrong classifier over a right layer is diagnosed as a classifier."""
    subject = MUTANTS["loss-wrong-sign"]

    def run(case: Case) -> dict[str, Any]:
        return scratch.run(case) if case.config.kind == "layer" else dict(subject.run(case))

    assert names([diagnosis_of(run)]) == {"loss-wrong-sign"}


# -- from call to call ---------------------------------------------------------------------------


def leaking() -> Run:
    """Return a run whose hidden state is kept from call to call."""
    kept: dict[tuple[int, ...], np.ndarray] = {}

    def run(case: Case) -> dict[str, Any]:
        h_0 = kept.get(case.h_0.shape, case.h_0)
        answer = scratch.run(case.replace(h_0=h_0))
        kept[case.h_0.shape] = answer["hidden"][:, -1]
        return answer

    return run


def accumulating() -> Run:
    """Return a run whose gradients are never set to zero."""
    kept: dict[str, np.ndarray] = {}

    def run(case: Case) -> dict[str, Any]:
        answer = scratch.run(case)
        for name in [n for n in answer if n.startswith("grad/")]:
            key = f"{name} {case.config}"
            kept[key] = answer[name] = answer[name] + kept.get(key, 0.0)
        return answer

    return run


def redrawing() -> Run:
    """Return a run that draws its weights again at each call."""
    rng = np.random.default_rng(0)
    return lambda case: scratch.run(case.replace(W_h=rng.random(case.W_h.shape)))


BETWEEN_CALLS = {
    "leaking": (leaking, "The hidden state leaks from one call into the next."),
    "accumulating": (accumulating, "Gradients are added up from one call to the next."),
    "redrawing": (redrawing, "Answers differ from call to call."),
}


@pytest.mark.slow
@pytest.mark.parametrize(("make", "expected"), BETWEEN_CALLS.values(), ids=BETWEEN_CALLS.keys())
def test_what_one_call_leaves_to_the_next_is_named(make: Callable[[], Run], expected: str) -> None:
    """The first answer explains the second one."""
    assert says(diagnosis_of(make())) == [expected]


def test_leak_beside_another_mistake() -> None:
    """Once the leak is known, the rest is diagnosed as if there were none."""
    subject, kept = MUTANTS[PER_BATCH], {}

    def run(case: Case) -> dict[str, Any]:
        answer = dict(subject.run(case.replace(h_0=kept.get(case.h_0.shape, case.h_0))))
        kept[case.h_0.shape] = answer["hidden"][:, -1]
        return answer

    assert names([diagnosis_of(run)]) == {"state-leaks-between-calls", PER_BATCH}


def test_writing_into_arguments_is_named() -> None:
    """A subject that changes its inputs is reported, with its own line."""

    def run(case: Case) -> dict[str, Any]:
        case.x[:] *= 2
        return scratch.run(case)

    found = diagnosis_of(run)
    assert says(found) == ["The subject writes into the arrays it is given."]
    assert "case.x[:] *= 2" in " ".join(found.causes[0].evidence)


# -- formats -------------------------------------------------------------------------------------


def in_format(dtype: str) -> Run:
    """Return a run that keeps its states in a coarser format."""

    def run(case: Case) -> dict[str, Any]:
        answer = scratch.run(case)
        coarse = answer["hidden"].astype(dtype).astype(case.config.dtype)
        return answer | {"hidden": coarse}

    return run


@pytest.mark.parametrize(
    ("dtype", "coarse"), [("float64", "float32"), ("float64", "float16"), ("float32", "float16")]
)
def test_coarser_format_is_named(dtype: str, coarse: str) -> None:
    """A coarser format is proven when every state is one of its numbers."""
    named = says(diagnosis_of(in_format(coarse), dtype=dtype))
    assert named == [f"Hidden states are computed, kept or returned in {coarse}."]


def test_16_bits_are_asked_about_in_float64_with_the_same_numbers() -> None:
    """Noise of 16 bits hides the differences between mistakes; other formats stay as they are."""
    for dtype in ("float16", "bfloat16"):
        config = Config(dtype=dtype, lengths="unsorted", layers=2, dropout=0.5)
        case, own = next(probes(config)).case, draw(config)
        assert case.config == config.replace(dtype="float64")
        for name, array in own.arrays.items():
            assert (getattr(case, name) == array.astype(getattr(case, name).dtype)).all()
        assert all(getattr(case, name).dtype == np.float64 for name in case.parameters)
    assert next(probes(Config(dtype="float32"))).case.config == Config(dtype="float32")


@pytest.mark.slow
def test_what_shows_in_16_bits_alone_is_told_and_not_named() -> None:
    """A mistake in the code for one format is reported for that format alone."""

    def run(case: Case) -> dict[str, Any]:
        answer = scratch.run(case)
        coarse = case.config.dtype == "bfloat16"
        return answer | ({"grad/W_x": -answer["grad/W_x"]} if coarse else {})

    found = diagnosis_of(run, dtype="bfloat16")
    assert not found.causes
    assert "grad/W_x differs first in computation order: in 1 of 12 configurations" in found.facts
    assert any(fact.startswith("nothing differs at: ordinary") for fact in found.facts)


def test_16_bits_only_subject_is_asked_in_its_own_format() -> None:
    """A subject that refuses float64 still learns where it is wrong."""

    def run(case: Case) -> dict[str, Any]:
        if case.config.dtype != "float16":
            raise TypeError("float16 only")
        answer = scratch.run(case)
        return answer | {"grad/W_x": -answer["grad/W_x"]}

    found = diagnosis_of(run, dtype="float16")
    assert not found.causes
    assert found.probes == 1
    assert "it is PyTorch's with the other sign" in found.facts


# -- bad subjects --------------------------------------------------------------------------------


def test_subject_that_raises_in_one_probe_is_diagnosed_by_the_others() -> None:
    """The report lists the questions that cannot be asked, and uses the answers to the others."""
    subject = MUTANTS[PER_BATCH]

    def run(case: Case) -> dict[str, Any]:
        if case.config.steps == 1:
            raise IndexError("list index out of range")
        return dict(subject.run(case))

    found = diagnosis_of(run)
    assert names([found]) == {PER_BATCH}
    assert "one step" in found.problems[0]
    assert "IndexError" in found.problems[0]


def test_subject_that_always_raises_gives_no_diagnosis() -> None:
    """The report says briefly that the subject raises, and that nothing else is known."""

    def run(case: Case) -> dict[str, Any]:
        raise ZeroDivisionError("division by zero")

    found = diagnosis_of(run)
    assert not found.causes
    assert found.probes == 0
    assert "ZeroDivisionError" in " ".join(diagnosis_lines(found))
    assert len(diagnosis_lines(found)) < 10


@pytest.mark.slow
def test_nan_is_a_fact() -> None:
    """An array that is not finite is reported as such, and no mistake is invented for it."""

    def run(case: Case) -> dict[str, Any]:
        answer = scratch.run(case)
        return answer | {"grad/W_x": np.full_like(answer["grad/W_x"], np.nan)}

    found = diagnosis_of(run)
    assert not found.causes
    assert any("are not finite" in fact for fact in found.facts)


def test_float32_only_subject_is_diagnosed() -> None:
    """A subject that refuses float64 is asked in float32."""
    subject = MUTANTS[PER_BATCH]

    def run(case: Case) -> dict[str, Any]:
        if case.config.dtype != "float32":
            raise TypeError("float32 only")
        return dict(subject.run(case))

    assert names([diagnosis_of(run, dtype="float32")]) == {PER_BATCH}


@pytest.mark.slow
def test_nan_in_one_probe_is_told_and_the_others_are_diagnosed() -> None:
    """A subject that overflows where it should not is diagnosed by its other answers."""
    subject = MUTANTS[PER_BATCH]

    def run(case: Case) -> dict[str, Any]:
        answer = dict(subject.run(case))
        if case.config.steps == 2:
            answer["grad/W_x"] = np.full_like(answer["grad/W_x"], np.nan)
        return answer

    found = diagnosis_of(run)
    assert names([found]) == {PER_BATCH}
    assert "two steps (b4-t2-f3-h5-c7-tanh-f64-s0-lr0.03): not finite" in found.problems


def test_hanging_subject_is_left_behind() -> None:
    """A probe that takes too long is reported, and the others are asked."""
    subject = MUTANTS[PER_BATCH]

    def run(case: Case) -> dict[str, Any]:
        while case.config.steps == 1:
            pass
        return dict(subject.run(case))

    found = diagnosis_of(Here(run=run, seconds=1.0))
    assert names([found]) == {PER_BATCH}
    assert "no answer in 1 s" in found.problems[0]


def test_one_configuration_proves_nothing() -> None:
    """A single answer proves too little: no cause is named."""

    def run(case: Case) -> dict[str, Any]:
        if str(case.config) != str(Config()):
            raise NotImplementedError
        answer = scratch.run(case)
        return answer | {"grad/W_x": answer["grad/W_x"] * 0.37}

    found = diagnosis_of(run)
    assert not found.causes
    assert "it is PyTorch's multiplied by 0.37" in found.facts


@pytest.mark.slow
def test_names_that_vary_from_call_to_call_are_no_crash() -> None:
    """A second answer may offer other arrays than the first."""
    calls: list[int] = []

    def run(case: Case) -> dict[str, Any]:
        calls.append(1)
        names = ("hidden",) if len(calls) % 2 else ("hidden", "logits")
        answer = scratch.run(case)
        return {name: answer[name] * (1 + 1e-3 * len(calls)) for name in names if name in answer}

    assert says(diagnosis_of(run)) == ["Answers differ from call to call."]


@pytest.mark.slow
def test_momentum_is_no_accumulation() -> None:
    """Steps that change from call to call are not called gradients that add up."""
    kept: dict[str, int] = {}

    def run(case: Case) -> dict[str, Any]:
        kept[str(case.config)] = calls = kept.get(str(case.config), 0) + 1
        answer = scratch.run(case)
        return {n: a * calls if n.startswith("step/") else a for n, a in answer.items()}

    assert says(diagnosis_of(run)) == ["Answers differ from call to call."]


STATES = {
    "zero": np.zeros_like,
    "their signs": np.sign,
    "whole numbers": np.rint,
}


@pytest.mark.slow
@pytest.mark.parametrize("change", STATES.values(), ids=STATES.keys())
def test_wrong_states_are_no_coarse_format(change: Callable[..., np.ndarray]) -> None:
    """Zeros and ones fit into every format, and prove none."""
    run = scratch.run
    found = diagnosis_of(lambda case: run(case) | {"hidden": change(run(case)["hidden"])})
    assert not any("computed, kept or returned" in cause for cause in says(found))


def test_plain_logarithm_is_not_taken_for_a_softmax_that_overflows() -> None:
    """-log p is infinite where p rounds to zero; that is not evidence against the softmax."""
    both = [MUTANTS["loss-log-of-probability"], MUTANTS["bptt-missing"]]
    assert is_named([diagnose(combined(*both), Config(), pytorch)], both)


@pytest.mark.slow
def test_arrays_of_a_wrong_shape_are_told() -> None:
    """Arrays that cannot be compared are not said to agree."""

    def run(case: Case) -> dict[str, Any]:
        answer = scratch.run(case)
        return answer | {"grad/W_x": answer["grad/W_x"].T}

    found = diagnosis_of(run)
    assert says(found) == ["grad/W_x has shape (6, 3), expected (3, 6)."]
    assert not any("nothing differs at: as asked" in fact for fact in found.facts)


def test_of_an_array_of_a_wrong_shape_nothing_else_is_concluded() -> None:
    """A bias gradient that is summed over all axes makes a wrong step, which is no second mistake.

    A mistake in another array is named beside it.
    """

    def run(case: Case) -> dict[str, Any]:
        answer = dict(MUTANTS[PER_BATCH].run(case))
        total = answer["grad/b"].sum()
        return answer | {"grad/b": total, "step/b": case.b - case.lr * total}

    found = diagnosis_of(run)
    assert [cause.slug for cause in found.causes] == ["wrong-shape", PER_BATCH]
    assert found.causes[0].says == "grad/b has shape (), expected (6,)."


def test_mistake_in_what_is_wrong_is_named_before_one_in_what_is_right() -> None:
    """The loss is right in the configuration; that it overflows elsewhere is named second."""
    both = [MUTANTS["loss-log-of-probability"], MUTANTS["logit-gradient-batch-sum"]]
    found = diagnose(combined(*both), Config(), pytorch)
    slugs = [cause.slug for cause in found.causes]
    assert slugs == ["logit-gradient-batch-sum", "loss-log-of-probability"]
    assert found.causes[1].shown_at == ("huge logits",)


def test_facts_are_about_what_is_wrong_here() -> None:
    """An array that is wrong in another configuration alone is not the one that is described."""

    def run(case: Case) -> dict[str, Any]:
        answer = dict(MUTANTS["loss-log-of-probability"].run(case))
        return answer | {"grad/W_h": np.cbrt(answer["grad/W_h"])}

    inquiry = Inquiry(subject=Subject(name="mine", run=run), config=Config(), reference=pytorch)
    few = [probe for probe in probes(Config()) if probe.label in ("as asked", "huge logits")]
    said = unexplained(Predictions(inquiry.ask(few).answered), inquiry)
    assert said[0].startswith("grad/W_h differs first in computation order: in 2 of 2")


def test_a_fault_that_numbers_do_not_explain_is_not_diagnosed() -> None:
    """Where the numbers agree and the answer is incomplete, there is nothing to look for."""
    subject = Subject(name="mine.py", run=scratch.run, lacking="no backward was found")
    verdict = judge(subject, draw(Config()), pytorch)
    assert not verdict.passed
    assert not is_explicable(verdict)
    wrong = replace(subject, run=MUTANTS[PER_BATCH].run)
    assert is_explicable(judge(wrong, draw(Config()), pytorch))


def test_float32_network_is_diagnosed_in_float32() -> None:
    """A network that computes in float32 is asked in float32 when float32 is compared."""
    subject = MUTANTS[PER_BATCH]

    def run(case: Case) -> dict[str, Any]:
        single = {f: getattr(case, f).astype(np.float32) for f in FLOATS}
        small = case.replace(case.config.replace(dtype="float32"), **single)
        return {n: a.astype(case.config.dtype) for n, a in dict(subject.run(small)).items()}

    assert names([diagnosis_of(run, dtype="float32")]) == {PER_BATCH}
    assert names([diagnosis_of(run)]) == {"coarse-format", PER_BATCH}


# -- facts ---------------------------------------------------------------------------------------


def test_unknown_error_is_located() -> None:
    """The report names the first wrong array, its first wrong step, and its wrong units."""

    def run(case: Case) -> dict[str, Any]:
        answer = scratch.run(case)
        hidden = answer["hidden"].copy()
        hidden[:, 2:, 1:2] += 1e-3
        return answer | {"hidden": hidden}

    facts = " ".join(diagnosis_of(run).facts)
    assert "hidden differs first in computation order" in facts
    assert "only in column 1 of 5" in facts
    assert "the first wrong step is t = 2; 4 of 6 steps are wrong" in facts


# -- probes and reports --------------------------------------------------------------------------


def test_probes_are_extreme_in_every_way() -> None:
    """The probes have one row, one step, many steps, equal sizes, large gradients, no h_0."""
    cases = {probe.label: probe.case for probe in probes(Config())}
    assert len(cases) == 14
    assert cases["one row"].config.batch == cases["one step"].config.steps == 1
    assert not cases["h_0 = 0"].h_0.any()
    gradients = pytorch.run(cases["large gradients"])
    assert max(abs(gradients[f"grad/{n}"]).max() for n in ("W_x", "W_h", "b")) > 10


def test_probes_have_the_options_that_are_asked_about() -> None:
    """All combinations of options can be probed, with these options and no others."""
    kept = [name for name in ORDINARY if name not in ("dtype", "layers", "updates", *STRENGTHS)]
    for config in (*of_layers(), *of_classifiers()):
        for probe in (*probes(config), *further(config)):
            own = probe.case.config
            if own.kind == config.kind:
                assert {n: getattr(own, n) for n in kept} == {n: getattr(config, n) for n in kept}
                assert all(bool(getattr(own, n)) == bool(getattr(config, n)) for n in STRENGTHS)


def test_large_configuration_is_no_probe() -> None:
    """An answer that takes long to compute is not asked for again."""
    labels = [probe.label for probe in probes(Config(batch=64, steps=200, hidden=64))]
    assert "as asked" not in labels


@pytest.fixture
def wrong_file(tmp_path: Path) -> str:
    """Return a subject that divides recurrent gradients by the batch."""
    file = tmp_path / "my_rnn.py"
    file.write_text(
        "import scratch\n\n\ndef run(case):\n    answer = scratch.run(case)\n"
        "    for name in ('W_x', 'W_h', 'b'):\n"
        "        answer[f'grad/{name}'] = answer[f'grad/{name}'] / case.config.batch\n"
        "    return {n: a for n, a in answer.items() if not n.startswith('step/')}\n",
        encoding="utf-8",
    )
    return str(file)


def test_command_says_what_is_wrong(wrong_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Below the table are the cause, its evidence, where to look and where it hides."""
    assert main(["--no-keep", "--subject", wrong_file]) == 1
    _, _, said = capsys.readouterr().out.partition("What is wrong\n")
    lines = said.splitlines()
    assert lines[0] == "  Recurrent gradients are divided by the batch size twice."
    assert lines[1].startswith(
        "    evidence   grad/W_x, grad/W_h, grad/b equal PyTorch's divided by 4 = batch, within "
        "rounding, in 12 of 12 configurations"
    )
    assert "    hidden at  one row, huge inputs" in lines


def test_command_explains(wrong_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--explain lists mistakes that explain more than no mistake does, the best first."""
    assert main(["--no-keep", "--subject", wrong_file, "--explain"]) == 1
    ranked = [line for line in capsys.readouterr().out.splitlines() if " arrays  " in line]
    assert (
        ranked[0] == "   10 of 10 arrays  recurrent gradients are divided by the batch size twice"
    )
    assert ranked[-1] == "    5 of 10 arrays  without any mistake"
    assert len(ranked) > 3


def test_json_carries_the_diagnosis(wrong_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read the same facts as people."""
    main(["--no-keep", "--subject", wrong_file, "--json", "-"])
    why = json.loads(capsys.readouterr().out)["diagnosis"]
    assert why["causes"][0]["says"] == "Recurrent gradients are divided by the batch size twice."
    assert why["ranking"]


def test_a_pass_needs_no_diagnosis(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is wrong, the diagnosis says nothing."""
    assert main(["--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["diagnosis"] is None
