"""Mistakes in the options of the cross-entropy: weights, smoothing, ignored labels, the sum."""

from dataclasses import replace
from typing import Any

import numpy as np

from parity.model.case import Case
from parity.model.config import Config
from parity.reference.equations.given import counting
from parity.reference.mistakes.mistake import Mistake, Wrong


def _weighted(config: Config) -> bool:
    return config.class_weights == "drawn"


def _smoothed(config: Config) -> bool:
    return config.smoothing > 0


def _ignores(config: Config) -> bool:
    return config.ignored != "none"


def _summed(config: Config) -> bool:
    return config.loss == "sum"


def _without(**options: Any) -> dict[str, Wrong]:
    """Compute as if some options were not set."""

    def given(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
        same = {n: v for n, v in options.items() if case.config.kind == "classifier"}
        return right(case.replace(case.config.replace(**same)), *rest)

    return {"given": given}


def _in(stage: str, **options: Any) -> dict[str, Wrong]:
    """Compute one stage as if some options were not set."""

    def wrong(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
        config = given.case.config.replace(**options)
        return right(replace(given, case=given.case.replace(config)), logits)

    return {stage: wrong}


# -- class weights -------------------------------------------------------------------------------


def _evenly(book: Any, given: Any) -> Any:
    """Return the same with class weights of one."""
    case = given.case
    if not _weighted(case.config):
        return given
    rows = (case.labels[:, None] == np.arange(case.config.classes)) & counting(case)
    even = case.replace(class_weights=np.ones_like(case.class_weights))
    return replace(given, case=even, onehot=book.do.exact(rows.astype(float)))


def _even(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
    return right(_evenly(book, given), logits)


def _unweighted(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
    if not _weighted(case.config):
        return right(case, *rest)
    return right(case.replace(class_weights=np.ones_like(case.class_weights)), *rest)


def _over_the_number(right: Wrong, book: Any, given: Any, total: Any) -> Any:
    if _summed(given.case.config):
        return right(given, total)
    return book.do.divided(total, int(counting(given.case).sum()))


def _weighed_by_label(right: Wrong, book: Any, given: Any) -> Any:
    """The label's own weight for every class: w[label] / classes."""
    config = given.case.config
    ones = book.do.exact(np.ones((config.batch, config.classes)))
    return book.do.divided(ones * book.do.row_sums(given.onehot), config.classes)


# -- smoothing -----------------------------------------------------------------------------------


def _among_the_others(right: Wrong, book: Any, given: Any) -> Any:
    """T = w * ((1 - s) onehot + s / (classes - 1) for the others)"""
    config, onehot = given.case.config, given.onehot
    if not config.smoothing:
        return right(given)
    share = config.smoothing / (config.classes - 1)
    others = book.smoothed(given) * config.classes - onehot
    return onehot * (1 - config.smoothing) + others * share


def _one_class_less(right: Wrong, book: Any, given: Any) -> Any:
    """w / (classes - 1) for every class, the label's too"""
    classes = given.case.config.classes
    return book.do.divided(right(given) * classes, classes - 1)


def _smoothed_evenly(right: Wrong, book: Any, given: Any) -> Any:
    """1 / classes, without the class weights"""
    return right(replace(given, case=_evenly(book, given).case))


def _added(right: Wrong, book: Any, given: Any) -> Any:
    """T = w * (onehot + s / classes)"""
    s = given.case.config.smoothing
    return given.onehot + book.smoothed(given) * s if s else right(given)


# -- ignored labels ------------------------------------------------------------------------------


def _over_the_batch(right: Wrong, book: Any, given: Any, total: Any) -> Any:
    config = given.case.config
    return right(given, total) if _summed(config) else book.do.divided(total, config.batch)


def _pulled_all_the_same(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
    """Leave p in the rows whose labels do not count."""
    if not _ignores(given.case.config):
        return right(given, logits)
    ignored = book.do.exact((~counting(given.case)).astype(float))
    targets = book.targets(given)
    error = book.do.softmax(logits) * (book.do.row_sums(targets) + ignored) - targets
    return book.do.rounded("d_logits", book.reduced(given, error))


def _as_class_0(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
    config = case.config
    if not _ignores(config):
        return right(case, *rest)
    labels = np.where(case.labels == config.ignore_index, 0, case.labels)
    return right(case.replace(config.replace(ignored="none"), labels=labels), *rest)


# -- the sum -------------------------------------------------------------------------------------


def _averaged(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
    found = right(given, logits)
    if not _summed(given.case.config):
        return found
    return book.do.quotient(found, book.weight_of_labels(given))


MISTAKES = (
    Mistake(
        slug="class-weights-ignored",
        says="the class weights are ignored",
        look_for="class weights that are passed and never used",
        part="loss",
        applies=_weighted,
        plant={"given": _unweighted},
    ),
    Mistake(
        slug="class-weights-mean-over-labels",
        says="the weighted loss is divided by the number of labels, not by the sum of weights",
        look_for="mean() instead of a division by the sum of w[label]",
        part="reduction",
        applies=lambda config: _weighted(config) and config.loss == "mean",
        plant={"reduced": _over_the_number},
    ),
    Mistake(
        slug="class-weights-missing-in-gradient",
        says="the class weights are missing in the gradient of the loss",
        look_for="w[label] * (p - onehot)",
        part="loss",
        applies=_weighted,
        plant={"d_logits": _even},
    ),
    Mistake(
        slug="class-weights-missing-in-loss",
        says="the class weights are missing in the loss, though its gradient has them",
        look_for="w[label] * -log p[label]",
        part="loss",
        applies=_weighted,
        plant={"loss": _even},
    ),
    Mistake(
        slug="smoothing-weighted-by-label",
        says="label smoothing weighs every class by the label's weight, not by its own",
        look_for="w[label] * sum(-log p) instead of sum(w * -log p)",
        part="loss",
        applies=lambda config: _weighted(config) and _smoothed(config),
        plant={"smoothed": _weighed_by_label},
    ),
    Mistake(
        slug="smoothing-ignored",
        says="label smoothing is ignored",
        look_for="a smoothing that is passed and never used",
        part="loss",
        applies=_smoothed,
        plant=_without(smoothing=0.0),
    ),
    Mistake(
        slug="smoothing-missing-in-gradient",
        says="label smoothing is missing in the gradient of the loss",
        look_for="p - onehot instead of p - smoothed labels",
        part="loss",
        applies=_smoothed,
        plant=_in("d_logits", smoothing=0.0),
    ),
    Mistake(
        slug="smoothing-missing-in-loss",
        says="label smoothing is missing in the loss, though its gradient has it",
        look_for="the loss of the smoothed labels, not of the labels",
        part="loss",
        applies=_smoothed,
        plant=_in("loss", smoothing=0.0),
    ),
    Mistake(
        slug="smoothing-among-other-classes",
        says="label smoothing is shared among the other classes: s / (classes - 1)",
        look_for="PyTorch's s / classes, of which the label has a share, too",
        part="loss",
        applies=lambda config: _smoothed(config) and config.classes > 1,
        plant={"targets": _among_the_others},
    ),
    Mistake(
        slug="smoothing-over-classes-minus-one",
        says="label smoothing is divided by classes - 1, though the label has a share of it",
        look_for="s / (classes - 1) for every class, where PyTorch has s / classes",
        part="loss",
        applies=lambda config: _smoothed(config) and config.classes > 1,
        plant={"smoothed": _one_class_less},
    ),
    Mistake(
        slug="smoothing-unweighted",
        says="label smoothing ignores the class weights",
        look_for="s / classes * sum(-log p) instead of sum(w * -log p)",
        part="loss",
        applies=lambda config: _weighted(config) and _smoothed(config),
        plant={"smoothed": _smoothed_evenly},
    ),
    Mistake(
        slug="smoothing-added-to-labels",
        says="label smoothing is added to the labels, which are not multiplied by 1 - s",
        look_for="(1 - s) * onehot + s / classes",
        part="loss",
        applies=_smoothed,
        plant={"targets": _added},
    ),
    Mistake(
        slug="ignore-index-counted-in-mean",
        says="ignored labels count in the divisor of the loss",
        look_for="/ batch instead of the number of labels that count",
        part="reduction",
        applies=lambda c: _ignores(c) and not _weighted(c) and c.loss == "mean",
        plant={"reduced": _over_the_batch},
    ),
    Mistake(
        slug="ignore-index-gradient-not-zero",
        says="the gradient by the logits is not zero where the label is ignored",
        look_for="a mask on the loss, and none on p - onehot",
        part="loss",
        applies=_ignores,
        plant={"d_logits": _pulled_all_the_same},
    ),
    Mistake(
        slug="ignore-index-as-class-zero",
        says="ignored labels count, as class 0",
        look_for="an ignore_index that is never used",
        part="loss",
        applies=_ignores,
        plant={"given": _as_class_0},
    ),
    Mistake(
        slug="loss-sum-as-mean",
        says="the loss is a mean where a sum is asked for, and so is its gradient",
        look_for="a reduction that is passed and never used",
        part="reduction",
        applies=_summed,
        plant=_without(loss="mean"),
    ),
    Mistake(
        slug="loss-sum-gradient-of-mean",
        says="the gradient of a loss that is a sum is that of the mean",
        look_for="a division by the batch in the gradient",
        part="reduction",
        applies=_summed,
        plant={"d_logits": _averaged},
    ),
    Mistake(
        slug="loss-sum-value-as-mean",
        says="the loss is a mean where a sum is asked for, though its gradient is the sum's",
        look_for="mean() instead of sum()",
        part="reduction",
        applies=_summed,
        plant={"loss": _averaged},
    ),
)
