"""Parametrize: a user's own test runs once for each configuration of a grid.

In the manner of scikit-learn's `parametrize_with_checks`.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from parity.execution.limits import MEMORY_LIMIT, TIME_LIMIT, Limits
from parity.gate.accept import accepted, groups
from parity.gate.gate import BEHAVIOUR, CHAPTERS, Gate, is_silent
from parity.model.config import Config
from parity.model.verdict import Verdict
from parity.report.text import line
from parity.subjects.subject import Run, Subject

IN_ALL = "chapters"
"""The id of the test that skips, with the reason, a chapter that a subject does not answer."""


def parametrize(
    subject: Subject | Run | str | os.PathLike[str],
    grid: str = "smoke",
    *,
    time_limit: float = TIME_LIMIT,
    memory_limit: int = MEMORY_LIMIT,
    keep: bool = True,
) -> pytest.MarkDecorator:
    """Return a decorator that runs a test once for each configuration, with a `check` to call.

        @parity.parametrize(my_rnn.run)
        def test_my_rnn(check):
            check()

    A check raises AssertionError with what `pytest --parity-subject` prints: what is wrong, and
    where the failing case is kept. It skips where rounding hides the answer. One more test, with
    the id "chapters", skips where the subject does not answer a chapter by its nature.
    keep: whether a failing case of each kind is kept in .parity.
    Raises SubjectError and ConfigError as `verify` does.
    """
    judged = accepted(subject, Limits(seconds=time_limit, megabytes=memory_limit))
    asked = groups(grid, judged)
    gate = Gate(judged, asked, keeping=keep)
    checks: dict[str, Callable[[], None]] = {
        str(config): _Check(
            gate=gate, config=config, behaviour=place == 0 and group.more_than_one_way
        )
        for group in asked
        for place, config in enumerate(group.configs)
    }
    checks[IN_ALL] = _ChaptersCheck(gate=gate)
    return pytest.mark.parametrize("check", checks.values(), ids=checks.keys())


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Check:
    """All chapters of one configuration and, if asked for, its behaviour."""

    gate: Gate
    config: Config
    behaviour: bool

    def __repr__(self) -> str:
        return f"<{self.gate.subject.name} against PyTorch at {self.config}>"

    def __call__(self) -> None:
        """Fail with what is wrong; the behaviour is checked only where the arrays are right."""
        __tracebackhide__ = True
        verdict = self.gate.verdict(self.config)
        if verdict.only_undecided:
            pytest.skip(line(verdict.undecided[0]))
        for part, judged in self._judged(verdict):
            if not judged.passed:
                raise AssertionError(self.gate.failure(judged, part))

    def _judged(self, verdict: Verdict) -> Iterator[tuple[str, Verdict]]:
        """Yield the verdicts that must pass, each with its chapter; empty: all chapters."""
        yield "", verdict
        for part in CHAPTERS:
            own = verdict.only(part)
            if own.left_out and is_silent(own) and not self.gate.why_not_checked(part):
                yield part, own
        if self.behaviour:
            yield BEHAVIOUR, self.gate.behaviour(self.config)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _ChaptersCheck:
    """The check that the subject answers each chapter."""

    gate: Gate

    def __repr__(self) -> str:
        return f"<the chapters that {self.gate.subject.name} answers>"

    def __call__(self) -> None:
        """Skip, with the reason, where it does not answer a chapter by its nature.

        Where it answers no chapter, nothing was compared: that is not a pass. Neither is a loss,
        a backward pass or a step of it that no configuration executes.
        """
        __tracebackhide__ = True
        if not self.gate.chapters_answered():
            raise AssertionError(f"{self.gate.subject.name}: nothing was compared with PyTorch")
        if (found := self.gate.never_executed()) is not None:
            raise AssertionError(f"{self.gate.subject.name}: {found.kind}  {found.text}")
        reasons = {part: self.gate.why_not_checked(part) for part in CHAPTERS}
        if any(reasons.values()):
            pytest.skip("; ".join(f"{part}: {why}" for part, why in reasons.items() if why))
