"""Training: a chain of cases, in which each side continues from its own last weights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from parity.cases import digits
from parity.cases.draw import draw
from parity.execution.ask import answer
from parity.judging.second_bias import as_one_bias
from parity.model.branches import Branches
from parity.model.case import Array, Case
from parity.model.comparison import Comparison, Status, compare
from parity.model.config import Config
from parity.model.errors import ConfigError
from parity.model.finding import Finding, Misbehaviour, NoTraceError
from parity.model.names import step_name
from parity.model.trace import Trace
from parity.model.verdict import Verdict
from parity.reference.base import Floor, Reference
from parity.reference.noise.floor import training_floor
from parity.reference.thresholds import FEW_COPIES, LIMIT
from parity.subjects.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The training of both sides on the same mini-batches."""

    verdict: Verdict  # for each name, the step that used most of its allowance
    epochs: int
    losses: Array  # (steps, 2): the mini-batch losses of the subject and of the reference
    accuracy: tuple[float, float]  # on the held-out images, subject and reference


def train(
    subject: Subject,
    config: Config,
    reference: Reference,
    epochs: int,
    progress: Callable[[int, int], None] | None = None,
) -> Training:
    """Train both sides by mini-batch SGD on the digits and compare them after every step.

    The loss and every parameter are judged in units of the noise floor of the run so far, up to
    the step in which rounding flips a gate of relu: two right runs separate there.
    `progress` is called after every step. Raises ConfigError without data digits, and for a layer.
    """
    if config.data != "digits":
        raise ConfigError("epochs need real sequences: add --data digits")
    if config.kind != "classifier":
        raise ConfigError(f"epochs need a classifier, got kind {config.kind}")
    if not config.plain_step:
        raise ConfigError("epochs take plain SGD steps, got options of the optimiser")
    if config.packed or config.dropping:
        got = f"lengths {config.lengths}" if config.packed else f"dropout {config.dropout:g}"
        raise ConfigError(f"epochs need images as they are, got {got}")
    if config.every_step:
        raise ConfigError("epochs need a label for each image, not for every step: loss steps")
    if epochs < 1:
        raise ConfigError(f"epochs must be at least 1, got {epochs}")
    x, labels, test_x, test_labels = digits.split(config.seed)
    start = draw(config)
    batches = _batches(len(x), config, epochs)
    cases = [_with_rows(start, x[rows], labels[rows]) for rows in batches]
    sides = _Walker(lambda case: as_one_bias(case, answer(subject, case))), _Walker(reference.run)
    course = _Course()
    accuracy, findings = [float("nan")] * 2, []
    try:
        course.run(sides, cases, reference, progress)
        test = _with_rows(start, test_x, test_labels)
        accuracy = [float(np.mean(side.classes(test) == test_labels)) for side in sides]
    except NoTraceError as failed:
        findings.append(failed.finding)
    verdict = Verdict(
        config=config,
        subject=subject.name,
        reference=reference.name,
        comparisons=tuple(course.worst.values()),
        findings=tuple(findings),
        remarks=course.remarks,
    )
    return Training(
        verdict=verdict,
        epochs=epochs,
        losses=np.array(course.losses).reshape(-1, 2),
        accuracy=(accuracy[0], accuracy[1]),
    )


class _Course:
    """The record of a run: both losses of each step, and the worst comparison of each name."""

    def __init__(self) -> None:
        self.losses: list[tuple[float, float]] = []
        self.worst: dict[str, Comparison] = {}
        self.parted: int | None = None  # the step in which a gate of relu differed

    @property
    def remarks(self) -> tuple[str, ...]:
        """The step where the comparison ended before the run, in words."""
        if self.parted is None:
            return ()
        said = f"compared up to step {self.parted}, where rounding flips a gate of relu"
        return (f"{said}: after it both sides differ, and both are right",)

    def run(
        self,
        sides: "tuple[_Walker, _Walker]",
        cases: list[Case],
        reference: Reference,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        """Take every step on both sides, and compare after each."""
        floors = training_floor(cases, FEW_COPIES)
        for step, (case, floor) in enumerate(zip(cases, floors, strict=True), 1):
            ours, theirs = (side.step(case) for side in sides)
            self.losses.append((float(ours["loss"]), float(theirs["loss"])))
            if self.parted is None and not _same_branches(case, ours, theirs):
                self.parted = step
            if self.parted is None:
                for found in _compared(ours, theirs, floor, reference.name, step):
                    self.worst[found.name] = _worse(self.worst.get(found.name), found)
            if progress is not None:
                progress(step, len(cases))


class _Walker:
    """One side: its `run`, and its current parameters."""

    def __init__(self, run: Callable[[Case], Trace]) -> None:
        self.run = run
        self.parameters: dict[str, Array] = {}

    def step(self, case: Case) -> Trace:
        trace = self.run(case.replace(**self.parameters))
        needed = ("loss", "logits", *(step_name(1, name) for name in case.parameters))
        shapes = {"loss": (), "logits": (case.config.batch, case.config.classes)}
        shapes |= {step_name(1, name): array.shape for name, array in case.parameters.items()}
        for name, shape in shapes.items():
            if name in trace and trace[name].shape != shape:
                text = f"training cannot go on: {name} has shape {trace[name].shape}, not {shape}"
                raise NoTraceError(Finding(kind=Misbehaviour.INCOMPLETE, text=text))
        if missing := [name for name in needed if name not in trace]:
            text = f"training cannot go on: the subject leaves out {', '.join(missing)}"
            raise NoTraceError(Finding(kind=Misbehaviour.INCOMPLETE, text=text))
        self.parameters = {name: trace[step_name(1, name)] for name in case.parameters}
        return trace

    def classes(self, case: Case) -> Array:
        predicted: Array = self.run(case.replace(**self.parameters))["logits"].argmax(axis=1)
        return predicted


def _batches(samples: int, config: Config, epochs: int) -> Iterator[Array]:
    """Yield the rows of each mini-batch; every epoch visits all samples once, in a new order."""
    rng = np.random.default_rng(config.seed)
    for _ in range(epochs):
        order = np.argsort(rng.random(samples), kind="stable")
        yield from np.split(order, range(config.batch, samples, config.batch))


def _with_rows(start: Case, x: Array, labels: Array) -> Case:
    dtype = start.x.dtype
    states = {cell.name("h_0"): start.config.hidden for cell in start.config.cells}
    return start.replace(
        start.config.replace(batch=len(x)),
        x=x.astype(dtype),
        labels=labels,
        **{name: np.zeros((len(x), hidden), dtype) for name, hidden in states.items()},
    )


def _same_branches(case: Case, ours: Trace, theirs: Trace) -> bool:
    """Return whether both sides made the same choices, as far as the subject shows them."""
    if "hidden" not in ours:
        return True
    one, other = Branches.of(case, ours), Branches.of(case, theirs)
    return one is None or other is None or one.same(other)


def _compared(
    subject: Trace, reference: Trace, floor: Floor, against: str, step: int
) -> Iterator[Comparison]:
    for name, sigma in floor.sigma.items():
        found = compare(name, subject[name], reference[name], LIMIT * sigma, against=against)
        hides = found.status is Status.AGREES and not np.isfinite(sigma).all()
        yield Comparison(
            name=name,
            status=Status.INCONCLUSIVE if hides else found.status,
            against=against,
            greatest=found.greatest,
            detail=found.detail or f"step {step}",
        )


def _worse(one: Comparison | None, other: Comparison) -> Comparison:
    if one is None or other.greatest is None:
        return other
    if one.greatest is None:
        return one
    return other if other.greatest.used > one.greatest.used else one
