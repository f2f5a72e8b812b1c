"""Budget: how much a search may compute, counted in work and not in seconds.

The same subject gets the same diagnosis on a slow machine, on a busy one and in a debugger.
"""

from parity.model.case import Case

BUDGET = 75_000
"""Work of one search, at most, in steps of one cell.

In 400 diagnoses of 100 random pairs of mistakes, 30 searches were ended after 2 seconds. They had
done 44,000 to 76,000 steps by then, and the longest search that named a pair took 74,425. On the
busy machine where this was measured, the whole budget takes 1.6 to 3.7 seconds.
"""

OVERHEAD = 8
"""The cost of starting a prediction, in steps: it takes 0.25 ms, and each step 0.03 ms."""

FLOOR = 6
"""The cost of a noise floor, in predictions: it takes 1.4 ms, and 0.19 ms for each step."""


class Budget:
    """The remaining work of a search. It is checked before every attempt."""

    def __init__(self, most: int = BUDGET) -> None:
        self.left = most

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0

    def predict(self, case: Case) -> None:
        """Count one prediction of a case."""
        self.left -= OVERHEAD + cell_steps(case)

    def estimate_noise(self, case: Case) -> None:
        """Count one noise floor of a case."""
        self.left -= FLOOR * (OVERHEAD + cell_steps(case))


def cell_steps(case: Case) -> int:
    """Return how many steps of a cell follow one another in a run of the case."""
    config = case.config
    return config.steps * len(config.cells) * config.updates
