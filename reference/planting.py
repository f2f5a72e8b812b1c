"""Planting: the textbook with mistakes in it, and what it computes."""

import functools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from parity.case import Case
from parity.mistake import Mistake, Wrong
from parity.trace import Trace
from parity.yardstick import FEW_COPIES, Floor
from reference.arithmetic import Plain, as_trace
from reference.noise import floor
from reference.textbook import Textbook


def plant(mistakes: Sequence[Mistake]) -> type[Textbook[Any]]:
    """Return the textbook with these mistakes in it; one stage may hold several."""
    stages: dict[str, list[Wrong]] = {}
    for mistake in mistakes:
        for name, wrong in mistake.stages.items():
            stages.setdefault(name, []).append(wrong)
    methods = {name: _method(name, wrongs) for name, wrongs in stages.items()}
    return type("Planted", (Textbook,), methods)


def _method(name: str, wrongs: list[Wrong]) -> Any:
    right = getattr(Textbook, name)

    def stage(self: Textbook[Any], *arguments: Any) -> Any:
        computed = partial(right, self)
        for wrong in wrongs:
            computed = partial(wrong, computed, self)
        return computed(*arguments)

    return functools.wraps(right)(stage)


def planted_floor(case: Case, mistakes: Sequence[Mistake]) -> Floor:
    """Return the noise floor of what `predict` returns."""
    return floor(case, FEW_COPIES, textbook=plant(_shown(case, mistakes)))


@np.errstate(all="ignore")
def predict(case: Case, mistakes: Sequence[Mistake]) -> Trace:
    """Return what the textbook computes for `case` with these mistakes in it, in float64."""
    return as_trace(plant(_shown(case, mistakes))(Plain()).run(case))


def _shown(case: Case, mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Return those that the case's configuration can show; the others change nothing there."""
    return [mistake for mistake in mistakes if mistake.applies(case.config)]
