"""Every conditional mistake is one, and only where its condition holds; the grids show them."""

import functools
from collections.abc import Sequence

import numpy as np
import pytest

from parity import Config, draw
from parity.cases.grid import GRIDS
from parity.cases.handful import HANDFUL
from parity.model.case import Case
from parity.model.trace import Trace
from parity.subjects.capabilities import ORDINARY
from parity.subjects.subject import Subject
from tests.support.conditional import CONDITIONAL
from tests.support.detection import caught_at
from tests.support.plain import PlainNetwork

ELSEWHERE = (
    "b4-t4-f2-h2-c3-tanh",
    "b12-t9-f7-h6-c3-tanh-eachlabel-lr0.05",
    "b2-t6-f2-h10-c12-tanh",
)
"""Configurations of which at least one meets no condition of a mistake."""


@functools.cache
def plain(config: str) -> tuple[Case, Trace]:
    case = draw(Config.parse(config))
    return case, PlainNetwork().run(case)


def is_plain(slug: str, config: str) -> bool:
    """Return whether a mistake changes no bit of the plain network's answer."""
    case, right = plain(config)
    answer = CONDITIONAL[slug].run(case)
    return all(answer[name].tobytes() == array.tobytes() for name, array in right.items())


@pytest.mark.parametrize("slug", CONDITIONAL)
def test_mistake_is_shown_where_it_says(slug: str) -> None:
    """At its own configuration, some array is off by more than rounding explains."""
    case, right = plain(str(CONDITIONAL[slug].config))
    answer = CONDITIONAL[slug].run(case)
    assert not all(np.allclose(answer[n], array, 1e-9, 1e-13) for n, array in right.items())


@pytest.mark.parametrize("slug", CONDITIONAL)
def test_mistake_is_hidden_elsewhere(slug: str) -> None:
    """Where its condition does not hold, it is the plain network bit for bit."""
    assert any(is_plain(slug, config) for config in ELSEWHERE)


def of_grid(name: str) -> list[Config]:
    return [config for group in GRIDS[name].groups() for config in group.configs]


def caught(configs: Sequence[Config]) -> set[str]:
    """Return the mistakes that some of these configurations show."""
    every = {
        slug: Subject(name=slug, run=mutant.run, knows=tuple(ORDINARY))
        for slug, mutant in CONDITIONAL.items()
    }
    return {
        slug
        for slug, subject in every.items()
        if caught_at(subject, (c for c in configs if not is_plain(slug, str(c)))) is not None
    }


def test_smoke_grid_shows_most() -> None:
    """16 configurations of different sizes and numbers show two thirds of them."""
    assert len(caught(of_grid("smoke"))) >= 2 / 3 * len(CONDITIONAL)


def test_handful_shows_nearly_all() -> None:
    """The ordinary ones show 50 of 57; all but two show what the others hide."""
    by_config = [caught([config]) for config in HANDFUL]
    assert len(set().union(*by_config)) >= 50
    alone = [
        bool(mine - set().union(*by_config[:place], *by_config[place + 1 :]))
        for place, mine in enumerate(by_config)
    ]
    assert sum(alone) >= 4


@pytest.mark.slow
def test_default_grid_shows_nearly_all() -> None:
    """Nine of ten conditional mistakes are wrong in some configuration of the default grid."""
    assert len(caught(of_grid("default"))) >= 0.9 * len(CONDITIONAL)
