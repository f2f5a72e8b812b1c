"""Mistakes with dropout between layers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from parity.model.case import Array, Case
from parity.model.config import Config
from parity.reference.mistakes.mistake import Mistake, Wrong


def _drops(config: Config) -> bool:
    return config.dropping


def _masks(wrong: Callable[[Case, Array], Array]) -> dict[str, Wrong]:
    """Misread every mask."""

    def given(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
        masks = {n: wrong(case, a) for n, a in case.more.items() if n.startswith("mask_")}
        return right(case.replace(**masks), *rest)

    return {"given": given}


def _first_step(case: Case, mask: Array) -> Array:
    return np.repeat(mask[:, :1], case.config.steps, axis=1)


def _scaled_in_evaluation(right: Wrong, book: Any, given: Any, number: int, values: Any) -> Any:
    config = given.case.config
    found = right(given, number, values)
    return found if config.mode == "training" else [h * (1 - config.dropout) for h in found]


def _last_dropped(right: Wrong, book: Any, layer: Any) -> list[Any]:
    given, config = layer[0].given, layer[0].given.case.config
    outputs: list[Any] = right(layer)
    if not config.dropping or layer[0].cell.layer < config.layers - 1:
        return outputs
    return list(book.dropped(given, config.layers - 2, outputs))


def _last_dropped_back(right: Wrong, book: Any, layers: Any, upstream: Any, finals: Any) -> Any:
    given = layers[0][0].given
    config, own = given.case.config, list(upstream)
    if config.dropping:
        some = [d for d in own if d is not None]
        zeros = [some[0] * 0.0] * len(own) if some else []
        full = [z if d is None else d for d, z in zip(own, zeros, strict=True)] if some else own
        own = book.dropped(given, config.layers - 2, full) if some else own
    return right(layers, own, finals)


MISTAKES = (
    Mistake(
        slug="dropout-unscaled",
        says="dropout does not scale the states that it keeps: its mask has zeros and ones",
        look_for="a division by 1 - dropout",
        part="dropout",
        applies=_drops,
        plant=_masks(lambda case, mask: (mask > 0).astype(mask.dtype)),
    ),
    Mistake(
        slug="dropout-mask-shared-by-steps",
        says="dropout has one mask for all steps",
        look_for="a mask that is drawn once, and not for every step of every sequence",
        part="dropout",
        applies=_drops,
        plant=_masks(_first_step),
    ),
    Mistake(
        slug="dropout-mask-shared-by-layers",
        says="dropout has one mask for all layers",
        look_for="a mask that is drawn once, and not for every layer",
        part="dropout",
        applies=lambda config: config.dropping and config.layers > 2,
        plant=_masks(lambda case, mask: case.mask_l0),
    ),
    Mistake(
        slug="dropout-missing-backward",
        says="dropout's mask is missing in the backward",
        look_for="the mask that multiplied a layer's states: it also multiplies their gradient",
        part="dropout",
        applies=_drops,
        plant={"passed_down": lambda right, book, given, number, gradients: gradients},
    ),
    Mistake(
        slug="dropout-after-last-layer",
        says="the last layer's states are dropped, too",
        look_for="dropout inside the loop over all layers: nn.RNN has it between layers only",
        part="dropout",
        applies=_drops,
        plant={"outputs": _last_dropped, "network_gradients": _last_dropped_back},
    ),
    Mistake(
        slug="dropout-scaled-in-evaluation",
        says="in evaluation states are multiplied by the share that training keeps",
        look_for="a factor 1 - dropout, when training has divided by it already",
        part="dropout",
        applies=lambda config: config.dropout > 0 and config.mode == "evaluation",
        plant={"dropped": _scaled_in_evaluation},
    ),
)
