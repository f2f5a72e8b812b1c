"""The grid: the configurations that a test run covers, in groups of one test each."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parity.cases.pairwise import of_classifiers, of_layers
from parity.model.config import Config, short_id

CLASSES = 4  # unlike every other size of the grid: a swapped axis cannot go unseen


HUGE = ("huge",)
"""Weights with which exponentials overflow: of one step, before a network of them is chaotic."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Configurations that share everything in `id`; inputs, weights and seeds vary inside."""

    id: str  # parses to the first of them
    configs: tuple[Config, ...]

    @property
    def more_than_one_way(self) -> bool:
        """Whether a subject can be asked again in another way: see `parity.judging.metamorphic`."""
        first = self.configs[0]
        return first.batch > 1 or first.kind == "layer"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A product of sizes, and the pairs of all other options."""

    batch: Sequence[int]
    steps: Sequence[int]
    features: Sequence[int]
    hidden: Sequence[int]
    weights: Sequence[str]
    seeds: int
    options: bool = True  # whether the pairs of further options are part of it

    def groups(self, seeds: int | None = None) -> Iterator[Group]:
        """Yield every group; `seeds` replaces the number of seeds."""
        count = seeds or self.seeds
        of_sizes = list(self._sizes(count))
        yield from of_sizes
        if self.options:
            known = {config for group in of_sizes for config in group.configs}
            yield from (group for group in _of_options(count) if group.configs[0] not in known)

    def _sizes(self, seeds: int) -> Iterator[Group]:
        """Yield every group of sizes, of all kinds, activations and the usual dtypes."""
        outer = itertools.product(
            ("classifier", "layer"),
            ("tanh", "relu"),
            ("float64", "float32"),
            self.batch,
            self.steps,
            self.hidden,
        )
        for kind, activation, dtype, batch, steps, hidden in outer:
            shared = Config(
                kind=kind,
                activation=activation,
                dtype=dtype,
                batch=batch,
                steps=steps,
                hidden=hidden,
                classes=CLASSES,
                features=self.features[0],
            )
            weights = (*self.weights, *(HUGE if batch > 1 and steps == 1 else ()))
            inner = itertools.product(self.features, weights, range(seeds))
            configs = tuple(
                shared.replace(features=features, weights=weights, seed=seed)
                for features, weights, seed in inner
            )
            yield Group(id=_id(shared), configs=configs)


def _of_options(seeds: int) -> Iterator[Group]:
    """Yield a group for each combination of options, at ordinary sizes."""
    for config in (*of_layers(), *of_classifiers()):
        configs = tuple(config.replace(seed=seed) for seed in range(seeds))
        yield Group(id=str(config), configs=configs)


GRIDS = {
    "smoke": Grid(
        batch=(7,),
        steps=(5,),
        features=(3,),
        hidden=(6,),
        weights=("torch", "chaotic"),
        seeds=1,
        options=False,
    ),
    "default": Grid(
        batch=(1, 7),
        steps=(1, 2, 5, 28),
        features=(3,),
        hidden=(1, 6, 16),
        weights=("torch", "small", "chaotic"),
        seeds=2,
    ),
    "full": Grid(
        batch=(1, 2, 7, 32),
        steps=(1, 2, 5, 28),
        features=(3, 10),
        hidden=(1, 6, 16, 64),
        weights=("torch", "small", "chaotic"),
        seeds=5,
    ),
}


def _id(shared: Config) -> str:
    names = ("batch", "steps", "hidden", "activation", "dtype")
    kind = {"kind": "layer"} if shared.kind == "layer" else {}
    return short_id(**{name: getattr(shared, name) for name in names}, **kind)
