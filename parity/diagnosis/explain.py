"""Explaining: the mistakes that give a subject's numbers, and facts where none gives them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from parity.diagnosis.budget import Budget
from parity.diagnosis.cause import Cause
from parity.diagnosis.evidence import causes, unexplained
from parity.diagnosis.inquiry import Inquiry
from parity.diagnosis.predictions import Mistakes, Predictions
from parity.diagnosis.probes import Probe, further
from parity.diagnosis.responses import Response
from parity.diagnosis.search import MOST_MISTAKES, Attempt, Search
from parity.model.config import Config
from parity.reference.mistakes import CATALOGUE
from parity.reference.mistakes.mistake import Mistake
from parity.reference.mistakes.planting import predict

NOTHING = "without any mistake"

FEWEST = 2
"""Configurations that a proof needs, at least: one alone fits too many mistakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """An attempt, and how many arrays, in computation order, it explains."""

    says: str
    names: tuple[str, ...]  # of the mistakes
    explained: int
    arrays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The mistakes in the equations, and what they explain."""

    causes: tuple[Cause, ...] = ()
    facts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    ranking: tuple[Ranked, ...] = ()
    complete: bool = False  # everything is right or explained
    exhausted: bool = True  # every combination that could explain it was tried


class Explainer:
    """Explains the responses of one inquiry by at most `most` mistakes, within a budget."""

    def __init__(self, inquiry: Inquiry, most: int = MOST_MISTAKES) -> None:
        self.inquiry, self.most = inquiry, most
        self._budget = Budget()

    def explain(self, responses: Sequence[Response]) -> Explanation:
        """Explain the responses of the kind and the activation that were asked about.

        A subject may have other code for other kinds and activations, or none: those only help to
        choose. If a response is not finite and nothing explains it, the others are explained
        without it.
        """
        same = [r for r in responses if self._is_like(r.case.config)]
        others = [r for r in responses if r not in same]
        predictions = Predictions(same, self._budget)
        if predictions.reach(()) == len(predictions.names):
            return _right(same)
        search = Search(predictions, _with_values(same, CATALOGUE), self._budget, self.most)
        found = search.explanations() if len(same) >= FEWEST else []
        if not found and 0 < sum(r.finite for r in same) < len(same):
            return self._without_infinite(responses, same)
        found = self._chosen(found, Predictions(others))
        return Explanation(
            causes=tuple(causes(predictions, found)) if found else (),
            facts=() if found else tuple(unexplained(predictions, self.inquiry)),
            ranking=_ranking(predictions, search.tried),
            complete=bool(found),
            exhausted=search.exhausted,
        )

    def _is_like(self, config: Config) -> bool:
        own = self.inquiry.config
        return (config.kind, config.activation) == (own.kind, own.activation)

    def _without_infinite(
        self, responses: Sequence[Response], same: Sequence[Response]
    ) -> Explanation:
        """Explain the finite responses alone, and list the others as problems."""
        found = self.explain([r for r in responses if r.finite])
        lost = tuple(f"{r.place}: not finite" for r in same if not r.finite)
        return replace(found, problems=(*found.problems, *lost), complete=False)

    def _chosen(self, found: Sequence[Mistakes], others: Predictions) -> list[Mistakes]:
        """Return the explanations that no probe separates, the likeliest first."""
        left = sorted(found, key=lambda mistakes: -min(m.seen for m in mistakes))
        for probe in further(self.inquiry.config, self.inquiry.subject.asks):
            if len(left) > 1:
                left = self._surviving(left, probe)
        return [m for m in left if others.reach(m) == len(others.names)] or left

    def _surviving(self, found: list[Mistakes], probe: Probe) -> list[Mistakes]:
        """Return the explanations that hold for one more probe, if they disagree on it."""
        predicted = [predict(probe.case, mistakes) for mistakes in found]
        first, *others = ([array.tobytes() for array in p.values()] for p in predicted)
        if all(other == first for other in others):
            return found
        predictions = Predictions(self.inquiry.ask([probe]).answered)
        holding = [m for m in found if predictions.reach(m) == len(predictions.names)]
        return holding if predictions.names else found


def _right(responses: Sequence[Response]) -> Explanation:
    """Report that nothing differs, except perhaps a shape."""
    if any(response.misshapen for response in responses):
        return Explanation()
    agree = f"all {len(responses)} probing configurations agree"
    return Explanation(facts=(agree,), complete=True)


def _with_values(responses: Sequence[Response], catalogue: Sequence[Mistake]) -> list[Mistake]:
    """Return the mistakes of the catalogue that the responses can show, with their numbers.

    The numbers are the usual ones, and those that the responses suggest.
    """
    each: list[Mistake] = []
    configs = {r.case.config for r in responses}
    for mistake in catalogue:
        if not any(map(mistake.applies, configs)):
            continue
        guessed = [
            value
            for r in responses
            for value in (mistake.guess(r.case, r.subject, r.reference) if mistake.guess else ())
            if np.isfinite(value) and value > 0
        ]
        each += mistake.having((*mistake.values, *guessed)) if mistake.values else (mistake,)
    return each


def _ranking(predictions: Predictions, tried: Sequence[Attempt]) -> tuple[Ranked, ...]:
    more = [a for a in tried if not a.mistakes or a.explained > predictions.reach(())]
    best = sorted(more, key=lambda attempt: (-attempt.explained, len(attempt.mistakes)))
    return tuple(
        Ranked(
            says=" and ".join(map(str, attempt.mistakes)) or NOTHING,
            names=tuple(mistake.name for mistake in attempt.mistakes),
            explained=attempt.explained,
            arrays=len(predictions.names),
        )
        for attempt in best
    )
