"""Comparison: one array in two traces - structure first, then every value."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from parity.model.case import Array


class Status(StrEnum):
    """The result of comparing one array."""

    AGREES = "agrees"
    DIFFERS = "DIFFERS"
    NOT_CERTAIN = "not certain"  # it differs, or was perhaps asked wrongly
    INCONCLUSIVE = "INCONCLUSIVE"
    UNDEFINED = "UNDEFINED"
    NOT_FINITE = "NOT_FINITE"
    WRONG_SHAPE = "WRONG_SHAPE"
    WRONG_DTYPE = "WRONG_DTYPE"
    UNKNOWN_NAME = "UNKNOWN_NAME"
    INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Greatest:
    """The entry that used the largest share of its allowance."""

    index: tuple[int, ...]
    subject: float
    reference: float
    difference: float
    allowed: float
    used: float  # difference / allowed
    wrong: int  # entries over their allowance
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """How far each side is from the exact value, and which side is wrong."""

    subject: float  # greatest distance, in ulp of the array's largest entry
    reference: float
    enclosed: bool  # the exact value is certain
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One array of the subject, compared with `against`. Has no truth value: ask `status`."""

    name: str
    status: Status
    against: str
    greatest: Greatest | None = None  # None when no value was compared
    resolution: float | None = (
        None  # smallest error certainly seen, as a share of the largest entry
    )
    typical: float | None = None  # median z of the entries of an array that differs
    ruling: Ruling | None = None
    detail: str = ""  # what is wrong with the structure, or why nothing was decided

    def __bool__(self) -> bool:
        raise TypeError("a Comparison has no truth value: look at .status")


def compare(
    name: str, subject: Array, reference: Array, allowed: Array | float, *, against: str
) -> Comparison:
    """Compare two arrays entry by entry: |subject - reference| <= allowed.

    `allowed` is a positive number, or an array of such numbers in the shape of `reference`. An
    array that is not finite on one side is NOT_FINITE, and on both sides UNDEFINED. Neither is a
    pass.
    """
    status, detail = _structure(subject, reference, against)
    if status is not Status.AGREES:
        return Comparison(name=name, status=status, against=against, detail=detail)
    greatest = _greatest(subject, reference, np.asarray(allowed, np.float64))
    status = Status.DIFFERS if greatest.wrong else Status.AGREES
    return Comparison(name=name, status=status, against=against, greatest=greatest)


def is_comparable(one: Array, other: Array) -> bool:
    """Return whether two arrays have the same shape and dtype, and `one` is finite throughout."""
    alike = one.shape == other.shape and one.dtype == other.dtype
    return alike and bool(np.isfinite(one).all())


def _structure(subject: Array, reference: Array, against: str) -> tuple[Status, str]:
    if subject.shape != reference.shape:
        return Status.WRONG_SHAPE, f"shape {subject.shape}, expected {reference.shape}"
    if subject.dtype != reference.dtype:
        return Status.WRONG_DTYPE, f"dtype {subject.dtype}, expected {reference.dtype}"
    ours, theirs = np.isfinite(subject), np.isfinite(reference)
    if ours.all() and theirs.all():
        return Status.AGREES, ""
    index = _index(np.argmin(theirs if ours.all() else ours), ours)
    detail = f"{subject[index]} at {list(index)}, where {against} has {reference[index]}"
    if ours.all() or theirs.all():
        return Status.NOT_FINITE, detail
    return Status.UNDEFINED, detail  # the order of sums decides which entries overflow


def _greatest(subject: Array, reference: Array, allowed: Array) -> Greatest:
    difference = np.abs(subject.astype(np.float64) - reference)
    with np.errstate(all="ignore"):  # a share of a subnormal allowance may be infinite
        used = np.where(difference == 0, 0.0, difference / allowed)
    index = _index(np.argmax(used), used)
    return Greatest(
        index=index,
        subject=float(subject[index]),
        reference=float(reference[index]),
        difference=float(difference[index]),
        allowed=float(np.broadcast_to(allowed, used.shape)[index]),
        used=float(used[index]),
        wrong=int(np.count_nonzero(~(used <= 1))),
        size=used.size,
    )


def _index(flat: np.intp, array: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, array.shape))
