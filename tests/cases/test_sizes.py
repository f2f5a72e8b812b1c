"""Sizes: no size is constant over a grid, and any two values meet."""

import functools
import itertools

import pytest

from parity import Config
from parity.cases.grid import GRIDS
from parity.cases.sizes import CLASSIFIER, LAYER, Values, of_sizes
from parity.subjects.capabilities import ORDINARY

VALUES = {"classifier": CLASSIFIER, "layer": LAYER}


@functools.cache
def configs_of(grid: str) -> tuple[Config, ...]:
    return tuple(config for group in GRIDS[grid].groups() for config in group.configs)


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("turn", range(3))
def test_any_two_values_meet(kind: str, turn: int) -> None:
    """Any two values of two options are together in one of the configurations."""
    values: Values = VALUES[kind]
    configs = tuple(of_sizes(Config(kind=kind), turn))
    for one, other in itertools.combinations(values, 2):
        met = {(getattr(config, one), getattr(config, other)) for config in configs}
        assert met == set(itertools.product(values[one], values[other]))


def test_turns_differ() -> None:
    """Another turn is another set of configurations, which covers further combinations."""
    one, other = (set(of_sizes(Config(), turn)) for turn in (0, 1))
    assert len(one & other) < len(one) / 4


@pytest.mark.parametrize("name", CLASSIFIER)
@pytest.mark.parametrize("grid", GRIDS)
def test_no_size_is_constant(grid: str, name: str) -> None:
    """In every grid each size and number has all of its values, or more."""
    assert {getattr(config, name) for config in configs_of(grid)} >= set(CLASSIFIER[name])


def test_every_subject_supports_the_sizes() -> None:
    """No value needs an entry in OPTIONS, so that every subject is asked about all of them."""
    known = (name for name in CLASSIFIER if name in ORDINARY)
    assert all(set(CLASSIFIER[name]) <= set(ORDINARY[name]) for name in known)
