"""Probes: the configurations on which a diagnosis runs its subject.

Mistakes hide: one row hides the batch, one step hides the recurrence, few steps hide a truncation,
small gradients hide a clipping, and h_0 = 0 hides the initial state. Each probe is extreme in one
way. All sizes of the ordinary probe are different, so that no factor looks like another.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from parity.cases.draw import draw
from parity.cases.scaled import with_large_gradients
from parity.model.case import Array, Case
from parity.model.config import Config

USUAL_SIZES = {"batch": 4, "steps": 6, "features": 3, "hidden": 5, "classes": 7, "lr": 0.03}
OTHER_SIZES = {
    "batch": 3,
    "steps": 4,
    "features": 2,
    "hidden": 7,
    "classes": 5,
    "lr": 0.3,
    "seed": 1,
}
EQUAL_SIZES = dict.fromkeys(("batch", "steps", "features", "hidden", "classes"), 4)

FURTHER_SIZES: tuple[dict[str, Any], ...] = (
    {"steps": 9},
    {"batch": 2, "steps": 8},
    {"hidden": 1},
    {"classes": 2},
    {"lr": 0.5},
)

STRENGTHS = (
    *("dropout", "smoothing", "momentum", "dampening", "weight_decay"),
    *("clip_value", "clip_norm"),
)
"""Options that are numbers: the probe of other sizes has other values of them, too."""

MOST_OF_A_PROBE = 2**13
"""Entries of states, inputs and weights that a configuration may have to be a probe, at most."""


ASKED, ORDINARILY, OTHERWISE = "as asked", "ordinary", "other sizes"
DISTINCT = (ORDINARILY, OTHERWISE)
"""Labels of the probes whose sizes are all different, so that a factor shows which size it is."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A case, and what is special about it."""

    label: str
    case: Case


def probes(
    config: Config,
    dtype: str = "float64",
    asks: Mapping[str, Any] | None = None,
    around: Config | None = None,
) -> Iterator[Probe]:
    """Yield the configuration of the inquiry, unless it is large, and a dozen around it.

    A 16-bit configuration has the same numbers in `dtype`, where noise hides nothing. `asks` has
    the only values of options that a subject supports: other probes are left out. `around` is
    another configuration for the dozen to be like.
    """
    asks = asks or {}
    dtype = asks.get("dtype", dtype)
    for probe in itertools.chain(_asked(config, dtype), _around(around or config, dtype, asks)):
        if all(getattr(probe.case.config, name) == value for name, value in asks.items()):
            yield probe


COARSE = ("float16", "bfloat16")
"""Formats in which noise can hide a mistake, or flip a gate of relu."""

SHIFTS = ("batch", "dtype")
"""Options that a probe changes to what the subject supports; for others it is left out."""


def is_small(config: Config) -> bool:
    """Return whether a configuration is small enough to be a probe itself."""
    states = config.batch * config.steps * config.hidden
    weights = config.hidden * (config.features + config.hidden + config.classes)
    return states + weights + config.batch * config.steps * config.features <= MOST_OF_A_PROBE


def _asked(config: Config, dtype: str) -> Iterator[Probe]:
    if is_small(config):
        case = draw(config)
        yield Probe(label=ASKED, case=case.in_format(dtype) if config.dtype in COARSE else case)


def _around(config: Config, dtype: str, asks: Mapping[str, Any]) -> Iterator[Probe]:
    batch = {name: size for name, size in asks.items() if name == "batch"}
    base = _of_sizes(config, USUAL_SIZES, dtype, **batch)
    yield Probe(label=ORDINARILY, case=draw(base))
    others = {name: value for name, value in _other_strengths(config) if name not in asks}
    other_sizes = _of_sizes(config, {**OTHER_SIZES, **others}, dtype, weights="chaotic", **batch)
    yield Probe(label=OTHERWISE, case=draw(other_sizes))
    base = _smaller(base)
    if base.batch > 1:
        yield Probe(label="one row", case=draw(base.replace(batch=1)))
    yield Probe(label="one step", case=draw(base.replace(steps=1)))
    yield Probe(label="two steps", case=draw(base.replace(steps=2)))
    yield Probe(label="14 steps", case=draw(base.replace(steps=14, weights="chaotic")))
    square = _of_sizes(_smaller(config), {**USUAL_SIZES, **EQUAL_SIZES}, dtype, **batch)
    yield Probe(label="all sizes equal", case=draw(square))
    yield Probe(label="large gradients", case=with_large_gradients(draw(base)))
    ordinary = draw(base)
    if base.initial == "drawn":
        yield Probe(label="h_0 = 0", case=_with(ordinary, "h_0", lambda h_0: h_0 * 0))
    if base.data == "drawn":
        yield Probe(label="huge inputs", case=ordinary.replace(x=ordinary.x * 1e4))
    if base.kind == "classifier":
        yield Probe(label="huge logits", case=ordinary.replace(W_out=ordinary.W_out * 1e4))
    other = {"tanh": "relu", "relu": "tanh"}[base.activation]
    yield Probe(label=f"{other} instead", case=draw(base.replace(activation=other)))
    other = {"classifier": "layer", "layer": "classifier"}[base.kind]
    yield Probe(label=f"{other} instead", case=draw(base.replace(kind=other)))


def further(config: Config, asks: Mapping[str, Any] | None = None) -> Iterator[Probe]:
    """Yield more configurations, for mistakes that the probes do not tell apart."""
    shift = {name: value for name, value in (asks or {}).items() if name in SHIFTS}
    for number, sizes in enumerate(FURTHER_SIZES, 1):
        changes = {"dtype": "float64", "seed": number, **shift}
        case = draw(_of_sizes(_smaller(config), {**USUAL_SIZES, **sizes}, **changes))
        yield Probe(label=f"further {number}", case=case)
        yield Probe(label=f"further {number}, large gradients", case=with_large_gradients(case))


def linear(config: Config) -> Case:
    """Return a case in which every relu is open, so that the network is linear."""
    case = draw(_of_sizes(config, USUAL_SIZES, "float64", activation="relu"))
    case = case.replace(x=abs(case.x))
    for of in ("h_0", "W_x", "W_h", "b"):
        case = _with(case, of, abs)
    return case


def _smaller(config: Config) -> Config:
    """Return the same with only as many layers and updates as are needed to show both."""
    most = {name: min(getattr(config, name), 2) for name in ("layers", "updates")}
    return config.replace(**most)


def _with(case: Case, of: str, change: Callable[[Array], Array]) -> Case:
    """Return the case with every cell's array of this kind changed."""
    names = (cell.name(of) for cell in case.config.cells)
    return case.replace(**{name: change(getattr(case, name)) for name in names})


def _other_strengths(config: Config) -> Iterator[tuple[str, float]]:
    """Yield the options with a number that are in use, and another number: two thirds of it."""
    for name in STRENGTHS:
        if (asked := getattr(config, name)) > 0:
            yield name, float(f"{asked * 2 / 3:.2g}")


def _of_sizes(config: Config, sizes: Mapping[str, Any], dtype: str, **changes: Any) -> Config:
    """Return a configuration like `config` of other sizes and ordinary numbers.

    Ids stay ids, and one sequence stays one.
    """
    data = config.data if config.data in ("ids", "vocabulary") else "drawn"
    shared = {"classes": sizes["features"]} if data == "vocabulary" else {}
    if config.call == "unbatched":
        shared["batch"] = 1
    ordinary = {"weights": "torch", "data": data, "labels": "drawn", "gradients": "ordinary"}
    changes = {**ordinary, "dtype": dtype, **changes}
    return config.replace(**{**sizes, **shared, **changes})
