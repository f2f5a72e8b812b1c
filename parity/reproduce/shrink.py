"""Shrinking: find the smallest configuration with the same failure, by hypothesis."""

import contextlib
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from parity.cases.draw import draw
from parity.diagnosis.diagnose import Diagnosis, diagnose
from parity.judging.judge import judge
from parity.model.config import Config
from parity.model.constraints import DIGITS
from parity.model.errors import ConfigError
from parity.model.finding import Misbehaviour
from parity.model.verdict import Verdict
from parity.reference.base import Reference
from parity.reproduce.symptom import symptom
from parity.subjects.capabilities import ORDINARY
from parity.subjects.subject import Subject

BUDGET = 2000
"""Work of a search, at most, in judgements of a small configuration: some 20 seconds.

One takes 10 ms on the measured machine. The searches in the tests take 1 to 115 of them.
"""

STEPS, STATES = 20, 4000
"""Steps of a cell, and states, that take as long as a small configuration.

Measured: 1 ms for one to four steps, up to 784 of them, and 2 to 4 us a state, up to 128 units
and a batch of 64.
"""

THOROUGH = 4
"""The cost of a thorough judgement, in judgements; more where the exact oracle is asked."""

TIMEOUTS = 2
"""After this many configurations without an answer in time, no other is tried."""

SIZES = ("layers", "updates", "batch", "steps", "hidden", "features", "classes")
"""The order of size of two configurations: the first field that differs decides."""

REPLACED = ("data", "labels", "gradients", "weights", "lr")
"""Fields whose default is tried, together with sizes; kind, activation and dtype stay."""

OTHERS = tuple(name for name in ORDINARY if name not in ("dtype", *SIZES))
"""Fields whose default is tried, one after the other: some need others."""

SEEDS = 4
"""How many seeds are tried, from 0 on: in a tiny network a single seed hides much."""

CANDIDATES = 3
"""Small configurations that are diagnosed, at most, to see whether the mistake is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The smallest configuration that was found to fail in the same way, and the search for it."""

    config: Config
    tried: int  # configurations that the subject was asked about
    seconds: float


def shrink(
    subject: Subject,
    verdict: Verdict,
    reference: Reference,
    budget: int = BUDGET,
    why: Diagnosis | None = None,
) -> Shrunk:
    """Return the smallest configuration in which `subject` fails as it did in `verdict`.

    A failure is the same if the subject misbehaves in the same ways and the same array is wrong
    first, with the same status; and if its diagnosis names the causes that `why` names. In the
    result no single size can be lowered, unless the budget was spent; in the worst case it is
    the verdict's own configuration. The result does not depend on the speed of the machine.
    """
    start = time.perf_counter()
    search = _Search(subject, verdict, reference, budget)
    with _hypothesis_repeatable():
        smallest = _lowered(search, _found(search, _plain(search)))
    if why is not None and why.causes:
        smallest = _confirmed(search, smallest, why)
    return Shrunk(config=smallest, tried=len(search.known), seconds=time.perf_counter() - start)


class _Search:
    """The results so far: whether the subject fails in the same way at each configuration."""

    def __init__(
        self, subject: Subject, verdict: Verdict, reference: Reference, budget: int
    ) -> None:
        self.subject, self.reference = subject, reference
        self._left, self._timeouts = float(budget), 0
        self.failing = verdict.config
        self.symptom = symptom(verdict)
        self.known = {self.failing: True}
        self._thorough = False
        if not self._same(self.failing):
            self._thorough = True  # only its behaviour, or its step alone, is wrong
            if not self._same(self.failing):
                self._left = 0  # it does not fail on the drawn case: no other is tried

    def fails(self, config: Config) -> bool:
        """Return whether the subject fails at `config` in the same way; False without budget."""
        if config not in self.known and self._left > 0 and self._timeouts < TIMEOUTS:
            self.known[config] = self._same(config)
        return self.known.get(config, False)

    def _same(self, config: Config) -> bool:
        self._left -= _work(config) * (THOROUGH if self._thorough else 1)
        verdict = judge(self.subject, draw(config), self.reference, thorough=self._thorough)
        self._timeouts += any(f.kind is Misbehaviour.TIMEOUT for f in verdict.findings)
        wrong = not verdict.passed and not verdict.only_undecided
        return wrong and symptom(verdict) == self.symptom


def _work(config: Config) -> float:
    """Return the cost of this configuration, in judgements of a small one."""
    steps = config.steps * len(config.cells) * config.updates
    return 1 + steps / STEPS + steps * config.batch * config.hidden / STATES


def _plain(search: _Search) -> Config:
    """Return the failing configuration with as many options as possible at their defaults."""
    plain = search.failing
    for name in (*OTHERS, *REPLACED):
        if name in search.subject.asks:
            continue
        plainer = _changed(plain, {name: getattr(Config(), name)})
        plain = plainer if plainer is not None and search.fails(plainer) else plain
    return plain


def _changed(config: Config, changes: Mapping[str, Any]) -> Config | None:
    """Return a changed configuration; None where its options contradict each other."""
    try:
        return config.replace(**changes)
    except ConfigError:
        return None


def _found(search: _Search, failing: Config) -> Config:
    """Return the configuration to which hypothesis shrinks a failing one.

    It is the only example of a database in memory, and the phase of generating is left out. So
    every configuration that is tried comes from this one, and hardly anything from chance.
    """
    # imported here: it would slow every start of the command, and only --shrink needs it
    from hypothesis import Phase, find, settings, strategies
    from hypothesis.database import InMemoryExampleDatabase, choices_to_bytes

    axes = {name: values for name, values in _axes(failing).items() if len(values) > 1}
    if not axes:
        return failing
    own = [values.index(getattr(failing, name)) for name, values in axes.items()]
    database = InMemoryExampleDatabase()
    beyond = 0  # one choice too many: otherwise the example counts as shrunk already
    database.save(b"failing", choices_to_bytes((*own, beyond)))

    def config(places: tuple[int, ...]) -> Config:
        pairs = zip(axes.items(), places, strict=True)
        return _changed(failing, {name: values[i] for (name, values), i in pairs}) or failing

    return find(
        strategies.tuples(*(strategies.integers(0, len(v) - 1) for v in axes.values())).map(config),
        search.fails,
        settings=settings(database=database, phases=(Phase.reuse, Phase.shrink), deadline=None),
        database_key=b"failing",
    )


@contextlib.contextmanager
def _hypothesis_repeatable() -> Iterator[None]:
    """Make hypothesis draw the same numbers every time, and write no folder `.hypothesis`.

    The seed is set as pytest's `--hypothesis-seed` sets it: if `find` gets it as an argument, it
    does not look into its database.
    """
    from hypothesis import configuration, core

    before = configuration.storage_directory(intent_to_write=False).home_directory
    configuration.set_hypothesis_home_dir(Path(os.devnull) / "nothing")
    try:
        with mock.patch.object(core, "global_force_seed", 0):
            yield
    finally:
        configuration.set_hypothesis_home_dir(before)


def _axes(failing: Config) -> dict[str, Sequence[Any]]:
    """Return the values that each field may take, the simplest first."""
    sizes = [name for name in SIZES if name not in _fixed(failing)]
    axes: dict[str, Sequence[Any]] = {n: range(1, getattr(failing, n) + 1) for n in sizes}
    for name in REPLACED:
        if name != "data":  # each kind of data has its own sizes
            axes[name] = tuple(dict.fromkeys((getattr(Config(), name), getattr(failing, name))))
    axes["seed"] = tuple(dict.fromkeys((*range(SEEDS), failing.seed)))
    return axes


def _fixed(config: Config) -> Collection[str]:
    """Return the sizes that the data decide: of digits, and the classes of a vocabulary."""
    return {"digits": tuple(DIGITS), "vocabulary": ("classes",)}.get(config.data, ())


def _lowered(search: _Search, config: Config) -> Config:
    """Lower one size after the other, until none can be lowered."""
    while True:
        lower = next((c for c in _lower(config) if search.fails(c)), None)
        if lower is None:
            return config
        config = lower


def _lower(config: Config) -> Iterator[Config]:
    """Yield every configuration in which a single size is smaller."""
    for name in SIZES:
        if name in _fixed(config):
            continue
        for value in range(1, getattr(config, name)):
            if (lower := _changed(config, {name: value})) is not None:
                yield lower


def _confirmed(search: _Search, smallest: Config, why: Diagnosis) -> Config:
    """Return the smallest of a few configurations whose diagnosis names the same causes.

    Where none of them does, return the failing one.
    """
    failing = sorted((c for c, fails in search.known.items() if fails), key=_size)
    for config in dict.fromkeys((smallest, *failing[: CANDIDATES - 1])):
        if config == search.failing:
            break
        if _names(diagnose(search.subject, config, search.reference)) == _names(why):
            return config
    return search.failing


def _names(why: Diagnosis) -> list[str]:
    return [cause.name for cause in why.causes]


def _size(config: Config) -> tuple[int, ...]:
    return tuple(getattr(config, name) for name in SIZES)
