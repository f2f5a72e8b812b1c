"""Stand-ins: names whose import has failed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from parity.subjects.source.stand_ins import MissingError, StandIn

WHY = "needs the package 'plots', which is not installed (line 4)"
PLOTS: Any = StandIn("plots", WHY)

USES: dict[str, Callable[[], Any]] = {
    "call": lambda: PLOTS.figure(3),
    "loop": lambda: list(PLOTS.colours),
    "sum": lambda: 2 + PLOTS.two,
    "array": lambda: np.asarray(PLOTS.array),
    "truth": lambda: bool(PLOTS.flag),
    "number": lambda: float(PLOTS.width),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_use_says_what_is_missing(use: Callable[[], Any]) -> None:
    """A missing name that is used raises an error that names the package and the line."""
    with pytest.raises(MissingError, match=r"plots.* needs the package 'plots'.*\(line 4\)"):
        use()


def test_a_class_may_be_derived_from_a_missing_one() -> None:
    """A missing base class is left out: the author's methods are there."""

    class Net(PLOTS.Model):  # type: ignore[misc]  # a stand-in has no type
        def two(self) -> int:
            return 2

    assert Net().two() == 2
    assert Net.__mro__ == (Net, object)


def test_naming_is_not_a_use() -> None:
    """An annotation, a default and an isinstance check may name a missing class."""

    def f(a: PLOTS.Array | None = None, b: Any = PLOTS.figure) -> PLOTS.Array[int]:
        return isinstance(a, PLOTS.Array)

    assert f(3) is False


def test_what_only_decorates_is_the_identity() -> None:
    """tqdm(x) is x, trange is range, and numba.jit, with arguments or without, is f."""
    tqdm: Any = StandIn("tqdm.auto.tqdm", WHY)
    numba: Any = StandIn("numba", WHY)
    assert tqdm([1, 2], desc="epochs") == [1, 2]
    assert list(StandIn("tqdm", WHY).trange(2)) == [0, 1]  # type: ignore[operator]
    assert numba.njit(len) is numba.jit(nopython=True)(len) is len
