"""The arbiter: when two frameworks disagree, the exact value says who is wrong."""

import numpy as np

from parity.model.case import Array
from parity.model.comparison import Ruling
from parity.reference.base import Exact
from parity.reference.thresholds import LIMIT, SAME_DISTANCE


def rule(
    name: str,
    subject: tuple[Array, Exact],
    reference: tuple[Array, Exact],
    sigma: Array,
    against: str,
) -> Ruling:
    """Compare both sides of one array with the exact value, each with its own gates of relu.

    A side is wrong when it is more than LIMIT sigma from the exact value in any entry. Where both
    sides are about as far from it, in the entries in question, nobody is called wrong.
    """
    sides = subject, reference
    errors = [float(np.max(exact.ulps(array, name))) for array, exact in sides]
    distances = [exact.distance(array, name) for array, exact in sides]
    wrong = [bool((distance > LIMIT * sigma).any()) for distance in distances]
    in_question = np.maximum(*distances) > LIMIT * sigma
    farthest = [float(np.max(distance[in_question], initial=0.0)) for distance in distances]
    enclosed = subject[1].enclosed[name] and reference[1].enclosed[name]
    decisive = enclosed or subject[0].dtype == np.float32  # for which float64 is exact enough
    return Ruling(
        subject=errors[0],
        reference=errors[1],
        enclosed=enclosed,
        text=_text(
            wrong,
            errors,
            against,
            decisive=decisive,
            alike=max(farthest) <= SAME_DISTANCE * min(farthest),
            seconds=reference[1].seconds,
        ),
    )


def _text(
    wrong: list[bool],
    errors: list[float],
    against: str,
    *,
    decisive: bool,
    alike: bool,
    seconds: float,
) -> str:
    ours, theirs = (_ulps(error) for error in errors)
    if not np.isfinite(errors).all():
        return "not decided: the exact value is beyond the range of doubles"
    why = _undecided(wrong, decisive=decisive, alike=alike, seconds=seconds)
    if why is not None:
        return f"not decided: {why}, the subject is {ours} from it, and {against} {theirs}"
    if all(wrong):
        return f"both are wrong: the subject is {ours} from the exact value, {against} {theirs}"
    if wrong[0]:
        return f"the subject is wrong, by {ours} ({against} is within {theirs} of the exact value)"
    if wrong[1]:
        return f"{against} is wrong, by {theirs} (the subject is within {ours} of the exact value)"
    return f"both are within rounding: the subject {ours} from the exact value, {against} {theirs}"


def _undecided(wrong: list[bool], *, decisive: bool, alike: bool, seconds: float) -> str | None:
    """Return why the exact value blames nobody, where that is so."""
    if not decisive:
        return (
            f"the exact value is not enclosed ({seconds:.1f} s of computing); "
            "by a run without bounds"
        )
    return "both are about as far from the exact value" if any(wrong) and alike else None


def _ulps(error: float) -> str:
    return f"{error:.1f} ulp" if error < 1e4 else f"{error:.1e} ulp"
