"""Explaining: which mistakes, planted into the textbook, give the numbers that a subject gave."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from parity.case import Array
from parity.mistake import Mistake
from parity.trace import Trace
from parity.witness import Witness
from parity.yardstick import LIMIT, USELESS, Floor, Yardstick, step_rounding

SECONDS = 2.0
"""How long combinations are tried, at most, in seconds of this thread."""

MOST = 3
"""Mistakes in one explanation, at most."""

Mistakes = tuple[Mistake, ...]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Mistakes that were tried together, and how many arrays they explain before one they don't."""

    mistakes: Mistakes
    explained: int


class Explainer:
    """Witnesses, and what the textbook predicts of them with mistakes in it."""

    def __init__(self, witnesses: Sequence[Witness], yardstick: Yardstick) -> None:
        self.witnesses, self.yardstick = tuple(witnesses), yardstick
        self.names = _in_order(self.witnesses)
        self.exhausted = False  # all combinations were tried
        self._predicted: dict[tuple[Mistakes, int], Trace] = {}
        self._floors: dict[tuple[Mistakes, int], Floor] = {}
        self._fits: dict[tuple[Mistakes, int, str], bool] = {}

    def explanations(self, catalogue: Sequence[Mistake]) -> tuple[list[Mistakes], list[Attempt]]:
        """Return the smallest sets of mistakes that explain every array, and what was tried.

        Source of the order: mistakes are looked for where the first array in computation order
        goes wrong, and then, with these planted, where the next one does.
        """
        end = time.thread_time() + SECONDS
        start = self.reach(())
        nothing = Attempt(mistakes=(), explained=start)
        tried = [nothing]
        tried += [Attempt(mistakes=(m,), explained=self._from(nothing, (m,))) for m in catalogue]
        promising = [a for a in tried if a.explained > start]
        found = self._grown(promising, catalogue, tried, end)
        if not found:
            joint = list(self._joint(start, catalogue, end))
            tried += joint
            found = self._grown(joint, catalogue, tried, end)
        self.exhausted = time.thread_time() <= end
        return found, tried

    def _grown(
        self,
        promising: list[Attempt],
        catalogue: Sequence[Mistake],
        tried: list[Attempt],
        end: float,
    ) -> list[Mistakes]:
        """Return the proven attempts, with as few more mistakes as it takes; add to `tried`."""
        while promising:
            if proven := [a.mistakes for a in promising if self._proven(a)]:
                return proven
            if len(promising[0].mistakes) == MOST:
                return []
            promising = list(self._extended(promising, catalogue, end))
            tried += promising
        return []

    def reach(self, mistakes: Mistakes) -> int:
        """Return how many arrays, in computation order, the mistakes explain in all witnesses."""
        for place, name in enumerate(self.names):
            if not all(self.fits(mistakes, i, name) for i in self._telling(name)):
                return place
        return len(self.names)

    def _proven(self, attempt: Attempt) -> bool:
        """Return whether all is explained, and each mistake is needed for some of it."""
        mistakes = attempt.mistakes
        return attempt.explained == len(self.names) and all(
            self._is_needed(tuple(m for m in mistakes if m is not mistake), mistakes)
            for mistake in mistakes
        )

    def _is_needed(self, without: Mistakes, mistakes: Mistakes) -> bool:
        """Return whether a witness that decides everything is not explained by fewer mistakes."""
        return any(
            not all(self.fits(without, i, name) for name in witness.subject)
            and not any(
                _undecided(array, self._at(mistakes, i, name)).any()
                for name, array in witness.subject.items()
            )
            for i, witness in enumerate(self.witnesses)
        )

    def _from(self, attempt: Attempt, wider: Mistakes) -> int:
        """Return how many arrays `wider` explains, or no more than `attempt` does.

        Most explain nothing further: the array at which the attempt ends is looked at first.
        """
        name = self.names[attempt.explained]
        wrong = [i for i in self._telling(name) if not self.fits(attempt.mistakes, i, name)]
        if not all(self.fits(wider, i, name) for i in wrong):
            return attempt.explained
        return self.reach(wider)

    def fits(self, mistakes: Mistakes, i: int, name: str) -> bool:
        """Return whether witness i's array is what these mistakes predict, to rounding."""
        known = self._fits.get((mistakes, i, name))
        if known is None:
            known = self._fits[mistakes, i, name] = self._compare(mistakes, i, name)
        return known

    def predicted(self, mistakes: Mistakes, i: int) -> Trace:
        """Return what the textbook computes for witness i with these mistakes in it."""
        key = mistakes, i
        if key not in self._predicted:
            self._predicted[key] = self.yardstick.predict(self.witnesses[i].case, mistakes)
        return self._predicted[key]

    def right(self, witness: Witness, name: str) -> Array:
        """Return what the textbook computes without any mistake."""
        return self._at((), self.witnesses.index(witness), name)

    def allowed(self, witness: Witness, name: str) -> Array:
        """Return how far a right answer may be from the textbook's."""
        return self._allowed((), self.witnesses.index(witness), name)

    def _extended(
        self, promising: Sequence[Attempt], catalogue: Sequence[Mistake], end: float
    ) -> Iterator[Attempt]:
        """Yield the attempts with one more mistake that explain more than without it."""
        unfinished = [a for a in promising if a.explained < len(self.names)]
        for attempt in sorted(unfinished, key=lambda a: -a.explained):
            for mistake in catalogue:
                if time.thread_time() > end:
                    return
                if any(_is_like(mistake, other) for other in attempt.mistakes):
                    continue
                wider = tuple(m for m in catalogue if m in (*attempt.mistakes, mistake))
                if (explained := self._from(attempt, wider)) > attempt.explained:
                    yield Attempt(mistakes=wider, explained=explained)

    def _joint(self, start: int, catalogue: Sequence[Mistake], end: float) -> Iterator[Attempt]:
        """Yield the pairs that explain the first wrong array, where no mistake does alone.

        Most mistakes hide in some witness, and there the other one explains it alone: pairs of
        those that explain most witnesses come first, then those of different parts, then those
        that people make most.
        """
        name, nothing = self.names[start], Attempt(mistakes=(), explained=start)
        wrong = [i for i in self._telling(name) if not self.fits((), i, name)]
        alone = {m: sum(self.fits((m,), i, name) for i in wrong) for m in catalogue}
        able = [m for m in catalogue if any(not self._same(((m,), ()), i, name) for i in wrong)]

        def unlikely(pair: Mistakes) -> tuple[int, bool, int]:
            one, other = pair
            return (-alone[one] - alone[other], one.part == other.part, -one.seen - other.seen)

        for pair in sorted(itertools.combinations(able, 2), key=unlikely):
            if time.thread_time() > end:
                return
            if not _is_like(*pair) and (reach := self._from(nothing, pair)) > start:
                yield Attempt(mistakes=pair, explained=reach)

    def _telling(self, name: str) -> list[int]:
        """Return the witnesses that offer `name`: the cheapest that find it wrong come first."""
        offer = [i for i, w in enumerate(self.witnesses) if name in w.subject]
        return sorted(offer, key=lambda i: (self.fits((), i, name), self.witnesses[i].case.x.size))

    def _compare(self, mistakes: Mistakes, i: int, name: str) -> bool:
        if mistakes and self._same((mistakes, ()), i, name):
            return self.fits((), i, name)
        return self._close(mistakes, i, name, self.witnesses[i].subject[name])

    def _close(self, mistakes: Mistakes, i: int, name: str, found: Array) -> bool:
        expected = self._at(mistakes, i, name)
        apart = np.where(_undecided(found, expected), 0.0, distance(found, expected))
        largest = _largest(expected)
        if np.max(apart, initial=0.0) > USELESS * largest > 0:
            return False  # without asking for the noise
        allowed = self._allowed(mistakes, i, name) + self.witnesses[i].slack.get(name, 0.0)
        if not largest > 0:  # infinite noise around nothing would allow anything
            allowed = np.where(np.isfinite(allowed), allowed, 0.0)
        return bool(((apart == 0) | (apart <= allowed)).all())

    def _allowed(self, mistakes: Mistakes, i: int, name: str) -> Array:
        key, case = (mistakes, i), self.witnesses[i].case
        if key not in self._floors:
            self._floors[key] = self.yardstick.planted_floor(case, mistakes)
        sigma = self._floors[key].sigma[name.replace("step/", "grad/")]
        if not name.startswith("step/"):
            return LIMIT * sigma
        parameter = name.partition("/")[2]
        gradient = self._at(mistakes, i, f"grad/{parameter}")
        rounding = step_rounding(case, case.parameters[parameter], gradient)
        moved = np.abs(self._at(mistakes, i, name) - case.parameters[parameter])
        slack: Array = LIMIT * sigma * _rate(case.lr, moved, gradient) + rounding
        return slack

    def _at(self, mistakes: Mistakes, i: int, name: str) -> Array:
        return self.predicted(mistakes, i)[name]

    def _same(self, pair: tuple[Mistakes, Mistakes], i: int, name: str) -> bool:
        one, other = (self._at(mistakes, i, name) for mistakes in pair)
        return one.tobytes() == other.tobytes()


def _is_like(one: Mistake, other: Mistake) -> bool:
    """Return whether two are one mistake with two numbers, or two factors of the loss."""
    return one.says == other.says or one.part == other.part == "loss"


def _undecided(found: Array, expected: Array) -> Array:
    """Return where a mistake overflows, and other code with the same mistake may not."""
    undecided: Array = np.isfinite(found) & ~np.isfinite(expected)
    return undecided


def distance(one: Array, other: Array) -> Array:
    """Return |one - other|; what is not finite is near what is not, and nothing else.

    Which of NaN and the infinities comes out of an overflow is the order of operations.
    """
    with np.errstate(all="ignore"):
        same = ~(np.isfinite(one) | np.isfinite(other))
        apart: Array = np.where(same, 0.0, np.abs(one.astype(np.float64) - other))
    return apart


def _rate(lr: float, moved: Array, gradient: Array) -> float:
    """Return how far a weight moves for each unit of its gradient."""
    largest = _largest(gradient)
    return max(lr, _largest(moved) / largest) if largest > 0 else lr


def _largest(array: Array) -> float:
    """Return the largest finite absolute value."""
    return float(np.max(np.abs(array), where=np.isfinite(array), initial=0.0))


def _in_order(witnesses: Sequence[Witness]) -> tuple[str, ...]:
    """Return every name that a witness offers, in computation order."""
    fullest = sorted((w.reference for w in witnesses), key=len, reverse=True)
    known = dict.fromkeys(itertools.chain.from_iterable(fullest))
    offered = {name for w in witnesses for name in w.subject}
    return tuple(name for name in known if name in offered)
