"""Diagnosis: why a subject differs, proven by the numbers - or unknown, and what can be said."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from parity.diagnosis.cause import Cause
from parity.diagnosis.evidence import causes, own_fault, unexplained
from parity.diagnosis.interpretations import readings
from parity.diagnosis.predictions import Mistakes, Predictions
from parity.diagnosis.probes import ASKED, COARSE, Probe, further, is_small, probes
from parity.diagnosis.responses import Testimony, Witness, hear
from parity.diagnosis.search import MOST, Attempt, Search
from parity.diagnosis.simplify import lightened
from parity.model.config import Config
from parity.reference.base import Reference
from parity.reference.mistakes import CATALOGUE
from parity.reference.mistakes.mistake import Mistake
from parity.reference.mistakes.planting import predict
from parity.subjects.subject import Subject

NOTHING = "without any mistake"

SECONDS = 2.0
"""How long combinations of mistakes are tried, at most, in seconds of this thread."""

FEWEST = 2
"""Configurations without which nothing is proven: one alone fits too many mistakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """What was tried, and how many arrays, in computation order, it explains."""

    says: str
    explained: int
    arrays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a subject differs: causes that are proven, or facts when it is unknown."""

    causes: tuple[Cause, ...]
    facts: tuple[str, ...]
    problems: tuple[str, ...]  # probes, or arrays of them, that could not be compared, and why
    probes: int  # that it answered
    ranking: tuple[Ranked, ...]
    exhausted: bool  # every combination that could explain it was tried
    seconds: float


@np.errstate(all="ignore")
def diagnose(subject: Subject, config: Config, reference: Reference) -> Diagnosis:
    """Say why `subject`, which differs at `config`, does so.

    The subject is asked about the configuration and a dozen probes around it, at first without
    the updates, layers and directions that the difference does not need. At most three mistakes are
    the cause when the textbook with them planted gives the subject's numbers, within rounding, in
    every array that it offers to every probe. Otherwise the cause is unknown.
    """
    start = time.perf_counter()
    testimony, known, explained = _by_lighter_ones(subject, config, reference) or _by_its_own(
        subject, config, reference
    )
    right = bool(known) and explained.complete and not explained.causes
    return Diagnosis(
        causes=(*map(own_fault, testimony.findings[:1]), *known, *explained.causes),
        facts=() if right else explained.facts,
        problems=(*testimony.problems, *explained.problems),
        probes=len(testimony.witnesses),
        ranking=explained.ranking,
        exhausted=explained.exhausted,
        seconds=time.perf_counter() - start,
    )


def _by_its_own(subject: Subject, config: Config, reference: Reference) -> "_Understood":
    """Explain the subject by probes with all the options of the configuration."""
    end = time.thread_time() + SECONDS
    testimony = _testimony(subject, config, reference)
    found = _understood(testimony, subject, config, reference, end)
    silent = found.explained.complete and not found.explained.causes and not found.known
    if config.dtype in COARSE and (silent or len(testimony.witnesses) < FEWEST):
        testimony = _in_own_format(testimony, subject, config, reference)  # it shows there alone
        found = _understood(testimony, subject, config, reference, end)
    return found


def _by_lighter_ones(
    subject: Subject, config: Config, reference: Reference
) -> "_Understood | None":
    """Explain it by probes that take less time; None where no single mistake does so.

    The configuration itself is among the probes: what it alone shows is a second mistake.
    """
    if not is_small(config):
        return None
    light = lightened(subject, config, reference)
    if light == config:
        return None
    testimony = _testimony(subject, config, reference, light)
    labels = {witness.label for witness in testimony.witnesses}
    if testimony.problems or testimony.findings or ASKED not in labels:
        return None
    end = time.thread_time() + SECONDS
    found = _understood(testimony, subject, config, reference, end, most=1)
    return found if found.explained.causes and found.explained.complete else None


def _testimony(
    subject: Subject, config: Config, reference: Reference, around: Config | None = None
) -> Testimony:
    """Ask in float64, which shows most; or in float32, where a subject can do no better."""
    testimony = hear(subject, probes(config, asks=subject.asks, around=around), reference)
    if config.dtype != "float32":
        return testimony
    read = [reading.witnesses for reading in readings(testimony.witnesses, config)]
    single = any(all(w.case.config.dtype == "float32" for w in told) for told in read)
    if len(testimony.witnesses) < FEWEST or single:
        return hear(subject, probes(config, "float32", subject.asks, around), reference)
    return testimony


def _in_own_format(
    testimony: Testimony, subject: Subject, config: Config, reference: Reference
) -> Testimony:
    """Ask what was asked about in its own format, too."""
    asked = [p for p in probes(config, config.dtype, subject.asks) if p.label == ASKED]
    told = hear(subject, asked, reference)
    others = [w for w in testimony.witnesses if w.label != ASKED]
    return Testimony(
        witnesses=(*told.witnesses, *others),
        problems=tuple(dict.fromkeys((*told.problems, *testimony.problems))),
        findings=(*told.findings, *testimony.findings),
    )


class _Understood(NamedTuple):
    """What is known however the witnesses are explained, and what mistakes explain."""

    testimony: Testimony
    known: tuple[Cause, ...]
    explained: "_Explained"


def _understood(
    testimony: Testimony,
    subject: Subject,
    config: Config,
    reference: Reference,
    end: float,
    most: int = MOST,
) -> _Understood:
    """Return what is known however the witnesses are explained, and what mistakes explain."""
    explained = _Explained()
    known: tuple[Cause, ...] = ()
    for reading in readings(testimony.witnesses, config) if testimony.witnesses else ():
        if reading.explicable:
            explained = _explain(reading.witnesses, subject, config, reference, end, most)
        else:
            explained = _Explained()
        known = reading.causes
        if reading.certain or explained.complete:
            break
    return _Understood(testimony, known, explained)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explained:
    """What mistakes in the equations explain."""

    causes: tuple[Cause, ...] = ()
    facts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    ranking: tuple[Ranked, ...] = ()
    complete: bool = False  # all is right or explained
    exhausted: bool = True


def _explain(
    witnesses: Sequence[Witness],
    subject: Subject,
    config: Config,
    reference: Reference,
    end: float,
    most: int = MOST,
) -> _Explained:
    """Explain the witnesses of the kind and the activation that were asked about.

    A subject may have other code for the others, or none; they only help to choose. Where one is
    not finite and nothing explains it, the others are explained without it.
    """
    same = [w for w in witnesses if _is_like(w.case.config, config)]
    others = [w for w in witnesses if w not in same]
    shapes = tuple(f"{w.label} ({w.case.config}): {m}" for w in same for m in w.misshapen)
    told = Predictions(same)
    if told.reach(()) == len(told.names):
        agree = f"all {len(same)} probing configurations agree"
        return _Explained(facts=() if shapes else (agree,), problems=shapes, complete=not shapes)
    search = Search(told, _with_values(same, CATALOGUE), end, most)
    found = search.explanations() if len(same) >= FEWEST else []
    if not found and 0 < sum(w.finite for w in same) < len(same):
        told_of = [w for w in witnesses if w.finite]
        finite = _explain(told_of, subject, config, reference, end, most)
        lost = tuple(f"{w.label} ({w.case.config}): not finite" for w in same if not w.finite)
        return replace(finite, problems=(*finite.problems, *lost), complete=False)
    found = _chosen(found, Predictions(others), subject, config, reference)
    return _Explained(
        causes=tuple(causes(told, found)) if found else (),
        facts=() if found else tuple(unexplained(told, subject, config, reference)),
        problems=shapes,
        ranking=_ranking(told, search.tried),
        complete=bool(found),
        exhausted=search.exhausted,
    )


def _is_like(one: Config, other: Config) -> bool:
    return (one.kind, one.activation) == (other.kind, other.activation)


def _chosen(
    found: Sequence[Mistakes],
    others: Predictions,
    subject: Subject,
    config: Config,
    reference: Reference,
) -> list[Mistakes]:
    """Return the explanations that nothing tells apart, the likeliest first."""
    left = sorted(found, key=lambda mistakes: -min(m.seen for m in mistakes))
    for probe in further(config, subject.asks):
        if len(left) > 1:
            left = _surviving(left, probe, subject, reference)
    return [m for m in left if others.reach(m) == len(others.names)] or left


def _with_values(witnesses: Sequence[Witness], catalogue: Sequence[Mistake]) -> list[Mistake]:
    """Return what the witnesses can show of the catalogue, with its numbers.

    These are the usual ones, and those that the witnesses suggest.
    """
    each: list[Mistake] = []
    configs = {w.case.config for w in witnesses}
    for mistake in catalogue:
        if not any(map(mistake.applies, configs)):
            continue
        guessed = [
            value
            for w in witnesses
            for value in (mistake.guess(w.case, w.subject, w.reference) if mistake.guess else ())
            if np.isfinite(value) and value > 0
        ]
        each += mistake.having((*mistake.values, *guessed)) if mistake.values else (mistake,)
    return each


def _surviving(
    found: list[Mistakes], probe: Probe, subject: Subject, reference: Reference
) -> list[Mistakes]:
    """Return the explanations that hold for one more probe, where these predict other numbers."""
    predictions = [predict(probe.case, mistakes) for mistakes in found]
    first, *others = ([a.tobytes() for a in p.values()] for p in predictions)
    if all(other == first for other in others):
        return found
    told = Predictions(hear(subject, [probe], reference).witnesses)
    holding = [m for m in found if told.reach(m) == len(told.names)]
    return holding if told.names else found


def _ranking(told: Predictions, tried: Sequence[Attempt]) -> tuple[Ranked, ...]:
    more = [a for a in tried if not a.mistakes or a.explained > told.reach(())]
    best = sorted(more, key=lambda attempt: (-attempt.explained, len(attempt.mistakes)))
    return tuple(
        Ranked(
            says=" and ".join(map(str, attempt.mistakes)) or NOTHING,
            explained=attempt.explained,
            arrays=len(told.names),
        )
        for attempt in best
    )
