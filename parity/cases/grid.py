"""The grid: the configurations that a test run covers, in groups of one test each."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from parity.cases.pairwise import of_classifiers, of_layers
from parity.cases.sizes import OVERFLOW, of_other_sizes, of_sizes
from parity.model.config import Config

KINDS, ACTIVATIONS, DTYPES = ("classifier", "layer"), ("tanh", "relu"), ("float64", "float32")
"""A subject may support only some of these: every combination has its own pairs of sizes."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Configurations that one test asks about: of the same sizes, or of the same options."""

    id: str  # of the first of them
    configs: tuple[Config, ...]

    @property
    def more_than_one_way(self) -> bool:
        """Whether a subject can be asked again in another way: see `parity.judging.metamorphic`."""
        first = self.configs[0]
        return first.batch > 1 or first.kind == "layer"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Pairs of sizes and numbers for each kind, activation and dtype, and of all other options."""

    most: int | None = None  # how many configurations of the pairs of sizes are taken; None: all
    more: int = 0  # configurations of random sizes and numbers, besides
    seeds: int = 1
    options: bool = True  # whether the pairs of further options are part of it

    def groups(self, seeds: int | None = None) -> Iterator[Group]:
        """Yield every group; `seeds` replaces the number of seeds."""
        count, known = seeds or self.seeds, set[Config]()
        for configs in self._sets():
            group = tuple(
                dict.fromkeys(c.replace(seed=c.seed + n) for c in configs for n in range(count))
            )
            new = tuple(config for config in group if config not in known)
            known.update(new)
            if new:
                yield Group(id=str(new[0]), configs=new)

    def _sets(self) -> Iterator[Sequence[Config]]:
        """Yield the configurations of every group, of one seed each."""
        blocks = itertools.product(KINDS, ACTIVATIONS, DTYPES)
        for turn, (kind, activation, dtype) in enumerate(blocks):
            shared = Config(kind=kind, activation=activation, dtype=dtype)
            yield from _by_sizes(of_sizes(shared, turn, self.most, self.more))
            if self.options:
                yield (shared.replace(**OVERFLOW),)
        if self.options:
            for kind in KINDS:
                yield [Config(kind=kind).replace(**SIZES, **alone) for alone in ALONE]
            yield from of_other_sizes((*of_layers(), *of_classifiers()))


SIZES = {"batch": 3, "steps": 4, "features": 5, "hidden": 4, "classes": 3}

ALONE: tuple[dict[str, Any], ...] = (
    {"layers": 2},
    {"bidirectional": True},
    {"layers": 2, "bidirectional": True},
    {"initial": "absent"},
)
"""Further options without any other: a network that knows one of them alone is asked with it."""


def _by_sizes(configs: Iterable[Config]) -> Collection[Sequence[Config]]:
    """Return the configurations of each batch and number of steps."""
    found: dict[tuple[int, int], list[Config]] = {}
    for config in configs:
        found.setdefault((config.batch, config.steps), []).append(config)
    return found.values()


GRIDS = {
    "smoke": Grid(most=2, options=False),
    "default": Grid(),
    "full": Grid(more=600, seeds=2),
}
