"""Diagnosis: why a subject differs, proven by the numbers - or unknown, and what can be said."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parity.cause import Cause
from parity.config import Config
from parity.explaining import Attempt, Explainer, Mistakes
from parity.mistake import Mistake
from parity.probes import Probe, further, probes
from parity.restating import restated
from parity.subject import Subject
from parity.telling import causes, own_fault, unexplained
from parity.witness import Witness, hear
from parity.yardstick import Yardstick


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
    problems: tuple[str, ...]  # probes that the subject did not answer
    probes: int  # that it answered
    ranking: tuple[Ranked, ...]
    seconds: float


@np.errstate(all="ignore")
def diagnose(subject: Subject, config: Config, yardstick: Yardstick) -> Diagnosis:
    """Say why `subject`, which differs at `config`, does so.

    The subject is asked about a dozen probes around the configuration. At most three mistakes are
    the cause when the textbook with them planted gives the subject's numbers, within rounding, in
    every array that it offers to every probe. Otherwise the cause is unknown.
    """
    start = time.perf_counter()
    testimony = hear(subject, probes(config), yardstick)
    if len(testimony.witnesses) < 2 and config.dtype != "float64":
        testimony = hear(subject, probes(config, config.dtype), yardstick)
    known = restated(testimony.witnesses, yardstick)
    explained = _Explained()
    if known.explicable and known.witnesses:
        explained = _explain(known.witnesses, subject, config, yardstick)
    own = tuple(map(own_fault, testimony.findings[:1]))
    return Diagnosis(
        causes=(*own, *known.causes, *explained.causes),
        facts=explained.facts if not known.causes or explained.ranking else (),
        problems=testimony.problems,
        probes=len(testimony.witnesses),
        ranking=explained.ranking,
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explained:
    """What mistakes in the equations explain."""

    causes: tuple[Cause, ...] = ()
    facts: tuple[str, ...] = ()
    ranking: tuple[Ranked, ...] = ()


def _explain(
    witnesses: Sequence[Witness], subject: Subject, config: Config, yardstick: Yardstick
) -> _Explained:
    """Explain the witnesses of the kind and the activation that were asked about.

    A subject may have other code for the others, or none; they only help to choose.
    """
    same = [w for w in witnesses if _is_like(w.case.config, config)]
    others = [w for w in witnesses if w not in same]
    explainer = Explainer(same, yardstick)
    if explainer.reach(()) == len(explainer.names):
        return _Explained(facts=(f"all {len(same)} probing configurations agree",))
    found, tried = _search(explainer, subject, config, yardstick)
    ranking = _ranking(explainer, tried)
    if not found:
        said = tuple(unexplained(explainer, subject, config, yardstick))
        return _Explained(facts=said, ranking=ranking)
    elsewhere = Explainer(others, yardstick)
    found = [m for m in found if elsewhere.reach(m) == len(elsewhere.names)] or found
    return _Explained(causes=tuple(causes(explainer, found)), ranking=ranking)


def _is_like(one: Config, other: Config) -> bool:
    return (one.kind, one.activation) == (other.kind, other.activation)


def _search(
    explainer: Explainer, subject: Subject, config: Config, yardstick: Yardstick
) -> tuple[list[Mistakes], list[Attempt]]:
    """Return the explanations that nothing tells apart, the likeliest first, and what was tried."""
    catalogue = list(_with_values(explainer.witnesses, yardstick.catalogue))
    found, tried = explainer.explanations(catalogue)
    found.sort(key=lambda mistakes: -min(m.seen for m in mistakes))
    for probe in further(config):
        if len(found) < 2:
            break
        found = _surviving(found, probe, subject, yardstick)
    return found, tried


def _with_values(witnesses: Sequence[Witness], catalogue: Sequence[Mistake]) -> list[Mistake]:
    """Return the catalogue with its numbers: the usual ones, and those the witnesses suggest."""
    each: list[Mistake] = []
    for mistake in catalogue:
        guessed = [
            value
            for w in witnesses
            for value in (mistake.guess(w.case, w.subject, w.reference) if mistake.guess else ())
            if np.isfinite(value)
        ]
        each += mistake.having((*mistake.values, *guessed)) if mistake.values else (mistake,)
    return each


def _surviving(
    found: list[Mistakes], probe: Probe, subject: Subject, yardstick: Yardstick
) -> list[Mistakes]:
    """Return the explanations that hold for one more probe, where these predict other numbers."""
    predictions = [yardstick.predict(probe.case, mistakes) for mistakes in found]
    first, *others = ([a.tobytes() for a in p.values()] for p in predictions)
    if all(other == first for other in others):
        return found
    explainer = Explainer(hear(subject, [probe], yardstick).witnesses, yardstick)
    holding = [m for m in found if explainer.reach(m) == len(explainer.names)]
    return holding if explainer.names else found


def _ranking(explainer: Explainer, tried: Sequence[Attempt]) -> tuple[Ranked, ...]:
    best = sorted(tried, key=lambda attempt: (-attempt.explained, len(attempt.mistakes)))
    return tuple(
        Ranked(
            says=" and ".join(map(str, attempt.mistakes)),
            explained=attempt.explained,
            arrays=len(explainer.names),
        )
        for attempt in best
    )
