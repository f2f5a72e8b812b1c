"""Predictions: the numbers of the textbook with mistakes, compared with a subject's numbers."""

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from parity.diagnosis.budget import Budget, cell_steps
from parity.diagnosis.responses import Response
from parity.model.case import Array
from parity.model.names import ArrayName
from parity.reference.mistakes.mistake import Mistake
from parity.reference.mistakes.planting import planted_floor, predict
from parity.reference.thresholds import LIMIT, USELESS, step_rounding

if TYPE_CHECKING:
    from parity.model.trace import Trace
    from parity.reference.base import Floor

Mistakes = tuple[Mistake, ...]


class Predictions:
    """Responses, and the textbook's predictions for them; nothing is computed twice."""

    def __init__(self, responses: Sequence[Response], budget: Budget | None = None) -> None:
        self.responses = tuple(responses)
        self._budget = budget or Budget()
        self.names = _in_order(self.responses)
        self._predicted: dict[tuple[Mistakes, int], Trace] = {}
        self._floors: dict[tuple[Mistakes, int], Floor] = {}
        self._fits: dict[tuple[Mistakes, int, str], bool] = {}
        self._offering: dict[str, list[int]] = {}

    def reach(self, mistakes: Mistakes) -> int:
        """Return how many arrays, in computation order, the mistakes explain in all responses."""
        for place, name in enumerate(self.names):
            if not all(self.fits(mistakes, i, name) for i in self.offering(name)):
                return place
        return len(self.names)

    def fits(self, mistakes: Mistakes, i: int, name: str) -> bool:
        """Return whether response i's array is what these mistakes predict, to rounding."""
        known = self._fits.get((mistakes, i, name))
        if known is None:
            known = self._fits[mistakes, i, name] = self._compare(mistakes, i, name)
        return known

    def at(self, mistakes: Mistakes, i: int, name: str) -> Array:
        """Return the textbook's trace for response i, with these mistakes."""
        key = mistakes, i
        if key not in self._predicted:
            self._budget.predict(self.responses[i].case)
            self._predicted[key] = predict(self.responses[i].case, mistakes)
        return self._predicted[key][name]

    def right(self, response: Response, name: str) -> Array:
        """Return the textbook's trace without any mistake."""
        return self.at((), self.responses.index(response), name)

    def allowed(self, response: Response, name: str) -> Array:
        """Return how far a right answer may be from the textbook's."""
        return self._allowed((), self.responses.index(response), name)

    def offering(self, name: str) -> list[int]:
        """Return the responses that offer `name`: the cheapest that find it wrong come first."""
        if name not in self._offering:
            offer = [i for i, r in enumerate(self.responses) if name in r.subject]
            offer.sort(key=lambda i: (self.fits((), i, name), _size(self.responses[i])))
            self._offering[name] = offer
        return self._offering[name]

    def changes(self, mistakes: Mistakes, i: int, name: str) -> bool:
        """Return whether these mistakes change an array of response i at all."""
        return self.at(mistakes, i, name).tobytes() != self.at((), i, name).tobytes()

    def decides(self, mistakes: Mistakes, i: int) -> bool:
        """Return whether every array of response i confirms or excludes these mistakes."""
        arrays = self.responses[i].subject.items()
        return not any(_undecided(a, self.at(mistakes, i, name)).any() for name, a in arrays)

    def _compare(self, mistakes: Mistakes, i: int, name: str) -> bool:
        if mistakes and not self.changes(mistakes, i, name):
            return self.fits((), i, name)
        return self._close(mistakes, i, name, self.responses[i].subject[name])

    def _close(self, mistakes: Mistakes, i: int, name: str, found: Array) -> bool:
        expected = self.at(mistakes, i, name)
        apart = np.where(_undecided(found, expected), 0.0, distance(found, expected))
        largest = _largest(expected)
        if np.max(apart, initial=0.0) > USELESS * largest > 0:
            return False  # without asking for the noise
        allowed = self._allowed(mistakes, i, name) + self.responses[i].slack.get(name, 0.0)
        if not largest > 0:  # infinite noise around zeros would allow anything
            allowed = np.where(np.isfinite(allowed), allowed, 0.0)
        return bool(((apart == 0) | (apart <= allowed)).all())

    def _allowed(self, mistakes: Mistakes, i: int, name: str) -> Array:
        key, case = (mistakes, i), self.responses[i].case
        if key not in self._floors:
            self._budget.estimate_noise(case)
            self._floors[key] = planted_floor(case, mistakes)
        sigmas, plain = self._floors[key].sigma, case.config.plain_step
        parsed = ArrayName.parse(name)
        if not (plain and parsed.is_step):
            return LIMIT * sigmas[name]
        behind, parameter = str(parsed.gradient), parsed.parameter
        sigma, gradient = sigmas[behind], self.at(mistakes, i, behind)
        rounding = step_rounding(case, case.parameters[parameter], gradient)
        if behind not in self.responses[i].subject:
            rounding = rounding * case.config.steps  # it may update in every step
        moved = np.abs(self.at(mistakes, i, name) - case.parameters[parameter])
        slack: Array = LIMIT * sigma * _rate(case.lr, moved, gradient) + rounding
        return slack


def _size(response: Response) -> tuple[int, int]:
    """Return the numbers that decide how long a prediction takes: the steps, then the sizes."""
    return cell_steps(response.case), response.case.x.size


def _undecided(found: Array, expected: Array) -> Array:
    """Return where a mistake overflows, and other code with the same mistake may not."""
    undecided: Array = np.isfinite(found) & ~np.isfinite(expected)
    return undecided


def distance(one: Array, other: Array) -> Array:
    """Return |one - other|; two entries that are not finite are near each other, and to no other.

    The order of operations decides whether an overflow gives NaN or an infinity.
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


def _in_order(responses: Sequence[Response]) -> tuple[str, ...]:
    """Return every name that a response offers, in computation order.

    A name that only one response offers comes last, such as a second layer that no other has: it
    shows less, and its prediction takes longest.
    """
    fullest = sorted((r.reference for r in responses), key=len, reverse=True)
    known = dict.fromkeys(itertools.chain.from_iterable(fullest))
    offers = Counter(itertools.chain.from_iterable(r.subject for r in responses))
    return tuple(sorted((n for n in known if n in offers), key=lambda name: offers[name] == 1))
