"""Mistakes with several layers, two directions, and the ways to call layers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from parity.model.case import Array, Case
from parity.model.cell import Cell
from parity.model.config import Config
from parity.reference.mistakes.mistake import Mistake, Wrong


def _stacked(config: Config) -> bool:
    return config.layers > 1


def _stacked_one_way(config: Config) -> bool:
    """Whether a layer reads as many numbers as a cell has units."""
    return config.layers > 1 and not config.bidirectional


def _of_three(config: Config) -> bool:
    return config.layers > 2


def _both_ways(config: Config) -> bool:
    return config.bidirectional


def _shares(owner: Any, *names: str) -> dict[str, Wrong]:
    """Let a cell use the weights of another cell, `owner(cell)`; its gradients stay its own."""

    def seen(right: Wrong, book: Any, given: Any, cell: Cell, *lists: Any) -> Any:
        theirs = {name: given.parameter(owner(cell).name(name)) for name in names}
        return replace(right(given, cell, *lists), **theirs)

    return {"seen": seen}


def _first_below(cell: Cell) -> Cell:
    return replace(cell, layer=0)


def _forward_beside(cell: Cell) -> Cell:
    return replace(cell, reverse=False)


def _initial_states(of: Any) -> dict[str, Wrong]:
    """Start every cell from another state: a function `of` the case and the cell."""

    def given(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
        states = {cell.name("h_0"): of(case, cell) for cell in case.config.cells}
        return right(case.replace(**states), *rest)

    return {"given": given}


def _first_layer_alone(case: Case, cell: Cell) -> Array:
    own: Array = getattr(case, cell.name("h_0"))
    return own * (cell.layer == 0)


def _direction_first(case: Case, cell: Cell) -> Array:
    place = cell.reverse * case.config.layers + cell.layer
    own: Array = getattr(case, case.config.cells[place].name("h_0"))
    return own


# -- layers --------------------------------------------------------------------------------------


def _reads_the_first(right: Wrong, book: Any, given: Any, below: Sequence[Any]) -> Any:
    """Every layer above the second reads the same input as the second."""
    own = right(given, below)
    return below[1][0].given.x if len(below) > 1 else own


def _detached(right: Wrong, book: Any, *arguments: Any) -> list[Any]:
    return [gradient * 0.0 for gradient in right(*arguments)]


def _through_the_last(
    right: Wrong, book: Any, layers: Sequence[Any], *arguments: Any
) -> dict[str, Any]:
    own = [one.states for one in layers[-1]]
    kept = [
        [replace(one, states=states) for one, states in zip(layer, own, strict=True)]
        for layer in layers
    ]
    found: dict[str, Any] = right(kept, *arguments)
    return found


def _own_states_as_inputs(
    right: Wrong, book: Any, given: Any, states: Any, da: Any
) -> dict[str, Any]:
    found: dict[str, Any] = right(given, states, da)
    if not given.cell.layer:
        return found
    return found | {"W_x": book.over_time("W_x", book.products(states[1:], da))}


def _down_through_W_h(right: Wrong, book: Any, given: Any, states: Any, da: Any) -> dict[str, Any]:
    found: dict[str, Any] = right(given, states, da)
    if not given.cell.layer:
        return found
    W_h_T = given.W_h.T
    return found | {"x": [gradient @ W_h_T for gradient in da]}


def _finals_of_the_last(right: Wrong, book: Any, layers: Sequence[Any]) -> dict[str, Any]:
    last = {one.cell.reverse: book.final(one) for one in layers[-1]}
    passes = [one for layer in layers for one in layer]
    return {one.cell.name("final"): last[one.cell.reverse] for one in passes}


def _only_the_last_finals(right: Wrong, book: Any, given: Any, d_logits: Any) -> list[Any]:
    found: list[Any] = right(given, d_logits)
    last = given.case.config.directions
    return [*[None] * (len(found) - last), *found[-last:]]


# -- directions ----------------------------------------------------------------------------------


def _unturned_outputs(right: Wrong, book: Any, one: Any) -> list[Any]:
    """Use states in the order of the cell's steps as if they were in the order of time."""
    return _outside_padding(book, one.given, one.states[1:])


def _unturned_gradients(right: Wrong, book: Any, given: Any, upstream: Any) -> list[Any]:
    own = right(given, _outside_padding(book, given, upstream))
    return list(book.in_order(given.cell, own))


def _outside_padding(book: Any, given: Any, values: Sequence[Any]) -> list[Any]:
    """Return values by step, zero in the padding."""
    by_step = replace(given, valid=book.in_order(given.cell, given.valid))
    own = enumerate(values)
    return [None if v is None else book.or_else(by_step, t, v, None) for t, v in own]


def _crosswise(right: Wrong, book: Any, layer: Sequence[Any]) -> list[Any]:
    found: list[Any] = right(layer[::-1])
    return found


def _crosswise_back(right: Wrong, book: Any, given: Any, upstream: Any) -> list[Any]:
    """Use the other direction's half, which is in the right order."""
    other = replace(given.cell, reverse=not given.cell.reverse)
    return list(book.in_order(given.cell, book.side(given, other, upstream)))


def _at_the_last_step(right: Wrong, book: Any, one: Any) -> Any:
    return book.by_step(one)[-1] if one.cell.reverse else right(one)


# -- calls ---------------------------------------------------------------------------------------


def _reshaped(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
    """Read (steps, batch, features) as (batch, steps, features) by a reshape."""
    laid_out = np.ascontiguousarray(case.x.swapaxes(0, 1))
    return right(case.replace(x=laid_out.reshape(case.x.shape)), *rest)


def _from_h_0(right: Wrong, book: Any, given: Any, states: Any) -> Any:
    """Read every step as a separate sequence."""
    return book.state(given, len(states) - 1, given.h_0)


def _nothing_before(right: Wrong, book: Any, given: Any, da: Any, t: int) -> Any:
    return right(given, da, t) * (0.0 if t >= 0 else 1.0)


def _first_one(right: Wrong, book: Any, one: Any) -> Any:
    return book.by_step(one)[0]


def _first_given(right: Wrong, book: Any, given: Any, da: Any) -> Any:
    return da[-1] if given.cell.reverse else da[0]


def _final_everywhere(right: Wrong, book: Any, one: Any, upstream: Any, final: Any) -> Any:
    if final is None:
        return right(one, upstream, None)
    return right(one, [final if d is None else d + final for d in upstream], None)


def _last_everywhere(right: Wrong, book: Any, given: Any, d_logits: Any) -> list[Any]:
    case = given.case
    if case.config.with_final:
        return list(right(given, d_logits))
    final = book.do.exact(case.upstream_final)
    without = case.replace(upstream_final=case.upstream_final * 0)
    return [d + final for d in right(replace(given, case=without), d_logits)]


# -- no bias -------------------------------------------------------------------------------------


def _with_biases(
    right: Wrong, book: Any, given: Any, gradients: Mapping[str, Any]
) -> dict[str, Any]:
    names = [cell.name("b") for cell in given.case.config.cells]
    return {**right(given, gradients), **{name: gradients[name] for name in names}}


MISTAKES = (
    Mistake(
        slug="layers-read-first",
        says="every layer above the second reads the first layer's states",
        look_for="an input that is not set to the layer's output at the end of the loop",
        part="layers",
        applies=_of_three,
        plant={"inputs": _reads_the_first},
    ),
    Mistake(
        slug="layers-share-wh",
        says="every layer uses the first layer's W_h",
        look_for="one W_h for all layers, or a layer's number missing in a name",
        part="layers",
        applies=_stacked,
        plant=_shares(_first_below, "W_h"),
    ),
    Mistake(
        slug="layers-share-bias",
        says="every layer uses the first layer's bias",
        look_for="one b for all layers, or a layer's number missing in a name",
        part="layers",
        applies=lambda config: config.layers > 1 and config.bias != "absent",
        plant=_shares(_first_below, "b"),
    ),
    Mistake(
        slug="layers-share-upper-weights",
        says="every layer above the second uses the second layer's weights",
        look_for="one cell made for all layers above the first",
        part="layers",
        applies=_of_three,
        plant=_shares(lambda cell: replace(cell, layer=min(cell.layer, 1)), "W_x", "W_h", "b"),
    ),
    Mistake(
        slug="h0-shared-by-cells",
        says="every layer and direction starts from the initial state of the first",
        look_for="h_0[0] instead of h_0[layer * directions + direction]",
        part="initial state",
        applies=lambda config: len(config.cells) > 1 and config.initial == "drawn",
        plant=_initial_states(lambda case, cell: case.h_0),
    ),
    Mistake(
        slug="h0-first-layer-only",
        says="only the first layer starts from its initial state, the others from zero",
        look_for="an initial state that only the first layer gets",
        part="initial state",
        applies=lambda config: config.layers > 1 and config.initial == "drawn",
        plant=_initial_states(_first_layer_alone),
    ),
    Mistake(
        slug="h0-direction-major",
        says="the initial states are read as directions of layers, not as layers of directions",
        look_for="h_0[direction * layers + layer] instead of h_0[layer * directions + direction]",
        part="initial state",
        applies=lambda c: c.layers > 1 and c.bidirectional and c.initial == "drawn",
        plant=_initial_states(_direction_first),
    ),
    Mistake(
        slug="h0-absent-ones",
        says="an initial state that is not given is taken as ones",
        look_for="np.ones instead of np.zeros when h_0 is None",
        part="initial state",
        applies=lambda config: config.initial == "absent",
        plant=_initial_states(lambda case, cell: np.ones_like(case.h_0)),
    ),
    Mistake(
        slug="layers-detached-below-last",
        says="no gradient reaches the layers below the last one",
        look_for="the gradient by a layer's inputs, which is the lower layer's upstream gradient",
        part="layers",
        applies=_stacked,
        plant={"passed_down": _detached},
    ),
    Mistake(
        slug="layers-backward-states-of-last",
        says="every layer goes back through the states of the last layer",
        look_for="states kept in one place, which every layer's forward overwrites",
        part="layers",
        applies=_stacked,
        plant={"network_gradients": _through_the_last},
    ),
    Mistake(
        slug="layers-wx-gradient-own-states",
        says="above the first layer, the gradient of W_x is computed from the layer's own states",
        look_for="a layer's output instead of its input",
        part="layers",
        applies=_stacked_one_way,
        plant={"layer_gradients": _own_states_as_inputs},
    ),
    Mistake(
        slug="layers-gradient-down-through-wh",
        says="the gradient goes down to the layer below through W_h, not through W_x",
        look_for="da @ W_h.T instead of da @ W_x.T",
        part="layers",
        applies=_stacked_one_way,
        plant={"layer_gradients": _down_through_W_h},
    ),
    Mistake(
        slug="layers-final-of-last",
        says="the final states are the last layer's in every place",
        look_for="h_n, which has the final state of every layer",
        part="layers",
        applies=_stacked,
        plant={"finals": _finals_of_the_last},
    ),
    Mistake(
        slug="layers-final-gradient-missing-below",
        says="the final states' gradients are left out in the layers below the last one",
        look_for="the gradient by h_n, which has a part for every layer",
        part="upstream",
        applies=lambda config: config.layers > 1 and config.kind == "layer",
        plant={"by_final": _only_the_last_finals},
    ),
    Mistake(
        slug="directions-reverse-reads-forward",
        says="the second direction reads the sequence forwards, too",
        look_for="x[:, ::-1] for the reverse direction, and its outputs in the order of time again",
        part="directions",
        applies=_both_ways,
        plant={"in_order": lambda right, book, cell, values: list(values)},
    ),
    Mistake(
        slug="directions-outputs-unturned",
        says="the reverse direction's outputs and their gradients are left in reverse order",
        look_for="output[:, ::-1] of the reverse direction, before it is joined to the other",
        part="directions",
        applies=_both_ways,
        plant={"by_step": _unturned_outputs, "for_cell": _unturned_gradients},
    ),
    Mistake(
        slug="directions-gradients-unturned",
        says="the gradients by the reverse direction's outputs are not reversed",
        look_for="d_output[:, ::-1] of the reverse direction",
        part="directions",
        applies=_both_ways,
        plant={"for_cell": _unturned_gradients},
    ),
    Mistake(
        slug="directions-swapped",
        says="the directions are joined in the wrong order, forward and backward",
        look_for="the reverse direction's states after the forward direction's",
        part="directions",
        applies=_both_ways,
        plant={"outputs": _crosswise, "for_cell": _crosswise_back},
    ),
    Mistake(
        slug="directions-share-weights",
        says="both directions use the forward direction's weights",
        look_for="one cell made for both directions, or _reverse missing in a name",
        part="directions",
        applies=_both_ways,
        plant=_shares(_forward_beside, "W_x", "W_h", "b"),
    ),
    Mistake(
        slug="directions-input-gradient-reverse-only",
        says="a layer's inputs get only the reverse direction's gradient",
        look_for="= instead of +=: both directions have read the same inputs",
        part="directions",
        applies=_both_ways,
        plant={"together": lambda right, book, gradients: gradients[-1]},
    ),
    Mistake(
        slug="directions-final-at-last-step",
        says="the reverse direction's final state is read at the last step, where it begins",
        look_for="output[:, -1] instead of the reverse direction's output[:, 0]",
        part="directions",
        applies=_both_ways,
        plant={"final": _at_the_last_step},
    ),
    Mistake(
        slug="time-first-reshaped",
        says="a time-first input is read as a batch-first one by a reshape",
        look_for="x.reshape(batch, steps, features) instead of x.transpose(1, 0, 2)",
        part="input",
        applies=lambda config: config.call == "time-first",
        plant={"given": _reshaped},
    ),
    Mistake(
        slug="unbatched-steps-as-batch",
        says="the steps of an unbatched sequence are read as a batch of single steps",
        look_for="x[None] instead of x[:, None], as (steps, batch, features)",
        part="input",
        applies=lambda config: config.call == "unbatched",
        plant={
            "next_state": _from_h_0,
            "previous": lambda right, book, states: [states[0]] * (len(states) - 1),
            "carried": _nothing_before,
            "first": _first_given,
            "final": _first_one,
            "upstream": _last_everywhere,
            "pass_gradients": _final_everywhere,
        },
    ),
    Mistake(
        slug="bias-absent-learned",
        says="a layer without biases learns biases",
        look_for="a bias that is zero at first, and takes part in the step",
        part="step",
        applies=lambda config: config.bias == "absent",
        plant={"trained": _with_biases},
    ),
)
