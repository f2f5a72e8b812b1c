"""Expressions: what is written to a place is found there, whatever the place."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from parity.adapter.expressions import (
    PlaceError,
    assign,
    evaluate,
    is_transposed,
    names_in,
    summands,
)
from parity.adapter.running.scope import Scope
from parity.model.biases import shares
from parity.model.errors import SubjectError

ROOTS = ("W", "model.W", "params['W']", "layers[0]", "layers[0]['W']", "getattr(model, 'W')")
VIEWS = ("{}", "{}.T", "{}.T.T", "{}.transpose()", "{}.swapaxes(0, 1)", "{}[0]", "{}[:, 0]",
         "{}[None][0]", "{}.T[0]")  # fmt: skip

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
matrices = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=numbers)


def _empty(root: str) -> dict[str, Any]:
    """Return what a network without weights has: nothing, None, or an empty dictionary."""
    layers: list[Any] = [{}] if "['W']" in root else [None]
    return {"model": SimpleNamespace(W=None), "params": {}, "layers": layers, "W": None}


@given(value=matrices, root=st.sampled_from(ROOTS), view=st.sampled_from(VIEWS))
def test_an_array_is_found_where_it_was_put(value: Any, root: str, view: str) -> None:
    """A place without an array gets one that its expression evaluates to, through every view."""
    place, scope = view.format(root), Scope(_empty(root))
    assign(place, value, scope)
    np.testing.assert_array_equal(evaluate(place, scope), value)


@given(value=matrices, columns=st.integers(0, 3))
def test_a_block_of_an_array_is_written_into(value: Any, columns: int) -> None:
    """A slice of a stacked matrix gets its part, and the rest of the matrix stays."""
    rows, width = value.shape
    stacked = np.full((rows + 2, width + columns), 7.0)
    assign("W[:rows, :width]", value, Scope({"W": stacked, "rows": rows, "width": width}))
    np.testing.assert_array_equal(stacked[:rows, :width], value)
    assert (stacked[rows:] == 7).all()


@given(arrays(np.float64, 3, elements=st.floats(-1e300, 1e300)))
def test_two_biases_have_exactly_the_sum(value: Any) -> None:
    """A sum of two places gets two arrays that add up to the value, without any rounding."""
    scope = Scope({"p": {}})
    assign("p['ih'] + p['hh']", value, scope)
    held = scope("p")
    np.testing.assert_array_equal(held["ih"] + held["hh"], value)
    np.testing.assert_array_equal([held["ih"], held["hh"]], shares(value))


@given(st.floats(1e-300, 1e300))
def test_two_biases_both_carry_values(number: float) -> None:
    """Neither share of a bias is zero, nor equal to the other: a network must use both."""
    first, second = shares(np.array([number]))
    assert 0 < first[0] < second[0]


def test_an_array_that_is_there_is_kept() -> None:
    """A place that has an array of the shape keeps it, so that views of it see the values."""
    weights = np.zeros((2, 3))
    model = SimpleNamespace(W=weights)
    assign("W.T", np.ones((3, 2)), Scope(model))
    assert model.W is weights
    assert (weights == 1).all()


def test_lists_stay_lists() -> None:
    """Weights in nested lists are set as nested lists: code without NumPy indexes them as such."""
    model = SimpleNamespace(W=[[0.0, 0.0]])
    assign("W.T" if isinstance(model.W, np.ndarray) else "W", np.ones((1, 2)), Scope(model))
    assert model.W == [[1.0, 1.0]]


@pytest.mark.parametrize("place", ["3", "W * 2", "len(W)", "W - V", "V.reshape(3)"])
def test_what_is_not_a_place_is_refused(place: str) -> None:
    """An expression that nothing can be written to is refused by its own text."""
    with pytest.raises(PlaceError, match=r"is not a place|cannot be set"):
        assign(place, np.ones(3), Scope({"W": np.zeros((3, 1)), "V": 0}))


def test_an_expression_sees_only_names_that_it_uses() -> None:
    """A name is looked up only where an expression uses it: no other value is computed."""
    asked = []

    def lookup(name: str) -> int:
        asked.append(name)
        return {"a": 2, "b": 3}[name]

    assert evaluate("sum(a * k for k in range(b))", lookup) == 6
    assert {"a", "b"} <= set(asked) <= names_in("sum(a * k for k in range(b))")


@pytest.mark.parametrize("text", ["", "W +", "for t in x", "a = 3", "W\0"])
def test_what_is_not_an_expression_is_refused(text: str) -> None:
    """Text that Python does not read as one expression is refused, and quoted."""
    with pytest.raises(SubjectError, match="is not a Python expression"):
        names_in(text)


def test_the_parts_of_a_place_are_read() -> None:
    """The two places of a sum, and whether a place is transposed, are read off its text."""
    assert summands("b_ih + p['b_hh']") == ("b_ih", "p['b_hh']")
    assert summands("W.T") is None
    assert [is_transposed(t) for t in ("W[0]", "W.T[:3]", "W.T.T", "a['x'].transpose()")] == [
        False, True, False, True,
    ]  # fmt: skip
