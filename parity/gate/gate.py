"""Gate: a subject against PyTorch over a whole test run, judged once and explained once.

The pytest plugin and `parity.parametrize` share it: configurations are judged, and failures are
described, in one place.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence

from parity.cases.draw import draw
from parity.cases.grid import Group
from parity.diagnosis.diagnose import diagnose, is_explicable
from parity.diagnosis.settle import settled
from parity.execution.ask import answer
from parity.execution.process import recorded
from parity.gate.once import Once
from parity.judging.comparator import OWN_GRADIENT
from parity.judging.coverage import coverage_of, incomplete
from parity.judging.judge import judge, judge_behaviour
from parity.model.config import Config
from parity.model.finding import Finding, NoTraceError
from parity.model.names import ArrayName
from parity.model.verdict import Verdict
from parity.reference.frameworks import framework
from parity.report.text import diagnosis_lines, failure_message, headline
from parity.reproduce.follow_up import follow, is_failure
from parity.reproduce.symptom import symptom
from parity.subjects.subject import Subject

Check = Callable[[Group, str], None]
"""The function that a test of the grid calls, with its group and its chapter."""

CHAPTERS = ("forward", "gradients", "step")
"""The parts of the computation; a subject may have no array of a part."""

BEHAVIOUR = "behaviour"
"""The chapter that asks a subject again in ways that must not matter."""

SHRUNK = 5
"""Kinds of failure, at most, for which a run looks for the smallest failing case."""


class Gate:
    """One subject, and the results of a test run about it.

    groups: all groups of the run; they decide which chapters the subject does not answer.
    keeping: whether failing cases are kept in .parity.
    in_full: whether agreeing arrays have a resolution, too.
    """

    def __init__(
        self,
        subject: Subject,
        groups: Sequence[Group],
        *,
        keeping: bool = True,
        in_full: bool = False,
    ) -> None:
        self.subject = subject
        self._groups, self._keeping, self._in_full = groups, keeping, in_full
        self._once = Once()
        self._doubted: set[str] = set()  # kinds of case at which a doubt was tried to settle
        self._verdicts: dict[Config, Verdict] = {}
        self._answered: frozenset[str] | None = None

    # -- judging -----------------------------------------------------------------------------------

    def verdict(self, config: Config) -> Verdict:
        """Judge all chapters of a configuration, once."""
        if config not in self._verdicts:
            self._verdicts[config] = self._judged(config)
        return self._verdicts[config]

    def _judged(self, config: Config) -> Verdict:
        """Judge a configuration; a doubt how the subject is asked is settled once for each kind."""
        found = judge(self.subject, draw(config), framework(), resolution=self._in_full)
        if found.not_understood and config.kind not in self._doubted:
            self._doubted.add(config.kind)
            self.subject = settled(self.subject, config, found, framework())
            if not self.subject.uncertain:
                return self._judged(config)
        return found

    def chapter(self, group: Group, part: str) -> list[Verdict]:
        """Judge one chapter of a group: every configuration, or the behaviour of the first."""
        if part == BEHAVIOUR:
            return [self.behaviour(group.configs[0])]
        return [self.verdict(config).only(part) for config in group.configs]

    def behaviour(self, config: Config) -> Verdict:
        """Ask the subject about a configuration in ways that must not matter."""
        return judge_behaviour(self.subject, draw(config), framework())

    # -- chapters that a subject does not answer ---------------------------------------------------

    def why_not_checked(self, part: str, *, one_row: bool = False) -> str:
        """Return why a chapter is skipped; empty where the subject has arrays of it.

        It is skipped where the subject answers no array of it in any group, and some array of
        another chapter. The behaviour is that of states and gradients, and with `one_row`, which
        has no other rows to be independent of, that of gradients alone.
        """
        has = self.chapters_answered()
        behaving = ("gradients",) if one_row else ("forward", "gradients")
        own = behaving if part == BEHAVIOUR else (part,)
        if not has or has.intersection(own):
            return ""
        return nothing_of_this(self.subject.name)

    def chapters_answered(self) -> frozenset[str]:
        """Return the chapters of which the subject answers an array in any group's first case.

        For an adapted subject they are known; any other subject is asked, once in a run.
        """
        if self._answered is None:
            offers = self.subject.offers
            names = self._names_answered() if offers is None else iter(offers)
            self._answered = frozenset(ArrayName.parse(name).chapter for name in names)
        return self._answered

    def _names_answered(self) -> Iterable[str]:
        for group in self._groups:
            try:
                yield from answer(self.subject, draw(group.configs[0]))
            except NoTraceError:
                continue

    # -- lines of the subject ----------------------------------------------------------------------

    def never_executed(self) -> Finding | None:
        """Return the finding of a loss, gradients or a step that no configuration executes.

        Every configuration that was not judged in this process is asked once.
        """
        if recorded(self.subject) is None:
            return None
        for config in (config for group in self._groups for config in group.configs):
            if config not in self._verdicts:
                with contextlib.suppress(NoTraceError):
                    answer(self.subject, draw(config))
        return incomplete(coverage_of(recorded(self.subject)))

    # -- failures ----------------------------------------------------------------------------------

    def failure(self, verdict: Verdict, part: str = "") -> str:
        """Return what a failing test prints about one configuration.

        verdict: the failing verdict; part: its chapter, or empty for all chapters.
        The first failure of a kind is reported in full, for layers and for classifiers; the others
        have one line each. Each kind of case is diagnosed once, and each kind of failure is kept
        and shrunk once.
        """
        if self._first("told", part, verdict.config.kind, symptom(verdict)):
            text = self._in_full_text(verdict, part)
        else:
            text = brief(verdict)
        if is_silent(verdict):
            return text  # there is no answer that could be explained or kept
        return "\n".join([text, *self._diagnosis(verdict), *self._aftermath(verdict)])

    def _in_full_text(self, verdict: Verdict, part: str) -> str:
        if part != BEHAVIOUR:
            thorough = judge(self.subject, draw(verdict.config), framework(), thorough=True)
            thorough = thorough.only(part) if part else thorough
            verdict = verdict if thorough.passed else thorough
        return failure_message(verdict)

    def _diagnosis(self, verdict: Verdict) -> list[str]:
        config = verdict.config
        if (
            not is_explicable(verdict)
            or not self.verdict(config).compared
            or not self._first("diagnosed", config.kind)
        ):
            return []
        return diagnosis_lines(diagnose(self.subject, config, framework()))

    def _aftermath(self, verdict: Verdict) -> list[str]:
        """Keep the verdict of all chapters where it fails: it has the first wrong array."""
        whole = self.verdict(verdict.config)
        if is_failure(whole):
            verdict = whole
        elif not (verdict.failures or verdict.findings):
            return []
        if not self._first("kept", symptom(verdict)):
            return []
        done = follow(
            self.subject,
            draw(verdict.config),
            verdict,
            framework(),
            keeping=self._keeping,
            shrinking=any(self._first("shrunk", n) for n in range(SHRUNK)),
        )
        return [*done.lines, *done.problems]

    def _first(self, *what: object) -> bool:
        return self._once.first(self.subject.name, *what)


def nothing_of_this(name: str) -> str:
    """Return the reason for skipping a chapter that the subject does not answer."""
    return f"{name} answers none of these arrays: not checked"


def is_silent(verdict: Verdict) -> bool:
    """Return whether a verdict has no fault and no comparison: no array was answered."""
    return not (verdict.compared or verdict.undecided or verdict.failures or verdict.faults)


def brief(verdict: Verdict) -> str:
    """Return one line: how many comparisons fail, and of which arrays."""
    names = ", ".join(dict.fromkeys(c.name for c in verdict.failures))
    return f"{verdict.config}: {headline(verdict)}" + (f": {names}" if names else "")


def share(verdict: Verdict) -> float:
    """Return the largest share of 32 sigma that an array has used.

    A plain step is left out: w - lr * g has one rounding, and is allowed one.
    """
    plain = verdict.config.plain_step
    noisy = (c for c in verdict.compared if not ArrayName.parse(c.name).is_step or not plain)
    held = (c.greatest for c in noisy if c.against != OWN_GRADIENT)
    return max((greatest.used for greatest in held if greatest is not None), default=0.0)
