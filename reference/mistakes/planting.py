"""Planting: the textbook with mistakes, its answers and their noise floor."""

import functools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from parity.model.case import Case
from parity.model.trace import Trace
from parity.reference.base import Floor
from parity.reference.equations.arithmetic import Plain, as_trace
from parity.reference.equations.textbook import Textbook
from parity.reference.mistakes.mistake import Mistake, Wrong
from parity.reference.noise.floor import noise_floor
from parity.reference.thresholds import FEW_COPIES


def plant(mistakes: Sequence[Mistake]) -> type[Textbook[Any]]:
    """Return the textbook with these mistakes; one stage may have several."""
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
    """Return the noise floor of the answers of `predict`."""
    return noise_floor(case, FEW_COPIES, textbook=plant(_shown(case, mistakes)))


@np.errstate(all="ignore")
def predict(case: Case, mistakes: Sequence[Mistake]) -> Trace:
    """Return the trace of `case` by the textbook with these mistakes, in float64."""
    return as_trace(plant(_shown(case, mistakes))(Plain()).run(case))


def _shown(case: Case, mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Return the mistakes that the case's configuration can show."""
    return [mistake for mistake in mistakes if mistake.applies(case.config)]
