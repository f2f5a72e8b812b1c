"""Inquiry: a subject that differs, the configuration at which it differs, and a reference."""

from collections.abc import Iterable
from dataclasses import dataclass

from parity.diagnosis.probes import ASKED, Probe, probes
from parity.diagnosis.responses import Response, Responses
from parity.execution.ask import asked
from parity.execution.runner import given
from parity.judging.second_bias import as_one_bias
from parity.model.config import Config
from parity.model.finding import Finding, Misbehaviour, NoTraceError
from parity.reference.base import Reference
from parity.subjects.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """The object of a diagnosis. It asks the subject, and explains nothing."""

    subject: Subject
    config: Config
    reference: Reference

    def ask(self, probes: Iterable[Probe]) -> Responses:
        """Ask the subject about every probe. A probe that it cannot answer is only noted."""
        answered: list[Response] = []
        problems: list[str] = []
        findings: list[Finding] = []
        for probe in probes:
            answers = asked(self.subject, probe.case, 2)
            findings += answers.findings
            try:
                first, again = given(answers, 2)
            except NoTraceError as failed:
                problems.append(f"{probe.label} ({probe.case.config}): {failed.finding.text}")
            else:
                right = self.reference.run(probe.case)
                one, other = (as_one_bias(probe.case, trace) for trace in (first, again))
                answered.append(Response.of(probe, one, other, right))
        return Responses(
            answered=tuple(answered),
            problems=tuple(dict.fromkeys(problems)),
            findings=tuple(f for f in findings if f.kind is Misbehaviour.MUTATED_INPUT),
        )

    def ask_around(self, dtype: str = "float64", around: Config | None = None) -> Responses:
        """Ask about the configuration itself and the probes around it, or around another one."""
        return self.ask(probes(self.config, dtype, self.subject.asks, around))

    def ask_itself(self) -> Responses:
        """Ask only about the configuration, in its own format."""
        own = probes(self.config, self.config.dtype, self.subject.asks)
        return self.ask(probe for probe in own if probe.label == ASKED)
