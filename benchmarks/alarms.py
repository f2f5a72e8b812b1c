"""False alarms: correct implementations are judged like subjects; none of them may differ."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmarks.ablations import ABLATIONS
from benchmarks.sampling import Sample, sample
from parity.judging.comparator import Comparator
from parity.model.branches import Branches
from parity.model.case import Case
from parity.model.comparison import Comparison, Status
from parity.model.names import ArrayName
from parity.model.trace import Trace, read
from parity.reference.base import Floor
from parity.reference.frameworks.pytorch import pytorch
from parity.reference.noise.floor import NoiseFloor, noise_floor
from parity.reference.thresholds import LIMIT
from parity.subjects.subject import Run
from tests.support.variants import VARIANTS

FULL = "full method"
METHODS: dict[str, NoiseFloor] = {
    FULL: noise_floor,
    **{name: ablation.floor for name, ablation in ABLATIONS.items()},
}

HARMLESS = (Status.AGREES, Status.INCONCLUSIVE, Status.UNDEFINED)
"""The statuses that correct code may get; any other status is a false alarm."""


@dataclass(frozen=True, slots=True)
class Found:
    """The z of one array, and a line that says how to repeat it."""

    z: float
    where: str


@dataclass(slots=True)
class Tally:
    """The results of one method and dtype; it grows as comparisons are counted."""

    statuses: Counter[Status] = field(default_factory=Counter)
    largest: dict[str, Found] = field(default_factory=dict)  # by family
    resolutions: list[float] = field(default_factory=list)
    alarms: list[Found] = field(default_factory=list)

    def add(self, sample: Sample, variant: str, comparison: Comparison) -> None:
        """Count one comparison; z and resolution count only where the noise floor alone decides."""
        self.statuses[comparison.status] += 1
        greatest = comparison.greatest
        found = Found(
            z=float("nan") if greatest is None else greatest.used * LIMIT,
            where=f"{variant!r} at {comparison.name}: {sample}",
        )
        if comparison.status not in HARMLESS:
            self.alarms.append(found)
        if comparison.resolution is not None:
            self.resolutions.append(comparison.resolution)
            self._raise(family(comparison.name), found)

    def merge(self, other: "Tally") -> None:
        """Add the counts of another tally."""
        self.statuses.update(other.statuses)
        self.resolutions.extend(other.resolutions)
        self.alarms.extend(other.alarms)
        for name, found in other.largest.items():
            self._raise(name, found)

    def _raise(self, name: str, found: Found) -> None:
        if name not in self.largest or found.z > self.largest[name].z:
            self.largest[name] = found


Tallies = dict[tuple[str, str], Tally]  # by method and dtype


def family(name: str) -> str:
    """Return `name`, or `grad` for all gradients and `step` for all results of a step."""
    return ArrayName.parse(name).kind.value or name


@np.errstate(all="ignore")  # as in parity.judge: overflows are judged
def judged(
    seed: int,
    methods: Mapping[str, NoiseFloor] = METHODS,
    drawing: Callable[[int], Sample] = sample,
    variants: Mapping[str, Run] = VARIANTS,
) -> Tallies:
    """Judge every variant on `drawing(seed)` by every method."""
    drawn = drawing(seed)
    reference = pytorch.run(drawn.case)
    traces = {name: read(run(drawn.case)) for name, run in variants.items()}
    tallies: Tallies = {}
    for method, floor in methods.items():
        tally = tallies[method, drawn.case.config.dtype] = Tally()
        known = once(floor)
        for variant, trace in traces.items():
            for comparison in compared(drawn.case, trace, reference, known):
                tally.add(drawn, variant, comparison)
    return tallies


def compared(case: Case, trace: Trace, reference: Trace, floor: NoiseFloor) -> Iterator[Comparison]:
    """Yield the comparisons of `parity.judge`, with the resolution of every array."""
    comparator = Comparator(
        case, trace, reference, against=pytorch.name, resolution=True, floor=floor
    )
    yield from comparator.comparisons()


def once(floor: NoiseFloor) -> NoiseFloor:
    """Return a `floor` of one case that computes no floor twice: the variants share them."""
    known: dict[tuple[int, bytes], Floor] = {}

    def remembered(case: Case, copies: int, branches: Branches | None) -> Floor:
        gates = branches.gates.values() if branches is not None else ()
        key = copies, b"".join(own.tobytes() for own in gates)
        if key not in known:
            known[key] = floor(case, copies, branches)
        return known[key]

    return remembered
