"""Mistakes in SGD's options, in requested clipping, and from one update to the next."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parity.model.config import Config
from parity.model.names import without_suffix
from parity.reference.equations.clipping import BESIDE, clipped_at, norm_factor
from parity.reference.mistakes.mistake import Mistake, Wrong

BIASES, HEAD = ("b", "b_out"), ("W_out", "b_out")


def _has_momentum(config: Config) -> bool:
    return config.momentum > 0


def _moves_on(config: Config) -> bool:
    """Whether momentum has something to keep from one update to the next."""
    return config.momentum > 0 and config.updates > 1


def _decays(config: Config) -> bool:
    return config.weight_decay > 0


def _clips_norm(config: Config) -> bool:
    return config.clip_norm > 0


def _clips(config: Config) -> bool:
    return config.clip_norm > 0 or config.clip_value > 0


def _goes_on(config: Config) -> bool:
    return config.updates > 1


def _steps_with(**options: Any) -> dict[str, Wrong]:
    """Step as if other options were set."""

    def descent(right: Wrong, book: Any, given: Any, *rest: Any) -> Any:
        case = given.case
        other = case.replace(case.config.replace(**options))
        return right(replace(given, case=other), *rest)

    return {"descent": descent}


# -- SGD -----------------------------------------------------------------------------------------


def _dampened_at_first(
    right: Wrong, book: Any, given: Any, name: str, pull: Any, before: Any
) -> Any:
    config = given.case.config
    found = right(given, name, pull, before)
    return found * (1 - config.dampening) if before is None and config.momentum else found


def _forgotten(right: Wrong, book: Any, given: Any, name: str, pull: Any, before: Any) -> Any:
    return right(given, name, pull, None)


def _average(right: Wrong, book: Any, given: Any, name: str, pull: Any, before: Any) -> Any:
    """v = momentum v + (1 - momentum) g, from zero"""
    momentum = given.case.config.momentum
    if not momentum:
        return right(given, name, pull, before)
    new = pull * (1 - momentum)
    return new if before is None else before * momentum + new


def _nesterov_unscaled(
    right: Wrong, book: Any, given: Any, name: str, pull: Any, velocity: Any
) -> Any:
    if not given.case.config.nesterov:
        return right(given, name, pull, velocity)
    return pull + velocity


def _nesterov_before(
    right: Wrong, book: Any, given: Any, name: str, pull: Any, velocity: Any
) -> Any:
    """v alone, with the momentum that Nesterov's step takes ahead: momentum v."""
    config = given.case.config
    return velocity * config.momentum if config.nesterov else right(given, name, pull, velocity)


def _decay(times: Callable[[str], float]) -> dict[str, Wrong]:
    """Multiply the weight decay of a parameter by a factor."""

    def pull(right: Wrong, book: Any, given: Any, name: str, gradient: Any) -> Any:
        case = given.case
        plain = replace(given, case=case.replace(case.config.replace(weight_decay=0.0)))
        decay = given.parameter(name) * (case.config.weight_decay * times(name))
        return right(plain, name, gradient) + decay

    return {"pull": pull}


def _uphill_with_decay(right: Wrong, book: Any, given: Any, name: str, gradient: Any) -> Any:
    """-(g + wd w)"""
    case = given.case
    if not case.config.maximize:
        return right(given, name, gradient)
    downhill = replace(given, case=case.replace(case.config.replace(maximize=False)))
    return right(downhill, name, gradient) * -1.0


def _step_decayed(right: Wrong, book: Any, given: Any, name: str, gradient: Any) -> Any:
    decay = given.parameter(name) * given.case.config.weight_decay
    return right(given, name, gradient + decay)


# -- clipping ------------------------------------------------------------------------------------


def _clipped(clip: Callable[[Any, Config, dict[str, Any]], dict[str, Any]]) -> dict[str, Wrong]:
    """Clip wrongly, where clipping is requested."""

    def clipped(right: Wrong, book: Any, given: Any, grads: dict[str, Any]) -> dict[str, Any]:
        config = given.case.config
        return clip(book, config, grads) if _clips(config) else dict(right(given, grads))

    return {"clipped": clipped}


def _each(book: Any, config: Config, grads: dict[str, Any]) -> dict[str, Any]:
    factor = {n: norm_factor(book.do, [g], config.clip_norm) for n, g in grads.items()}
    return {n: g * factor[n] for n, g in grads.items()}


def _all_scaled(book: Any, grads: Mapping[str, Any], factor: Any) -> dict[str, Any]:
    return {n: g * factor for n, g in grads.items()}


def _always_scaled(book: Any, config: Config, grads: dict[str, Any]) -> dict[str, Any]:
    """Scale shorter gradients to the norm, too."""
    beyond = 2.0**40
    longer = [g * beyond for g in grads.values()]
    factor = norm_factor(book.do, longer, config.clip_norm, BESIDE * beyond) * beyond
    return _all_scaled(book, grads, factor)


def _norm_for_value(book: Any, config: Config, grads: dict[str, Any]) -> dict[str, Any]:
    return _all_scaled(book, grads, norm_factor(book.do, grads.values(), config.clip_value))


def _value_for_norm(book: Any, config: Config, grads: dict[str, Any]) -> dict[str, Any]:
    return {n: clipped_at(book.do, g, config.clip_norm) for n, g in grads.items()}


def _from_above(book: Any, config: Config, grads: dict[str, Any]) -> dict[str, Any]:
    def cut(v: Any) -> Any:
        return np.minimum(v, config.clip_value)

    def slope(v: Any) -> Any:
        return (v <= config.clip_value) * 1.0

    return {n: book.do.mapped(cut, slope, g) for n, g in grads.items()}


def _without_head(right: Wrong, book: Any, given: Any, grads: dict[str, Any]) -> dict[str, Any]:
    clipped: dict[str, Any] = right(given, {n: g for n, g in grads.items() if n not in HEAD})
    return grads | clipped


def _norm_of_all(right: Wrong, book: Any, given: Any, gradients: Any, before: Any) -> Any:
    """Scale by a norm of all gradients, and do not clip again."""
    case = given.case
    if not case.config.clip_norm:
        return right(given, gradients, before)
    own = book.trained(given, gradients)
    initial = [g for n, g in gradients.items() if without_suffix(n) == "h_0"]
    every = [*own.values(), *initial, *gradients["x"]]
    scaled = _all_scaled(book, own, norm_factor(book.do, every, case.config.clip_norm))
    unclipped = case.replace(case.config.replace(clip_norm=0.0))
    return right(replace(given, case=unclipped), gradients | scaled, before)


def _clipped_reported() -> dict[str, Wrong]:
    def gradients(right: Wrong, book: Any, given: Any, *rest: Any) -> dict[str, Any]:
        found: dict[str, Any] = right(given, *rest)
        own = {n: g for n, g in found.items() if n in given.case.parameters}
        config = given.case.config
        if config.clip_value:
            own = {n: clipped_at(book.do, g, config.clip_value) for n, g in own.items()}
        elif config.clip_norm:
            own = _all_scaled(book, own, norm_factor(book.do, own.values(), config.clip_norm))
        return found | own

    return {"gradients": gradients, "clipped": lambda right, book, given, grads: grads}


def _decayed_first(right: Wrong, book: Any, given: Any, gradients: Any, before: Any) -> Any:
    """Clip the gradients after the weight decay has been added to them."""
    case, own = given.case, book.trained(given, gradients)
    pulls = {name: book.pull(given, name, g) for name, g in own.items()}
    plain = case.replace(case.config.replace(weight_decay=0.0, maximize=False))
    return right(replace(given, case=plain), gradients | pulls, before)


# -- from one update to the next -----------------------------------------------------------------


def _added_up(right: Wrong, book: Any, given: Any, gradients: Any, before: Any) -> Any:
    if before is None:
        return right(given, gradients, None)
    own = book.trained(given, gradients)
    added = {name: before.gradients[name] + g for name, g in own.items()}
    return right(given, gradients | added, before)


def _first_again(right: Wrong, book: Any, given: Any, gradients: Any, before: Any) -> Any:
    return right(given, gradients if before is None else before.gradients, before)


def _states_kept(right: Wrong, book: Any, given: Any, before: Any) -> Any:
    """Start an update from the final states of the one before."""
    if before is None:
        return right(given, None)
    cells = given.case.config.cells
    kept = {cell.name("h_0"): before.finals[cell.name("final")] for cell in cells}
    return right(given.after(kept), before)


MISTAKES = (
    Mistake(
        slug="momentum-no-effect",
        says="momentum has no effect: no velocity is kept from one update to the next",
        look_for="a velocity, or an optimiser, that every update makes again",
        part="step",
        applies=_moves_on,
        plant={"velocity": _forgotten},
    ),
    Mistake(
        slug="momentum-moving-average",
        says="the velocity is a moving average: momentum v + (1 - momentum) g",
        look_for="a factor 1 - momentum; PyTorch calls it dampening, and its default is none",
        part="step",
        applies=_has_momentum,
        plant={"velocity": _average},
    ),
    Mistake(
        slug="momentum-first-dampened",
        says="the first update's gradient is dampened, too",
        look_for="a velocity that starts at zero; PyTorch's first one is the undampened gradient",
        part="step",
        applies=lambda config: config.dampening > 0,
        plant={"velocity": _dampened_at_first},
    ),
    Mistake(
        slug="momentum-dampening-ignored",
        says="the dampening of momentum is ignored",
        look_for="(1 - dampening) * g in the velocity",
        part="step",
        applies=lambda config: config.dampening > 0 and config.updates > 1,
        plant=_steps_with(dampening=0.0),
    ),
    Mistake(
        slug="nesterov-ignored",
        says="Nesterov's momentum is plain momentum",
        look_for="a step along v instead of g + momentum * v",
        part="step",
        applies=lambda config: config.nesterov,
        plant=_steps_with(nesterov=False),
    ),
    Mistake(
        slug="nesterov-factor-missing",
        says="Nesterov's step is g + v: the momentum factor is missing",
        look_for="g + momentum * v",
        part="step",
        applies=lambda config: config.nesterov,
        plant={"heading": _nesterov_unscaled},
    ),
    Mistake(
        slug="nesterov-gradient-missing",
        says="Nesterov's step is momentum v: the gradient is not added to it",
        look_for="g + momentum * v",
        part="step",
        applies=lambda config: config.nesterov,
        plant={"heading": _nesterov_before},
    ),
    Mistake(
        slug="weight-decay-ignored",
        says="the weight decay is ignored",
        look_for="a weight decay that is passed and never used",
        part="step",
        applies=_decays,
        plant=_decay(lambda _: 0.0),
    ),
    Mistake(
        slug="weight-decay-wrong-sign",
        says="the weight decay has the wrong sign: weights grow",
        look_for="g - weight_decay * w instead of g + weight_decay * w",
        part="step",
        applies=lambda config: _decays(config) and not config.maximize,  # it may change both signs
        plant=_decay(lambda _: -1.0),
    ),
    Mistake(
        slug="weight-decay-doubled",
        says="the weight decay is doubled",
        look_for="2 * weight_decay * w, the gradient of weight_decay |w|^2",
        part="step",
        applies=_decays,
        plant=_decay(lambda _: 2.0),
    ),
    Mistake(
        slug="weight-decay-biases-missing",
        says="biases are left out of the weight decay",
        look_for="a test for names or dimensions before the decay: PyTorch decays all parameters",
        part="step",
        applies=lambda config: (
            _decays(config) and (config.bias != "absent" or config.kind == "classifier")
        ),
        plant=_decay(lambda name: float(without_suffix(name) not in BIASES)),
    ),
    Mistake(
        slug="weight-decay-decoupled",
        says="the weight decay is decoupled: it does not pass through the velocity",
        look_for="a decay in the step, as in AdamW, and none in the gradient that v adds up",
        part="step",
        applies=lambda config: _decays(config) and config.momentum > 0,
        plant={**_decay(lambda _: 0.0), "step": _step_decayed},
    ),
    Mistake(
        slug="maximize-ignored",
        says="maximize is ignored: the step goes downhill",
        look_for="-g, which makes the step go up",
        part="step",
        applies=lambda config: config.maximize,
        plant=_steps_with(maximize=False),
    ),
    Mistake(
        slug="maximize-turns-weight-decay",
        says="maximize changes the sign of the weight decay, too",
        look_for="-(g + weight_decay * w) instead of weight_decay * w - g",
        part="step",
        applies=lambda config: config.maximize and _decays(config),
        plant={"pull": _uphill_with_decay},
    ),
    Mistake(
        slug="clip-norm-each",
        says="each gradient is clipped by its own norm, not all by their common one",
        look_for="a norm of one gradient at a time",
        part="clipping",
        applies=_clips_norm,
        plant=_clipped(_each),
    ),
    Mistake(
        slug="clip-norm-scales-up",
        says="gradients are always scaled to the clipping norm, even if they are shorter",
        look_for="min(1, limit / norm)",
        part="clipping",
        applies=_clips_norm,
        plant=_clipped(_always_scaled),
    ),
    Mistake(
        slug="clip-norm-counts-inputs",
        says="the clipping norm includes the gradients of x and of the initial states",
        look_for="a norm over all gradients instead of the parameters' gradients",
        part="clipping",
        applies=_clips_norm,
        plant={"descent": _norm_of_all},
    ),
    Mistake(
        slug="clip-norm-by-value",
        says="every entry is clipped at the requested norm",
        look_for="np.clip instead of scaling all gradients by their norm",
        part="clipping",
        applies=_clips_norm,
        plant=_clipped(_value_for_norm),
    ),
    Mistake(
        slug="clip-value-by-norm",
        says="gradients are scaled by their norm, though their entries should be clipped",
        look_for="a norm instead of np.clip",
        part="clipping",
        applies=lambda config: config.clip_value > 0,
        plant=_clipped(_norm_for_value),
    ),
    Mistake(
        slug="clip-value-above-only",
        says="gradients are clipped at a value from above, and not from below",
        look_for="np.minimum alone instead of np.clip, which has both limits",
        part="clipping",
        applies=lambda config: config.clip_value > 0,
        plant=_clipped(_from_above),
    ),
    Mistake(
        slug="clip-head-missing",
        says="the head's gradients are neither clipped nor counted in the norm",
        look_for="W_out and b_out, missing where gradients are clipped",
        part="clipping",
        applies=lambda config: _clips(config) and config.kind == "classifier",
        plant={"clipped": _without_head},
    ),
    Mistake(
        slug="clip-reported-gradients",
        says="the reported gradients are clipped already",
        look_for="clipping inside backward: it belongs to the step",
        part="clipping",
        applies=_clips,
        plant=_clipped_reported(),
    ),
    Mistake(
        slug="clip-after-weight-decay",
        says="the weight decay is added before gradients are clipped",
        look_for="clipping inside the optimiser, after the decay",
        part="clipping",
        applies=lambda config: _clips(config) and _decays(config),
        plant={"descent": _decayed_first},
    ),
    Mistake(
        slug="updates-gradients-added-up",
        says="gradients are added up from one update to the next",
        look_for="gradients that are not set to zero before backward",
        part="updates",
        applies=_goes_on,
        plant={"descent": _added_up},
    ),
    Mistake(
        slug="updates-first-gradients",
        says="every update uses the gradients of the first update",
        look_for="a backward before the loop over the updates, and none inside it",
        part="updates",
        applies=_goes_on,
        plant={"descent": _first_again},
    ),
    Mistake(
        slug="updates-state-kept",
        says="every update starts from the final states of the update before",
        look_for="a state kept in an attribute, and not reset when forward is called",
        part="updates",
        applies=_goes_on,
        plant={"update": _states_kept},
    ),
)
