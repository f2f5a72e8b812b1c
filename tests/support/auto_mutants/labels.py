"""Labels: whether a network is right, by PyTorch's autograd in float64, and own limits.

The harness decides nothing here: the cases are drawn here, `autograd` gives the expected arrays,
and two numbers below are the limits.
"""

import enum
import functools
from collections.abc import Iterator, Mapping

import numpy as np

from parity.model.case import Case, layout
from parity.model.config import Config
from parity.subjects.subject import Run
from tests.support.auto_mutants.autograd import Autograd
from tests.support.plain.base import Array

ROUNDING = 1e-12
"""Share of the largest entry: rounding makes some 1e-14 in these small, tame float64 networks."""

MISTAKE = 1e-9
"""Share of the largest entry: rounding stays far below it, and the smallest mistake of an edit,
the 1e-6 that is added to a norm, changes more."""

IDS = (
    # one layer that is called alone
    *("b3-t4-f2-h5-c4-tanh-layer", "b3-t4-f2-h5-c4-relu-layer", "b1-t1-f2-h3-c4-tanh-layer"),
    *("b4-t4-f4-h4-c4-tanh-layer", "b2-t3-f4-h5-c3-tanh-layer-timefirst"),
    *("b1-t3-f4-h5-c3-relu-layer-unbatched", "b3-t4-f2-h5-c4-tanh-layer-withouth0-biasoff"),
    *("b3-t4-f2-h5-c4-tanh-layer-noh0-mom0.9-u3", "b4-t5-f3-h2-c4-tanh-layer-l2-bi-unsorted"),
    *("b2-t3-f4-h5-c3-tanh-layer-bi-timefirst", "b4-t5-f3-h2-c4-relu-layer-sorted-clipvalue0.02"),
    *("b4-t5-f3-h2-c4-tanh-layer-l3-drop0.5-wd0.1", "b2-t4-f3-h2-c4-tanh-layer-bi-ones"),
    # a classifier
    *("b3-t4-f2-h5-c6-tanh", "b3-t4-f2-h5-c6-relu", "b1-t4-f2-h5-c6-tanh", "b3-t1-f2-h5-c6-tanh"),
    *("b4-t4-f4-h4-c4-tanh", "b2-t9-f3-h1-c2-tanh-u3", "b3-t4-f2-h5-c6-relu-lr0.5-u2"),
    *("b3-t4-f2-h5-c6-tanh-noh0-nobias", "b3-t4-f2-h5-c6-tanh-withouth0-biasoff-u2"),
    *("b3-t4-f2-h5-c1-tanh", "b3-t4-f2-h5-c6-tanh-l2-drop0.5", "b3-t4-f2-h5-c6-relu-l3-bi-u2"),
    *("b3-t4-f2-h5-c6-tanh-l2-drop0.5-evaluation", "b3-t4-f2-h5-c6-tanh-l2-bi-drop1"),
    # the states that it reads
    *("b3-t4-f2-h5-c6-tanh-meanpool", "b3-t4-f2-h5-c6-tanh-maxpool", "b3-t4-f2-h5-c6-relu-maxpool"),
    *("b3-t4-f2-h5-c6-tanh-bi-own", "b3-t4-f2-h5-c6-tanh-unsorted-own"),
    *("b5-t4-f2-h5-c6-tanh-bi-unsorted-own", "b5-t4-f2-h5-c6-tanh-bi-unsorted-meanpool"),
    *("b5-t4-f2-h5-c6-tanh-bi-unsorted-maxpool", "b5-t4-f2-h5-c6-tanh-unsorted"),
    *("b5-t4-f2-h5-c6-tanh-l2-bi-sorted-own-u2", "b3-t4-f2-h5-c6-tanh-l2-bi-withouth0-equal"),
    # its loss
    *("b3-t4-f2-h5-c6-tanh-sum", "b3-t4-f2-h5-c6-tanh-squared", "b3-t4-f2-h5-c6-tanh-steps"),
    *("b3-t4-f2-h5-c6-relu-squaredsteps-u2", "b3-t4-f2-h5-c6-tanh-bi-steps-u2"),
    "b3-t1-f2-h5-c6-tanh-steps",
    *("b4-t4-f2-h5-c6-tanh-weighted", "b4-t4-f2-h5-c6-tanh-smooth0.1"),
    *("b4-t4-f2-h5-c6-tanh-ignore", "b4-t4-f2-h5-c6-tanh-ignore0"),
    *("b4-t4-f2-h5-c6-tanh-sum-weighted-smooth0.2-ignore", "b4-t4-f2-h5-c6-tanh-weighted-ignore0"),
    "b4-t4-f2-h5-c6-tanh-weighted-smooth0.2-ignore",
    # its step
    *("b3-t4-f2-h5-c6-tanh-mom0.9-u3", "b3-t4-f2-h5-c6-tanh-mom0.9-damp0.3-u3"),
    *("b3-t4-f2-h5-c6-tanh-mom0.9-nesterov-u3", "b3-t4-f2-h5-c6-tanh-wd0.1-u2"),
    *("b3-t4-f2-h5-c6-tanh-mom0.5-wd0.1-maximize-u2", "b3-t4-f2-h5-c6-tanh-clipvalue0.02-u2"),
    *("b3-t4-f2-h5-c6-tanh-clipnorm0.1-u2", "b3-t4-f2-h5-c6-tanh-clipnorm1000"),
    "b3-t4-f2-h5-c6-tanh-mom0.9-wd0.1-clipnorm0.1-u2",
)
"""Configurations that together run every line of the plain network, with every option."""

LARGE = (
    *("b3-t4-f2-h5-c6-tanh", "b4-t4-f2-h5-c6-tanh-weighted-smooth0.1", "b1-t1-f2-h3-c4-tanh"),
    *("b3-t4-f2-h5-c6-tanh-noh0", "b1-t4-f2-h5-c6-tanh-noh0", "b3-t4-f2-h5-c6-relu"),
)
"""Those that are also run with large logits, whose exponentials overflow."""


class Label(enum.Enum):
    """The effect of an edit on the network."""

    RIGHT = "right"  # the same numbers everywhere
    WRONG = "wrong"  # other numbers somewhere, or none
    PARTIAL = "partial"  # it leaves some arrays out, and all others are right
    RAISES = "raises"  # it never gives an answer
    UNCLEAR = "unclear"  # a difference that rounding may explain


def labelled(run: Run, ids: tuple[str, ...] = IDS) -> Label:
    """Return the label of a network; it is asked until one case of `ids` shows a mistake."""
    answered = raised = partial = False
    furthest = 0.0
    for case, expected in cases(ids):
        try:
            answer = run(case)
        except Exception:  # noqa: BLE001 - an edited network may raise anything
            raised = True
        else:
            answered, partial = True, partial or answer.keys() < expected.keys()
            furthest = max(furthest, distance(answer, expected))
        if furthest > MISTAKE or (answered and raised):
            return Label.WRONG
    if raised:
        return Label.RAISES
    if furthest > ROUNDING:
        return Label.UNCLEAR
    return Label.PARTIAL if partial else Label.RIGHT


def distance(answer: Mapping[str, Array], expected: Mapping[str, Array]) -> float:
    """The largest distance from the expected answer, in units of each array's largest entry.

    Infinite where a name is unknown, a shape is wrong or a number is not finite; an array that is
    left out does not count.
    """
    if not answer or not answer.keys() <= expected.keys():
        return np.inf
    return max(_apart(array, expected[name]) for name, array in answer.items())


def _apart(array: Array, expected: Array) -> float:
    if np.shape(array) != expected.shape or not np.isfinite(array).all():
        return np.inf
    largest = np.abs(expected).max() or 1.0
    return float(np.abs(array - expected).max() / largest)


@functools.cache
def cases(ids: tuple[str, ...] = IDS) -> tuple[tuple[Case, Mapping[str, Array]], ...]:
    """All cases, each with its expected arrays."""
    return tuple((case, Autograd(case).run()) for case in _drawn(ids))


def _drawn(ids: tuple[str, ...]) -> Iterator[Case]:
    """Draw a case of every configuration, uniformly, and some with large logits."""
    rng = np.random.default_rng(20)
    for text in ids:
        config = Config.parse(text)
        case = Case.of(config, dict(_arrays(config, rng)))
        yield case
        if text in LARGE:
            yield case.replace(W_out=case.W_out * 20_000)


def _arrays(config: Config, rng: np.random.Generator) -> Iterator[tuple[str, Array]]:
    for name, (dtype, shape) in layout(config).items():
        if name == "lengths":
            yield name, _lengths(config, rng)
        elif name in ("labels", "step_labels"):
            yield name, _labels(config, rng.integers(config.classes, size=shape))
        elif name.startswith("mask"):
            kept = rng.random(shape) >= config.dropout
            yield name, kept / (1 - config.dropout or 1.0)
        elif name == "class_weights":
            yield name, rng.uniform(0.5, 2, shape)
        else:
            absent = (name.startswith("b") and config.bias != "drawn") or (
                name.startswith("h_0") and config.initial != "drawn"
            )
            yield name, (0 if absent else 1) * rng.uniform(-0.8, 0.8, shape).astype(dtype)


def _lengths(config: Config, rng: np.random.Generator) -> Array:
    """Lengths; at least one is shorter than the longest, unless they must be equal."""
    if config.lengths in ("equal", "ones"):
        return np.full(config.batch, 1 if config.lengths == "ones" else config.steps)
    lengths = rng.permutation(np.resize(np.arange(1, config.steps + 1)[::-1], config.batch))
    return np.sort(lengths)[::-1].copy() if config.lengths == "sorted" else lengths


def _labels(config: Config, labels: Array) -> Array:
    """Labels; where some are ignored, the first one counts and the second does not."""
    if config.ignored == "none" or labels.ndim > 1:
        return labels
    labels = np.maximum(labels, 1)
    labels[1] = 0 if config.ignored == "class" else -100
    return labels
