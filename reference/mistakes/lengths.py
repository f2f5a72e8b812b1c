"""Mistakes with sequences of different lengths: padding, and the order of packed rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from parity.model.case import Array, Case
from parity.model.config import Config
from parity.model.names import ArrayName
from parity.reference.mistakes.mistake import Mistake, Wrong


def _packed(config: Config) -> bool:
    return config.lengths in ("sorted", "unsorted")


def _unsorted(config: Config) -> bool:
    return config.lengths == "unsorted"


def _lengths(wrong: Callable[[Case], Array]) -> dict[str, Wrong]:
    """Misread the lengths."""

    def given(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
        packed = case.config.packed
        return right(case.replace(lengths=wrong(case)) if packed else case, *rest)

    return {"given": given}


def _sorted_for_good(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
    """Sort the rows of everything that the layers read; labels and upstream gradients stay."""
    if not case.config.packed:
        return right(case, *rest)
    order = np.argsort(-case.lengths, kind="stable")
    judging = ("labels", "step_labels", "upstream")
    rows = {
        name: array[order]
        for name, array in case.arrays.items()
        if ArrayName.parse(name).by_row and not name.startswith(judging)
    }
    return right(case.replace(**rows), *rest)


def _initial_unsorted(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
    if not case.config.packed:
        return right(case, *rest)
    place = np.argsort(np.argsort(-case.lengths, kind="stable"))
    names = [cell.name("h_0") for cell in case.config.cells]
    return right(case.replace(**{name: getattr(case, name)[place] for name in names}), *rest)


def _through_padding() -> dict[str, Wrong]:
    """Let states and their gradients change where a row has ended, or has not begun."""

    def unmasked(right: Wrong, book: Any, given: Any, *rest: Any) -> Any:
        return right(given.whole(), *rest)

    return dict.fromkeys(("forward", "through_time", "by_initial"), unmasked)


def _stays(right: Wrong, book: Any, one: Any) -> list[Any]:
    return list(book.in_order(one.cell, one.states[1:]))


def _padding_counts() -> dict[str, Wrong]:
    """Use the gradient by the padding as the gradient by the state that stays there."""

    def by_states(right: Wrong, book: Any, one: Any, upstream: Any, final: Any) -> Any:
        return right(replace(one, given=one.given.whole()), upstream, final)

    def pass_gradients(right: Wrong, book: Any, one: Any, upstream: Any, final: Any) -> Any:
        found: dict[str, Any] = right(one, upstream, final)
        if one.cell.reverse:  # before it begins, its state is the initial one
            found["h_0"] = sum(_of_padding(book, one.given, upstream), start=found["h_0"])
        return found

    return {"by_states": by_states, "pass_gradients": pass_gradients}


def _of_padding(book: Any, given: Any, upstream: Any) -> list[Any]:
    pairs = zip(given.valid, upstream, strict=True)
    return [book.do.selected(~ok, d, None) for ok, d in pairs if ok is not None and d is not None]


def _final_masked(right: Wrong, book: Any, one: Any, upstream: Any, final: Any) -> Any:
    last = len(upstream) - 1
    own = None if final is None else book.or_else(one.given, last, final, None)
    return right(one, upstream, own)


def _at_the_last_step(right: Wrong, book: Any, one: Any) -> Any:
    return right(one) if one.cell.reverse else book.by_step(one)[-1]


MISTAKES = (
    Mistake(
        slug="lengths-ignored",
        says="the lengths are ignored: all sequences are taken to have all steps",
        look_for="lengths that are passed and never used",
        part="lengths",
        applies=_packed,
        plant=_lengths(lambda case: np.full_like(case.lengths, case.config.steps)),
    ),
    Mistake(
        slug="lengths-one-short",
        says="every sequence is taken to be one step shorter than it is",
        look_for="lengths - 1, which is an index, instead of a number of steps",
        part="lengths",
        applies=_packed,
        plant=_lengths(lambda case: np.maximum(case.lengths - 1, 1)),
    ),
    Mistake(
        slug="lengths-states-through-padding",
        says="states change in the padding, though outputs are zero there",
        look_for="a loop over all steps, and a mask only on its outputs",
        part="lengths",
        applies=_packed,
        plant=_through_padding(),
    ),
    Mistake(
        slug="lengths-padding-output-last-state",
        says="where a sequence has ended, the output is its last state, not zero",
        look_for="a mask on the recurrence, and none on the output",
        part="lengths",
        applies=_packed,
        plant={"by_step": _stays},
    ),
    Mistake(
        slug="lengths-final-at-last-step",
        says="the final state is read at the last step, though the sequence may have ended",
        look_for="output[:, -1] instead of output[row, length - 1]",
        part="lengths",
        applies=_packed,
        plant={"final": _at_the_last_step},
    ),
    Mistake(
        slug="lengths-final-gradient-lost",
        says="where a sequence has ended, the gradient by its final state is lost",
        look_for="a mask on the gradient of the state where the state stayed the same",
        part="lengths",
        applies=_packed,
        plant={"pass_gradients": _final_masked},
    ),
    Mistake(
        slug="lengths-padding-gradient-passed-on",
        says="the gradient by the outputs of the padding is passed on to the states",
        look_for="outputs that are always zero: their gradient must reach no state",
        part="lengths",
        applies=_packed,
        plant=_padding_counts(),
    ),
    Mistake(
        slug="lengths-rows-left-sorted",
        says="rows are sorted by length, and never put back in their own order",
        look_for="the inverse of the permutation that packing made",
        part="lengths",
        applies=_unsorted,
        plant={"given": _sorted_for_good},
    ),
    Mistake(
        slug="lengths-h0-unsorted",
        says="rows are sorted by length, but not their initial states",
        look_for="h_0[:, order], like x[order]",
        part="lengths",
        applies=lambda config: _unsorted(config) and config.initial == "drawn",
        plant={"given": _initial_unsorted},
    ),
)
