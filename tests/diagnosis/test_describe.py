"""Facts about a wrong array: what holds for it, and could be false."""

import numpy as np
import pytest

from parity import Config
from parity.diagnosis.describe import facts, related

RIGHT = np.arange(1.0, 10.0).reshape(3, 3) ** 2
RELATIONS = {
    "divided by 4 = batch": RIGHT / 4,
    "multiplied by 6 = steps": RIGHT * 6,
    "with the other sign": -RIGHT,
    "multiplied by 1.37": RIGHT * 1.37,
    "transposed": RIGHT.T,
    "with the rows in reverse": RIGHT[::-1],
    "with its entries in another order": RIGHT[[1, 0, 2]][:, [2, 0, 1]],
}


@pytest.mark.parametrize("relation", RELATIONS)
def test_relation_to_the_right_array_is_seen(relation: str) -> None:
    """A factor, a sign, a transpose and an order are recognised to rounding."""
    config = Config(batch=4, steps=6, hidden=5, classes=7)
    allowed = np.full_like(RIGHT, 1e-13)
    assert related(RELATIONS[relation], RIGHT, allowed, config) == relation


ONE = np.arange(1.0, 4.0)
TRIVIAL = {
    "one row in reverse": (ONE[None, None] + 1, ONE[None, None], 1.5),
    "zeros, and one number": (np.array([0.0, 5.0, 0.0]), np.array([0.0, 2.0, 0.0]), 1e-13),
    "one number": (np.array([5.0]), np.array([2.0]), 1e-13),
    "equal rows in reverse": (np.ones((3, 2)) + 1e-9, np.ones((3, 2)), 1e-8),
    "a symmetric matrix": (np.eye(3) + 1e-9, np.eye(3), 1e-8),
}


@pytest.mark.parametrize(("ours", "theirs", "most"), TRIVIAL.values(), ids=TRIVIAL.keys())
def test_no_relation_is_told_that_always_holds(
    ours: np.ndarray, theirs: np.ndarray, most: float
) -> None:
    """Of one row nobody says that it is in reverse, and of one number that it is multiplied."""
    allowed = np.full_like(theirs, 1e-13)
    allowed.flat[-1] = most  # another entry is uncertain
    assert related(ours, theirs, allowed, Config()) is None


def test_equal_sizes_are_one_factor() -> None:
    """Where the batch has as many rows as there are classes, a factor of both is called both."""
    found = related(RIGHT / 4, RIGHT, np.full_like(RIGHT, 1e-13), Config(batch=4, classes=4))
    assert found == "divided by 4 = batch or classes"


def test_a_factor_near_a_size_is_not_that_size() -> None:
    """A factor that is a ten-millionth off a quarter is not called a division by 4."""
    allowed = np.full_like(RIGHT, 1e-13)
    found = related(RIGHT / 4 * (1 + 1e-7), RIGHT, allowed, Config(batch=4))
    assert found == "multiplied by 0.25"


def test_no_relation_is_made_up() -> None:
    """Numbers that have nothing to do with each other have no relation."""
    other = np.random.default_rng(0).random((3, 3))
    assert related(other, RIGHT, np.full_like(RIGHT, 1e-13), Config()) is None


PLACES = {
    "an entry of a vector": ("grad/b", (6,), "1 of 6 entries are wrong, only in entry 0 of 6"),
    "a row and a column": (
        "grad/h_0",
        (3, 4),
        "1 of 12 entries are wrong, only in row 0 of 3, only in column 0 of 4",
    ),
    "a column of one row": ("grad/h_0", (1, 4), "1 of 4 entries are wrong, only in column 0 of 4"),
}


@pytest.mark.parametrize(("name", "shape", "said"), PLACES.values(), ids=PLACES.keys())
def test_place_is_told_among_several(name: str, shape: tuple[int, ...], said: str) -> None:
    """Which row and which column is said where there are others."""
    theirs = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    ours = theirs.copy()
    ours.flat[0] = 0.3
    assert next(facts(name, ours, theirs, np.full(shape, 1e-13), Config())) == said


def test_one_number_has_no_facts_of_its_own() -> None:
    """Of a loss that is wrong it is not said that one of one entries is wrong."""
    loss, allowed = np.array(0.3), np.array(1e-13)
    assert not list(facts("loss", loss, np.array(0.7), allowed, Config()))
    assert list(facts("loss", loss * 0, np.array(0.7), allowed, Config())) == ["it is zero"]
