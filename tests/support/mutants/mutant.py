"""Mutant: the plain network with a few stages replaced."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from parity.model.case import Case
from parity.model.config import Config
from parity.subjects.subject import Subject
from tests.support.plain import PlainNetwork
from tests.support.plain.base import Array

Stage = Callable[..., Any]
"""A replacement of a stage: called with the network and the stage's own arguments."""

Stages = Mapping[str, Stage]


class MutantError(Exception):
    """A stage that the plain network does not have, or that two mutants replace."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Mutant:
    """A mistake, as a network that makes it.

    Raises MutantError for a stage that the plain network does not have.
    """

    slug: str  # of the mistake, in parity.reference.mistakes
    config: Config  # one that shows it
    stages: Stages
    value: float | None = None  # the mistake's number, if it has one
    of_value: Callable[[float], Stages] | None = None  # makes the stages of any number

    def __post_init__(self) -> None:
        for name in self.stages:
            if not callable(getattr(PlainNetwork, name, None)):
                raise MutantError(f"{self.slug}: the plain network has no stage {name}")

    @property
    def name(self) -> str:
        """The slug, and the number behind it, as in a cause: `bptt-truncated=3`."""
        return self.slug if self.value is None else f"{self.slug}={self.value:g}"

    @property
    def network(self) -> type[PlainNetwork]:
        """The network that makes the mistake."""
        return type("Mutant", (PlainNetwork,), dict(self.stages))

    def run(self, case: Case) -> dict[str, Array]:
        """Return the network's arrays for `case`."""
        return self.network().run(case)

    def subject(self) -> Subject:
        """Return the mutant as a subject."""
        return Subject(name="mutant", run=self.run)

    def having(self, value: float) -> Self:
        """Return the same mistake with another number. Raises MutantError where it has none."""
        if self.of_value is None:
            raise MutantError(f"{self.slug} has no number")
        return replace(self, value=value, stages=self.of_value(value))


def mutant(slug: str, shown_at: str = "classifier", /, **stages: Stage) -> Mutant:
    """Return the mutant that replaces these stages; `shown_at` is the id of a configuration."""
    return Mutant(slug=slug, config=Config.parse(shown_at), stages=stages)


def numbered(
    slug: str, value: float, stages: Callable[[float], Stages], shown_at: str = "classifier"
) -> Mutant:
    """Return the mutant of a mistake with a number; `stages` makes its stages of the number."""
    config = Config.parse(shown_at)
    return Mutant(slug=slug, config=config, stages=stages(value), value=value, of_value=stages)


def where(applies: Callable[[Config], bool], **stages: Stage) -> Stages:
    """Return stages that replace the right ones in some configurations only."""
    return {name: _either(applies, name, stage) for name, stage in stages.items()}


def _either(applies: Callable[[Config], bool], name: str, wrong: Stage) -> Stage:
    def stage(net: PlainNetwork, *given: Any) -> Any:
        taken = wrong if applies(net.config) else getattr(PlainNetwork, name)
        return taken(net, *given)

    return stage


def combined(*mutants: Mutant) -> Subject:
    """Return a subject that makes all these mistakes.

    Raises MutantError where two of them replace the same stage.
    """
    stages: dict[str, Stage] = {}
    for each in mutants:
        if both := stages.keys() & each.stages:
            raise MutantError(f"{each.slug} and another mutant replace {', '.join(sorted(both))}")
        stages |= each.stages
    return mutant("combined", **stages).subject()
