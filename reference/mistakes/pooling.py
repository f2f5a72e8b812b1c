"""Mistakes in pooling a sequence's states: last, own last, mean, maximum."""

from typing import Any

from parity.model.config import Config
from parity.reference.mistakes.mistake import Mistake, Wrong


def _pools(how: str) -> Any:
    return lambda config: config.kind == "classifier" and config.pool == how


def _pools_padded(how: str) -> Any:
    def applies(config: Config) -> bool:
        padded = config.lengths in ("sorted", "unsorted")
        return config.kind == "classifier" and config.pool == how and padded

    return applies


def _over_all_steps(right: Wrong, book: Any, given: Any, total: Any) -> Any:
    return book.do.divided(total, given.case.config.steps)


def _unpooled(pool: str, wrong: Any) -> dict[str, Wrong]:
    """Pass the gradient of one pooling back wrongly; `wrong` takes it and the number of steps."""

    def unpooled(right: Wrong, book: Any, given: Any, d_pooled: Any) -> list[Any]:
        config = given.case.config
        if config.pool != pool:
            return list(right(given, d_pooled))
        found: list[Any] = wrong(d_pooled, config.steps)
        return found

    return {"unpooled": unpooled}


def _among_padding(right: Wrong, book: Any, given: Any, states: Any) -> Any:
    if given.branches is not None and given.branches.winners is not None:
        return given.branches.winners
    return book.do.winners(states, [None] * len(states))


def _own_read_from(place: Any) -> dict[str, Wrong]:
    """Read both directions' own last states from the outputs of one step, forward and backward."""

    def pooled(right: Wrong, book: Any, given: Any, states: Any, finals: Any) -> Any:
        if given.case.config.pool != "own":
            return right(given, states, finals)
        return book.do.chosen(states[1:], place(given.case))

    def unpooled(right: Wrong, book: Any, given: Any, d_pooled: Any) -> list[Any]:
        if given.case.config.pool != "own":
            return list(right(given, d_pooled))
        steps = range(given.case.config.steps)
        places = place(given.case)
        return [book.do.selected(places == t, d_pooled, None) for t in steps]

    def by_final(right: Wrong, book: Any, given: Any, d_logits: Any) -> list[Any]:
        if given.case.config.pool != "own" or d_logits is None:
            return list(right(given, d_logits))
        return [None] * len(given.case.config.cells)

    return {"pooled": pooled, "unpooled": unpooled, "by_final": by_final}


def _last(case: Any) -> Any:
    """The last step of every row: (batch, width)."""
    return (case.upstream[:, 0] * 0).astype(int) + case.config.steps - 1


def _ends(case: Any) -> Any:
    """The step at which every row ends: (batch, width)."""
    return _last(case) if not case.config.packed else _last(case) * 0 + case.lengths[:, None] - 1


MISTAKES = (
    Mistake(
        slug="pool-mean-counts-padding",
        says="the classifier's mean is taken over all steps, the padding included",
        look_for="/ steps instead of a division by each sequence's own length",
        part="pooling",
        applies=_pools_padded("mean"),
        plant={"averaged": _over_all_steps},
    ),
    Mistake(
        slug="pool-mean-gradient-undivided",
        says="the gradient of the classifier's mean over the steps is not divided by their number",
        look_for="a mean in the forward, and its / steps missing in the backward",
        part="pooling",
        applies=_pools("mean"),
        plant=_unpooled("mean", lambda d, steps: [d] * steps),
    ),
    Mistake(
        slug="pool-mean-gradient-last-step-only",
        says="the gradient of the classifier's mean over the steps goes to the last step alone",
        look_for="d_output[:, -1] instead of every step's own share",
        part="pooling",
        applies=_pools("mean"),
        plant=_unpooled("mean", lambda d, steps: [None] * (steps - 1) + [d]),
    ),
    Mistake(
        slug="pool-max-gradient-every-step",
        says="the gradient of the classifier's maximum over the steps goes to every step",
        look_for="a gradient for the step that the maximum comes from, and no other",
        part="pooling",
        applies=_pools("max"),
        plant=_unpooled("max", lambda d, steps: [d] * steps),
    ),
    Mistake(
        slug="pool-max-gradient-last-step",
        says="the gradient of the classifier's maximum over the steps goes to the last step",
        look_for="a gradient for the step that the maximum comes from, and no other",
        part="pooling",
        applies=_pools("max"),
        plant=_unpooled("max", lambda d, steps: [None] * (steps - 1) + [d]),
    ),
    Mistake(
        slug="pool-max-counts-padding",
        says="the classifier's maximum is taken over the zeros of the padding, too",
        look_for="-inf in the padding before the maximum is taken",
        part="pooling",
        applies=_pools_padded("max"),
        plant={"winners": _among_padding},
    ),
    Mistake(
        slug="pool-own-reads-last-step",
        says="the classifier reads the last step, though the sequence may have ended before",
        look_for="output[:, -1] instead of each sequence's own last step",
        part="pooling",
        applies=_pools_padded("own"),
        plant=_own_read_from(_last),
    ),
    Mistake(
        slug="pool-own-reverse-at-end",
        says="the classifier reads both directions at the step at which the sequence ends",
        look_for="the reverse direction's state at the first step, where this direction ends",
        part="pooling",
        applies=lambda config: _pools("own")(config) and config.bidirectional,
        plant=_own_read_from(_ends),
    ),
)
