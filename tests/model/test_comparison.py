"""Comparison: structure before values, and no result that a reader can misread."""

import numpy as np
import pytest

from parity.model.comparison import Comparison, Status, compare

NAN, INF = float("nan"), float("inf")


def of(subject: object, reference: object, allowed: float = 0.1) -> Comparison:
    return compare("a", np.array(subject), np.array(reference), allowed, against="the reference")


STRUCTURE = {
    "shape": ([[1.0]], [1.0], Status.WRONG_SHAPE, "shape (1, 1), expected (1,)"),
    "scalar for vector": (1.0, [1.0], Status.WRONG_SHAPE, "shape (), expected (1,)"),
    "dtype": (np.float32([1]), [1.0], Status.WRONG_DTYPE, "dtype float32, expected float64"),
    "nan": ([1.0, NAN], [1.0, 2.0], Status.NOT_FINITE, "nan at [1], where the reference has 2.0"),
    "infinity": ([INF], [1.0], Status.NOT_FINITE, "inf at [0], where the reference has 1.0"),
    "nan in the reference": ([1.0], [NAN], Status.NOT_FINITE, "1.0 at [0], where the"),
    "nan on both sides": (
        [NAN],
        [NAN],
        Status.UNDEFINED,
        "nan at [0], where the reference has nan",
    ),
    "elsewhere": ([1.0, INF], [NAN, 1.0], Status.UNDEFINED, "inf at [1], where the reference has"),
    "infinite scalars": (INF, INF, Status.UNDEFINED, "inf at []"),
}


@pytest.mark.parametrize(
    ("subject", "reference", "status", "detail"), STRUCTURE.values(), ids=STRUCTURE.keys()
)
def test_structure_comes_first(
    subject: object, reference: object, status: Status, detail: str
) -> None:
    """Arrays that cannot be compared say why, without a greatest difference; a NaN never passes."""
    found = of(subject, reference)
    assert found.status is status
    assert detail in found.detail
    assert found.greatest is None


def test_greatest_difference_is_located() -> None:
    """A difference has its index, both numbers, the allowance, and the count of wrong entries."""
    found = of([[1.0, 2.0], [3.0, 4.5]], [[1.0, 2.2], [3.0, 4.0]]).greatest
    assert found is not None
    assert found.index == (1, 1)
    assert (found.subject, found.reference, found.difference) == (4.5, 4.0, 0.5)
    assert (found.allowed, found.used) == (0.1, pytest.approx(5))
    assert (found.wrong, found.size) == (2, 4)


def test_every_entry_has_its_own_allowance() -> None:
    """The named entry used most of its own allowance; it need not differ most."""
    found = of([1.5, 2.2], [1.0, 2.0], allowed=np.array([1.0, 0.1]))  # type: ignore[arg-type]
    assert found.status is Status.DIFFERS
    assert found.greatest is not None
    assert found.greatest.index == (1,)


def test_boundary_agrees() -> None:
    """A difference of exactly what is allowed agrees, and the next number differs."""
    assert of([1.0], [0.0], allowed=1.0).status is Status.AGREES
    assert of([np.nextafter(1.0, 2)], [0.0], allowed=1.0).status is Status.DIFFERS


def test_nan_allowance_is_no_pass() -> None:
    """An allowance that is not a number lets nothing pass."""
    assert of([1.0], [2.0], allowed=NAN).status is Status.DIFFERS


def test_comparison_has_no_truth_value() -> None:
    """`assert compare(...)` is an error, not a test that always passes."""
    with pytest.raises(TypeError, match=r"look at \.status"):
        bool(of([1.0], [1.0]))
