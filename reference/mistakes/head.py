"""Mistakes in the classifier's head, its softmax and its loss."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from parity.model.config import Config
from parity.reference.mistakes.mistake import Mistake, Wrong


def _classifies(config: Config) -> bool:
    return config.kind == "classifier"


def _reads_last(config: Config) -> bool:
    return _classifies(config) and config.pool == "last"


def _is_plain(config: Config) -> bool:
    return _classifies(config) and config.plain_loss


def _reads(state: Callable[[list[Any]], Any]) -> dict[str, Wrong]:
    """Give the head a state other than the last one."""
    return {"read_out": lambda right, book, states: state(states)}


def _reads_throughout(state: Callable[[list[Any]], Any], place: int) -> dict[str, Wrong]:
    """Give the head another state, and pass the gradient to that state."""

    def upstream(right: Wrong, book: Any, given: Any, d_logits: Any) -> list[Any]:
        found: list[Any] = right(given, d_logits)
        if d_logits is None:
            return found
        steps, gradient = len(found), found[-1]
        moved: list[Any] = [gradient * 0.0] * steps
        if steps > 1 or place == 0:
            moved[place] = gradient
        return moved

    return _reads(state) | {"upstream": upstream}


def _mean_throughout() -> dict[str, Wrong]:
    def upstream(right: Wrong, book: Any, given: Any, d_logits: Any) -> list[Any]:
        found: list[Any] = right(given, d_logits)
        return found if d_logits is None else [found[-1] * (1 / len(found))] * len(found)

    return _reads(_mean) | {"upstream": upstream}


def _mean(states: list[Any]) -> Any:
    total = states[1]
    for state in states[2:]:
        total = total + state
    return total * (1 / (len(states) - 1))


def _logits(function: Any, slope: Any) -> dict[str, Wrong]:
    def logits(right: Wrong, book: Any, given: Any, last: Any) -> Any:
        return book.do.mapped(function, slope, right(given, last))

    return {"logits": logits}


def _logits_throughout(function: Any, slope: Any, of_logits: Any) -> dict[str, Wrong]:
    """Let the logits pass through a function, forward and backward."""

    def d_logits(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
        own = book.do.mapped(*of_logits, logits)
        return book.do.rounded("d_logits", right(given, logits) * own)

    return _logits(function, slope) | {"d_logits": d_logits}


def _bias(times: float) -> dict[str, Wrong]:
    def logits(right: Wrong, book: Any, given: Any, last: Any) -> Any:
        return book.do.rounded("logits", last @ given.W_out + given.b_out * times)

    return {"logits": logits}


def _loss(factor: Callable[[Any], float]) -> dict[str, Wrong]:
    """Multiply the loss, but not its gradient."""

    def loss(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
        return right(given, logits) * factor(given.case.config)

    return {"loss": loss}


def _probabilities(softmax: Callable[[Any, Any], Any]) -> dict[str, Wrong]:
    """Use another softmax, in the loss and in its gradient."""

    def loss(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
        chosen = book.do.row_sums(softmax(book.do, logits) * given.onehot)
        surprise = book.do.mapped(lambda p: -np.log(p), lambda p: 1 / p, chosen)
        return book.do.divided(book.do.column_sums(surprise), given.case.config.batch)

    def d_logits(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
        error = softmax(book.do, logits) - given.onehot
        return book.do.rounded("d_logits", book.do.divided(error, given.case.config.batch))

    return {"loss": loss, "d_logits": d_logits}


def _over_all(do: Any, logits: Any) -> Any:
    every = do.log_sum_exp(do.log_sum_exp(logits).T)  # (1, 1)
    return do.mapped(np.exp, np.exp, logits - every)


def _unshifted(do: Any, logits: Any) -> Any:
    powers = do.mapped(np.exp, np.exp, logits)
    return powers * do.mapped(lambda s: 1 / s, lambda s: 1 / s**2, do.row_sums(powers))


def _shifted_by_all(do: Any, logits: Any) -> Any:
    def shifted(l: Any) -> Any:
        return l - l.max(axis=(-2, -1), keepdims=True)

    return _unshifted(do, do.mapped(shifted, np.ones_like, logits))


def _of_chosen(function: Callable[[Any], Any], slope: Callable[[Any], Any]) -> dict[str, Wrong]:
    """Use another function of the label's probability as the loss."""

    def loss(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
        chosen = book.do.row_sums(book.do.softmax(logits) * given.onehot)
        surprise = book.do.mapped(function, slope, chosen)
        return book.do.divided(book.do.column_sums(surprise), given.case.config.batch)

    return {"loss": loss}


def _epsilon(eps: float) -> dict[str, Wrong]:
    return _of_chosen(lambda p: -np.log(p + eps), lambda p: 1 / (p + eps))


def _clipped(eps: float) -> dict[str, Wrong]:
    return _of_chosen(
        lambda p: -np.log(np.clip(p, eps, 1 - eps)), lambda p: 1 / np.clip(p, eps, 1 - eps)
    )


def _binary(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
    do, p = book.do, book.do.softmax(logits)
    others = do.rounded("p", p - p * given.onehot)  # zero at the label
    surprise = do.mapped(lambda q: -np.log1p(-q), lambda q: 1 / (1 - q), others)
    extra = do.column_sums(do.row_sums(surprise))
    return right(given, logits) + do.divided(extra, given.case.config.batch)


def _d_logits(error: Callable[[Any, Any, Any], Any]) -> dict[str, Wrong]:
    """Use another gradient by the logits, divided by the batch like the right one."""

    def d_logits(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
        wrong = error(book.do, given, logits)
        return book.do.rounded("d_logits", book.do.divided(wrong, given.case.config.batch))

    return {"d_logits": d_logits}


def _jacobian_again(do: Any, given: Any, logits: Any) -> Any:
    p = do.softmax(logits)
    return (p - given.onehot) * do.mapped(lambda p: p * (1 - p), lambda p: 1 - 2 * p, p)


def _scaled(factor: Callable[[Any], float]) -> dict[str, Wrong]:
    def d_logits(right: Wrong, book: Any, given: Any, logits: Any) -> Any:
        return right(given, logits) * factor(given.case.config)

    return {"d_logits": d_logits}


MISTAKES = (
    Mistake(
        slug="head-reads-second-last",
        says="the logits are read from the state before the last, which gets their gradient",
        look_for="hidden[:, -2], forward and backward",
        part="head",
        applies=_reads_last,
        plant=_reads_throughout(lambda states: states[-2], -2),
    ),
    Mistake(
        slug="head-reads-first",
        says="the logits are read from the state after the first step, which gets their gradient",
        look_for="hidden[:, 0] instead of hidden[:, -1], forward and backward",
        part="head",
        applies=_reads_last,
        plant=_reads_throughout(lambda states: states[1], 0),
    ),
    Mistake(
        slug="head-reads-mean",
        says="the logits are read from the mean of all states, which all get their gradient",
        look_for="hidden.mean(axis=1) instead of hidden[:, -1], forward and backward",
        part="head",
        applies=_reads_last,
        plant=_mean_throughout(),
    ),
    Mistake(
        slug="head-tanh",
        says="the logits pass through tanh, forward and backward",
        look_for="an activation after the head",
        part="head",
        applies=_classifies,
        plant=_logits_throughout(
            np.tanh,
            lambda l: 1 - np.tanh(l) ** 2,
            (lambda l: 1 - l * l, lambda l: 2 * l),
        ),
    ),
    Mistake(
        slug="head-relu",
        says="the logits pass through relu, forward and backward",
        look_for="an activation after the head",
        part="head",
        applies=_classifies,
        plant=_logits_throughout(
            lambda l: np.maximum(l, 0),
            lambda l: (l > 0) * 1.0,
            (lambda l: (l > 0) * 1.0, np.zeros_like),
        ),
    ),
    Mistake(
        slug="head-reads-second-last-forward",
        says="the logits are read from the state before the last",
        look_for="hidden[:, -2], or a state stored one place too late",
        part="head",
        applies=_reads_last,
        plant=_reads(lambda states: states[-2]),
        seen=1,
    ),
    Mistake(
        slug="head-reads-first-forward",
        says="the logits are read from the state after the first step",
        look_for="hidden[:, 0] instead of hidden[:, -1]",
        part="head",
        applies=_reads_last,
        plant=_reads(lambda states: states[1]),
    ),
    Mistake(
        slug="head-reads-mean-forward",
        says="the logits are read from the mean of all states",
        look_for="hidden.mean(axis=1) instead of hidden[:, -1]",
        part="head",
        applies=_reads_last,
        plant=_reads(_mean),
    ),
    Mistake(
        slug="head-bias-missing",
        says="the output bias is missing in the logits",
        look_for="+ b_out",
        part="head",
        applies=_classifies,
        plant=_bias(0.0),
    ),
    Mistake(
        slug="head-bias-twice",
        says="the output bias is added twice",
        look_for="+ b_out in two places",
        part="head",
        applies=_classifies,
        plant=_bias(2.0),
    ),
    Mistake(
        slug="head-tanh-forward",
        says="the logits pass through tanh",
        look_for="an activation after the head",
        part="head",
        applies=_classifies,
        plant=_logits(np.tanh, lambda l: 1 - np.tanh(l) ** 2),
    ),
    Mistake(
        slug="head-relu-forward",
        says="the logits pass through relu",
        look_for="an activation after the head",
        part="head",
        applies=_classifies,
        plant=_logits(lambda l: np.maximum(l, 0), lambda l: (l > 0) * 1.0),
    ),
    Mistake(
        slug="softmax-twice",
        says="softmax is applied twice",
        look_for="probabilities handed to a loss that takes logits",
        part="head",
        applies=_classifies,
        plant={"logits": lambda right, book, given, last: book.do.softmax(right(given, last))},
    ),
    Mistake(
        slug="loss-batch-sum",
        says="the loss is a sum over the batch, its gradient that of the mean",
        look_for="sum() instead of mean()",
        part="loss",
        applies=_is_plain,
        plant=_loss(lambda config: config.batch),
        seen=1,
    ),
    Mistake(
        slug="loss-batch-twice",
        says="the loss is divided by the batch size twice, its gradient once",
        look_for="mean() of a loss that is already a mean",
        part="loss",
        applies=_is_plain,
        plant=_loss(lambda config: 1 / config.batch),
        seen=1,
    ),
    Mistake(
        slug="loss-over-classes",
        says="the loss is divided by the number of classes, its gradient is not",
        look_for="mean() over all entries of (batch, classes)",
        part="loss",
        applies=_classifies,
        plant=_loss(lambda config: 1 / config.classes),
        seen=2,
    ),
    Mistake(
        slug="loss-times-classes",
        says="the loss is multiplied by the number of classes, its gradient is not",
        look_for="a sum over classes of a loss that has one term",
        part="loss",
        applies=_classifies,
        plant=_loss(lambda config: config.classes),
    ),
    Mistake(
        slug="loss-times-half-classes",
        says="the loss is multiplied by half the number of classes",
        look_for="a factor that belongs to a squared error",
        part="loss",
        applies=_classifies,
        plant=_loss(lambda config: config.classes / 2),
        seen=1,
    ),
    Mistake(
        slug="loss-over-steps",
        says="the loss is divided by the number of steps, its gradient is not",
        look_for="a division by the length of the sequence",
        part="loss",
        applies=_classifies,
        plant=_loss(lambda config: 1 / config.steps),
        seen=1,
    ),
    Mistake(
        slug="loss-times-steps",
        says="the loss is multiplied by the number of steps, its gradient is not",
        look_for="a sum over the steps of a loss that has one term",
        part="loss",
        applies=_classifies,
        plant=_loss(lambda config: config.steps),
        seen=1,
    ),
    Mistake(
        slug="loss-doubled",
        says="the loss is doubled, its gradient is not",
        look_for="a factor of two",
        part="loss",
        applies=_classifies,
        plant=_loss(lambda _: 2.0),
        seen=1,
    ),
    Mistake(
        slug="loss-halved",
        says="the loss is halved, its gradient is not",
        look_for="a factor of one half",
        part="loss",
        applies=_classifies,
        plant=_loss(lambda _: 0.5),
        seen=1,
    ),
    Mistake(
        slug="loss-wrong-sign",
        says="the loss has the wrong sign",
        look_for="log p instead of -log p",
        part="loss",
        applies=_classifies,
        plant=_loss(lambda _: -1.0),
    ),
    Mistake(
        slug="loss-in-bits",
        says="the loss is taken in bits",
        look_for="np.log2 instead of np.log",
        part="loss",
        applies=_classifies,
        plant=_loss(lambda _: 1 / math.log(2)),
    ),
    Mistake(
        slug="loss-log-of-probability",
        says="the loss is -log p, which is infinite where p becomes zero",
        look_for="the logarithm of a probability; log-sum-exp of the logits is always finite",
        part="loss",
        applies=_is_plain,
        plant=_of_chosen(lambda p: -np.log(p), lambda p: 1 / p),
        seen=2,
    ),
    Mistake(
        slug="loss-log-epsilon",
        says="the loss is the logarithm of p + {value}",
        look_for="an epsilon in the logarithm; log-sum-exp needs none",
        part="loss",
        applies=_is_plain,
        plant=_epsilon,
        values=(*(10.0**-n for n in range(3, 17)), 1e-300),
        seen=2,
    ),
    Mistake(
        slug="loss-clipped-probabilities",
        says="probabilities are clipped at {value} in the loss",
        look_for="np.clip around the probabilities; log-sum-exp needs none",
        part="loss",
        applies=_is_plain,
        plant=_clipped,
        values=(*(10.0**-n for n in range(3, 17)), 1e-300),
    ),
    Mistake(
        slug="loss-binary-cross-entropy",
        says="the loss is the binary cross-entropy of every class",
        look_for="y log p + (1 - y) log(1 - p)",
        part="loss",
        applies=_is_plain,
        plant={"loss": _binary},
    ),
    Mistake(
        slug="softmax-unshifted",
        says="softmax does not subtract the largest logit",
        look_for="np.exp(logits) without logits - logits.max(axis=1, keepdims=True)",
        part="loss",
        applies=_is_plain,
        plant=_probabilities(_unshifted),
        seen=2,
    ),
    Mistake(
        slug="softmax-shifted-by-global-max",
        says="softmax subtracts the largest logit of the whole matrix, not of each row",
        look_for="logits.max() without axis=1, keepdims=True: distant rows become 0 / 0",
        part="loss",
        applies=_is_plain,
        plant=_probabilities(_shifted_by_all),
        seen=1,
    ),
    Mistake(
        slug="softmax-over-batch",
        says="softmax is taken over the batch, not over the classes",
        look_for="axis=0 instead of axis=1",
        part="loss",
        applies=_is_plain,
        plant=_probabilities(lambda do, logits: do.softmax(logits.T).T),
    ),
    Mistake(
        slug="softmax-over-matrix",
        says="softmax is taken over the whole matrix, not over each row",
        look_for="a sum without axis=1, keepdims=True",
        part="loss",
        applies=_is_plain,
        plant=_probabilities(_over_all),
        seen=1,
    ),
    Mistake(
        slug="logit-gradient-onehot-missing",
        says="the gradient by the logits is p: the one-hot labels are not subtracted",
        look_for="p - onehot",
        part="loss",
        applies=_is_plain,
        plant=_d_logits(lambda do, given, logits: do.softmax(logits)),
    ),
    Mistake(
        slug="logit-gradient-wrong-sign",
        says="the gradient by the logits has the wrong sign",
        look_for="onehot - p instead of p - onehot",
        part="loss",
        applies=_classifies,
        plant=_scaled(lambda _: -1.0),
    ),
    Mistake(
        slug="logit-gradient-logits-for-softmax",
        says="the gradient by the logits takes the logits for probabilities",
        look_for="logits - onehot instead of softmax(logits) - onehot",
        part="loss",
        applies=_is_plain,
        plant=_d_logits(lambda do, given, logits: logits - given.onehot),
    ),
    Mistake(
        slug="logit-gradient-softmax-derivative-twice",
        says="the gradient by the logits is multiplied by p (1 - p) once more",
        look_for="a derivative of softmax after p - onehot, which contains it",
        part="loss",
        applies=_is_plain,
        plant=_d_logits(_jacobian_again),
    ),
    Mistake(
        slug="logit-gradient-batch-sum",
        says="the gradient of the mean loss is not divided by the batch size",
        look_for="(p - onehot) / batch",
        part="reduction",
        applies=_is_plain,
        plant=_scaled(lambda config: config.batch),
        seen=1,
    ),
    Mistake(
        slug="logit-gradient-batch-twice",
        says="all gradients are divided by the batch size twice",
        look_for="a division by the batch, when the loss is already a mean",
        part="reduction",
        applies=_is_plain,
        plant=_scaled(lambda config: 1 / config.batch),
    ),
    Mistake(
        slug="logit-gradient-over-classes",
        says="the gradient by the logits is divided by the number of classes",
        look_for="mean() over all entries of (batch, classes)",
        part="reduction",
        applies=_classifies,
        plant=_scaled(lambda config: 1 / config.classes),
    ),
    Mistake(
        slug="logit-gradient-doubled",
        says="the gradient by the logits is doubled",
        look_for="a factor of two, as in a squared error",
        part="reduction",
        applies=_classifies,
        plant=_scaled(lambda _: 2.0),
    ),
)
