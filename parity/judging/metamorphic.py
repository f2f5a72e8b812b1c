"""Metamorphic checks: relations that hold for any recurrent layer, and need no reference.

Rows are independent sequences: one row alone gives the same answer as within the batch, and
permuted rows give permuted answers. A layer's gradients are linear in its upstream gradients.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from parity.cases.scaled import with_large_gradients
from parity.execution.ask import answer
from parity.model.branches import Branches
from parity.model.case import Case
from parity.model.comparison import Comparison, Status, compare
from parity.model.finding import Finding, NoTraceError
from parity.model.names import ArrayName, behaviour_name, gradient_name
from parity.model.trace import Trace, outputs
from parity.reference.base import Floor, Reference
from parity.reference.noise.floor import noise_floor
from parity.reference.thresholds import FEW_COPIES, LIMIT, MANY_COPIES, SUSPICIOUS
from parity.subjects.subject import Subject

FACTOR = -1024.0
"""The factor for upstream gradients: a power of two scales without rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Other cases, whose answers follow from the first one.

    `restate` changes the new answers into the form that `view` gives the first one: both must be
    equal.
    """

    title: str
    cases: tuple[Case, ...]
    view: Callable[[Trace], Trace]
    restate: Callable[[Sequence[Trace]], Trace]
    noisier: bool = False  # the new answers have their own noise, besides that of the first


def metamorphic_checks(
    subject: Subject, case: Case, trace: Trace, reference: Reference, *, agrees: bool = True
) -> tuple[tuple[Comparison, ...], tuple[Finding, ...]]:
    """Ask `subject`, whose answer to `case` is `trace`, again in ways that must not matter.

    Returns for each relation the comparison of the array that used most of its allowance, or a
    finding where the subject did not answer. If everything `agrees` so far, large gradients are
    compared, too.
    """
    comparisons: list[Comparison] = []
    findings: list[Finding] = []
    finite = all(np.isfinite(array).all() for array in trace.values())
    trace = _sound(trace, case)
    for relation in relations(case) if trace and finite else ():  # an overflow shows nothing
        try:
            answers = [_sound(answer(subject, other), other) for other in relation.cases]
        except NoTraceError as failed:
            text = f"asked for {relation.title}: {failed.finding.text}"
            findings.append(replace(failed.finding, text=text))
            continue
        for copies in (FEW_COPIES, MANY_COPIES):
            found = _worst(relation, case, trace, answers, copies)
            if found is None or found.greatest is None:
                break
            if found.greatest.used * LIMIT <= SUSPICIOUS:
                break
        comparisons += [found] if found is not None else []
    if trace and finite and agrees and case.config.kind == "classifier":
        found = _large_gradients(subject, case, reference)
        comparisons += [found] if found is not None else []
    return tuple(comparisons), tuple(findings)


def _large_gradients(subject: Subject, case: Case, reference: Reference) -> Comparison | None:
    """Compare with the reference where gradients are large: clipping shows only there.

    In a layer the upstream gradients are scaled instead. None where nothing is decided, or where
    the subject does not answer, which is reported elsewhere.
    """
    large = with_large_gradients(case, head=1000)
    try:
        found = _sound(answer(subject, large), large)
    except NoTraceError:
        return None
    expected = reference.run(large)
    ours, theirs = Branches.of(large, found, expected), Branches.of(large, expected)
    if ours is not None and theirs is not None and not ours.same(theirs):
        return None
    for copies in (FEW_COPIES, MANY_COPIES):
        floor = noise_floor(large, copies, ours)
        if _in_doubt(large, ours, found, floor):
            return None
        sigma = floor.sigma
        names = [n for n in sigma if n in found and np.isfinite(sigma[n]).all()]
        compared = [
            compare(n, found[n], expected[n], LIMIT * sigma[n], against=reference.name)
            for n in names
            if np.isfinite(expected[n]).all()
        ]
        if not compared:
            return None
        worst = max(compared, key=_seriousness)
        if worst.greatest is None or worst.greatest.used * LIMIT <= SUSPICIOUS:
            break
    return replace(worst, name=behaviour_name("large gradients"), detail=worst.detail or worst.name)


def relations(case: Case) -> Iterator[Relation]:
    """Yield the relations between the answer to `case` and those to other cases."""
    if case.config.batch > 1:
        yield _one_row_alone(case)
        yield _rows_reversed(case)
    if case.config.kind == "layer":
        yield _upstream_scaled(case)
        yield _upstream_in_parts(case)


def _one_row_alone(case: Case) -> Relation:
    """The first sequence alone; with a mean loss its gradients are `batch` times larger.

    With a mean of weighted labels the factor is rounded; then the gradients are not compared.
    """
    config = case.config
    mean = config.kind == "classifier" and config.loss != "sum"
    share = 1 / config.batch if mean else 1.0
    exact = config.plain_loss or not mean  # the factor does not round

    def rows(trace: Trace) -> Trace:
        names = {text: ArrayName.parse(text) for text in trace}
        own = [text for text, n in names.items() if n.by_row and (exact or not n.is_gradient)]
        return {text: trace[text][:1] for text in own}

    def restate(answers: Sequence[Trace]) -> Trace:
        (alone,) = answers
        return {
            name: (array * share).astype(array.dtype) if _is_gradient(name) else array
            for name, array in rows(alone).items()
        }

    return Relation(title="one row alone", cases=(case.rows(slice(1)),), view=rows, restate=restate)


def _rows_reversed(case: Case) -> Relation:
    config = case.config
    if config.lengths == "sorted":
        config = config.replace(lengths="unsorted")
    turned = case.rows(slice(None, None, -1)).replace(config)

    def restate(answers: Sequence[Trace]) -> Trace:
        return {
            name: array[::-1] if ArrayName.parse(name).by_row else array
            for name, array in _before_step(answers[0]).items()
        }

    return Relation(title="rows reversed", cases=(turned,), view=_before_step, restate=restate)


def _upstream_scaled(case: Case) -> Relation:
    """Gradients of -1024 times the upstream gradients: clipped or offset ones do not follow."""
    scaled = {name: array * FACTOR for name, array in case.arrays.items() if _is_upstream(name)}
    return Relation(
        title="upstream x -1024",
        cases=(case.replace(**{n: a.astype(case.x.dtype) for n, a in scaled.items()}),),
        view=_gradients,
        restate=lambda answers: {
            n: (a / FACTOR).astype(a.dtype) for n, a in _gradients(answers[0]).items()
        },
    )


def _upstream_in_parts(case: Case) -> Relation:
    """Gradients from the upstream at even steps, plus those from the rest, are the whole."""
    even = (np.arange(case.config.steps) % 2 == 0)[:, None]  # (steps, 1)
    finals = {n: a for n, a in case.arrays.items() if _is_upstream(n) and n != "upstream"}
    nothing = {name: np.zeros_like(array) for name, array in finals.items()}
    parts = (
        case.replace(upstream=(case.upstream * even).astype(case.x.dtype), **nothing),
        case.replace(upstream=(case.upstream * ~even).astype(case.x.dtype)),
    )

    def restate(answers: Sequence[Trace]) -> Trace:
        one, other = map(_gradients, answers)
        return {name: one[name] + other[name] for name in one if name in other}

    return Relation(
        title="upstream in two parts", cases=parts, view=_gradients, restate=restate, noisier=True
    )


def _is_upstream(name: str) -> bool:
    return name.startswith("upstream")


def _sound(trace: Trace, case: Case) -> Trace:
    """Return the arrays that can be compared: the others are reported as failures already."""
    config = case.config
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(outputs(config), case.upstream.shape)
    shapes |= {cell.name("final"): case.h_0.shape for cell in config.cells} | {"loss": ()}
    logits = (config.batch, config.classes)
    shapes["logits"] = (config.batch, config.steps, config.classes) if config.every_step else logits
    shapes |= {gradient_name(name): array.shape for name, array in case.arrays.items()}
    return {
        name: array
        for name, array in trace.items()
        if shapes.get(name) == array.shape
        and array.dtype == case.x.dtype
        and np.isfinite(array).all()
    }


def _before_step(trace: Trace) -> Trace:
    return {name: array for name, array in trace.items() if not ArrayName.parse(name).is_step}


def _gradients(trace: Trace) -> Trace:
    return {name: array for name, array in trace.items() if _is_gradient(name)}


def _is_gradient(name: str) -> bool:
    return ArrayName.parse(name).is_gradient


def _worst(
    relation: Relation,
    case: Case,
    trace: Trace,
    answers: Sequence[Trace],
    copies: int,
) -> Comparison | None:
    """Compare the arrays that both answers have; return the one that used most, or None."""
    first, second = relation.view(trace), relation.restate(answers)
    own = Branches.of(case, trace)
    floor = noise_floor(case, copies, own)
    noise = dict(relation.view(floor.sigma))
    if relation.noisier:
        floors = [noise_floor(other, copies, own).sigma for other in relation.cases]
        noise = {name: noise[name] + more for name, more in relation.restate(floors).items()}
    flipped = _in_doubt(case, own, trace, floor) or not _alike(case, first, second)
    names = [n for n in noise if n in first and n in second]
    found = [
        compare(n, second[n], first[n], LIMIT * noise[n], against="the first answer")
        for n in names
        if first[n].shape == noise[n].shape and not (flipped and _is_gradient(n))
    ]
    if not found:
        return None
    worst = max(found, key=_seriousness)
    return replace(worst, name=behaviour_name(relation.title), detail=worst.detail or worst.name)


def _in_doubt(case: Case, own: Branches | None, trace: Trace, floor: Floor) -> bool:
    """Return whether a gate is in doubt: it may be another one in another answer."""
    return own is not None and bool(own.doubted(case.config, trace, floor.clean).doubt)


def _alike(case: Case, first: Trace, second: Trace) -> bool:
    """Return whether no branch differs between two answers, which rounding can cause.

    Both may be answers for the first sequences alone.
    """
    if "hidden" not in first or "hidden" not in second:
        return True
    some = case.rows(slice(len(first["hidden"])))
    one, other = Branches.of(some, first), Branches.of(some, second)
    return one is None or other is None or one.same(other)


def _seriousness(comparison: Comparison) -> tuple[bool, float]:
    greatest = comparison.greatest
    used = greatest.used if greatest is not None else float("inf")
    return comparison.status is not Status.AGREES, used
