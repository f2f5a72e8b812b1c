"""The arbiter: when two frameworks disagree, the exact value says who is wrong."""

import numpy as np

from parity.model.case import Array
from parity.model.comparison import Ruling
from parity.reference.base import Exact
from parity.reference.thresholds import LIMIT


def rule(
    name: str,
    subject: tuple[Array, Exact],
    reference: tuple[Array, Exact],
    sigma: Array,
    against: str,
) -> Ruling:
    """Compare both sides of one array with the exact value, each with its own gates of relu.

    A side is wrong when it is more than LIMIT sigma from the exact value in any entry.
    """
    errors = [float(np.max(exact.ulps(array, name))) for array, exact in (subject, reference)]
    wrong = [
        bool((exact.distance(array, name) > LIMIT * sigma).any())
        for array, exact in (subject, reference)
    ]
    enclosed = subject[1].enclosed[name] and reference[1].enclosed[name]
    decisive = enclosed or subject[0].dtype == np.float32  # for which float64 is exact enough
    return Ruling(
        subject=errors[0],
        reference=errors[1],
        enclosed=enclosed,
        text=_text(wrong, errors, against, decisive=decisive, seconds=reference[1].seconds),
    )


def _text(
    wrong: list[bool], errors: list[float], against: str, *, decisive: bool, seconds: float
) -> str:
    ours, theirs = (_ulps(error) for error in errors)
    if not np.isfinite(errors).all():
        return "not decided: the exact value is beyond the range of doubles"
    if not decisive:
        return (
            f"not decided: the exact value is not enclosed ({seconds:.1f} s of computing); "
            f"by a run without bounds, the subject is {ours} from it, and {against} {theirs}"
        )
    if all(wrong):
        return f"both are wrong: the subject is {ours} from the exact value, {against} {theirs}"
    if wrong[0]:
        return f"the subject is wrong, by {ours} ({against} is within {theirs} of the exact value)"
    if wrong[1]:
        return f"{against} is wrong, by {theirs} (the subject is within {ours} of the exact value)"
    return f"both are within rounding: the subject {ours} from the exact value, {against} {theirs}"


def _ulps(error: float) -> str:
    return f"{error:.1f} ulp" if error < 1e4 else f"{error:.1e} ulp"
