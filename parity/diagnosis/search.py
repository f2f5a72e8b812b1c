"""The search for mistakes with which the textbook gives the subject's numbers."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parity.diagnosis.budget import Budget
from parity.diagnosis.predictions import Mistakes, Predictions
from parity.reference.mistakes.mistake import Mistake

MOST_MISTAKES = 3
"""Mistakes in one explanation, at most."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Mistakes that were tried together, and how many arrays in a row they explain."""

    mistakes: Mistakes
    explained: int


class Search:
    """The search for mistakes that explain every array of every response."""

    def __init__(
        self,
        predictions: Predictions,
        catalogue: Sequence[Mistake],
        budget: Budget,
        most: int = MOST_MISTAKES,
    ) -> None:
        self.predictions, self.catalogue, self.most = predictions, tuple(catalogue), most
        self.tried: list[Attempt] = []
        self.exhausted = True  # every combination that seemed possible was tried
        self._budget = budget

    def _must_stop(self) -> bool:
        """Return whether the budget is spent, before another combination is tried."""
        if self._budget.is_spent:
            self.exhausted = False
        return self._budget.is_spent

    def explanations(self) -> list[Mistakes]:
        """Return the smallest sets of mistakes that explain every array.

        The search looks for mistakes that explain the first wrong array in computation order. It
        plants them, and goes on with the next wrong array.
        """
        nothing = Attempt(mistakes=(), explained=self.predictions.reach(()))
        self.tried = [nothing, *(self._attempt(nothing, (m,)) for m in self.catalogue)]
        promising = [a for a in self.tried if a.explained > nothing.explained]
        return self._grown(promising) or (
            self._grown(list(self._joint(nothing))) if self.most > 1 else []
        )

    def _grown(self, promising: list[Attempt]) -> list[Mistakes]:
        """Return the proven attempts, with as few further mistakes as possible."""
        while promising:
            if proven := [a.mistakes for a in promising if self._is_proven(a)]:
                return proven
            if len(promising[0].mistakes) == self.most:
                return []
            promising = list(self._extended(promising))
        return []

    def _extended(self, promising: Sequence[Attempt]) -> Iterator[Attempt]:
        """Yield the attempts that explain more with one more mistake."""
        unfinished = [a for a in promising if a.explained < len(self.predictions.names)]
        for attempt in sorted(unfinished, key=lambda a: -a.explained):
            for mistake in self.catalogue:
                if self._must_stop():
                    return
                if any(_is_like(mistake, other) for other in attempt.mistakes):
                    continue
                together = (*attempt.mistakes, mistake)
                wider = self._attempt(attempt, tuple(m for m in self.catalogue if m in together))
                if wider.explained > attempt.explained:
                    self.tried.append(wider)
                    yield wider

    def _joint(self, nothing: Attempt) -> Iterator[Attempt]:
        """Yield the pairs that explain the first wrong array, which no mistake explains alone.

        Most mistakes hide in some response, and there the other mistake explains it alone. So
        pairs of the mistakes that explain most responses come first, then pairs of different
        parts, then the most common mistakes.
        """
        if self._must_stop():
            return
        found, name = self.predictions, self.predictions.names[nothing.explained]
        wrong = [i for i in found.offering(name) if not found.fits((), i, name)]
        alone = {m: sum(found.fits((m,), i, name) for i in wrong) for m in self.catalogue}
        able = [m for m in self.catalogue if any(found.changes((m,), i, name) for i in wrong)]

        def unlikely(pair: Mistakes) -> tuple[int, bool, int]:
            one, other = pair
            return (-alone[one] - alone[other], one.part == other.part, -one.seen - other.seen)

        for pair in sorted(itertools.combinations(able, 2), key=unlikely):
            if self._must_stop():
                return
            if _is_like(*pair):
                continue
            attempt = self._attempt(nothing, pair)
            if attempt.explained > nothing.explained:
                self.tried.append(attempt)
                yield attempt

    def _attempt(self, less: Attempt, mistakes: Mistakes) -> Attempt:
        """Return how much these mistakes explain; as much as `less` where they add nothing.

        Most add nothing, so the array at which `less` ends is checked first.
        """
        found, name = self.predictions, self.predictions.names[less.explained]
        wrong = (i for i in found.offering(name) if not found.fits(less.mistakes, i, name))
        further = all(found.fits(mistakes, i, name) for i in wrong)
        reach = found.reach(mistakes) if further else less.explained
        return Attempt(mistakes=mistakes, explained=reach)

    def _is_proven(self, attempt: Attempt) -> bool:
        """Return whether everything is explained, and each mistake is needed for a part of it."""
        mistakes = attempt.mistakes
        return attempt.explained == len(self.predictions.names) and all(
            self._is_needed(tuple(m for m in mistakes if m is not mistake), mistakes)
            for mistake in mistakes
        )

    def _is_needed(self, without: Mistakes, mistakes: Mistakes) -> bool:
        """Return whether fewer mistakes leave a response unexplained that decides everything."""
        return any(
            not all(self.predictions.fits(without, i, name) for name in response.subject)
            and self.predictions.decides(mistakes, i)
            for i, response in enumerate(self.predictions.responses)
        )


def _is_like(one: Mistake, other: Mistake) -> bool:
    """Return whether two mistakes are one with two numbers, or two factors of the loss."""
    return one.slug == other.slug or one.part == other.part == "loss"
