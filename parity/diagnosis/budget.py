"""Budget: how much a search may compute, in work and not in seconds.

The same subject gets the same diagnosis on a slow machine, on a busy one and in a debugger.
"""

from parity.model.case import Case

BUDGET = 75_000
"""Work of one search, at most, in steps of one cell.

In 400 diagnoses of 100 random pairs of mistakes, 30 searches were ended after 2 seconds. They had
done 44,000 to 76,000 of it by then, and 74,425 was the most with which a pair was still named. On
the machine that was measured, a busy one, this much takes 1.6 to 3.7 seconds.
"""

OVERHEAD = 8
"""Steps that a prediction takes the time of before its first: 0.25 ms, each step 0.03 ms more."""

FLOOR = 6
"""Predictions that a noise floor takes the time of: 1.4 ms, each step 0.19 ms more."""


class Budget:
    """What is left of the work that a search may do. It is asked before every attempt."""

    def __init__(self, most: int = BUDGET) -> None:
        self.left = most

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0

    def predict(self, case: Case) -> None:
        """Count a prediction of a case."""
        self.left -= OVERHEAD + cell_steps(case)

    def estimate_noise(self, case: Case) -> None:
        """Count a noise floor of a case."""
        self.left -= FLOOR * (OVERHEAD + cell_steps(case))


def cell_steps(case: Case) -> int:
    """Return how many steps of a cell follow one another in a run of the case."""
    config = case.config
    return config.steps * len(config.cells) * config.updates
