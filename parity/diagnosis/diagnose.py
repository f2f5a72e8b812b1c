"""Diagnosis: why a subject differs, proven by the numbers, or facts if the cause is unknown."""

import time
from dataclasses import dataclass

import numpy as np

from parity.diagnosis.cause import Cause
from parity.diagnosis.evidence import own_fault, wrong_shapes
from parity.diagnosis.explain import FEWEST, Explainer, Explanation, Ranked
from parity.diagnosis.inquiry import Inquiry
from parity.diagnosis.interpretations import interpretations
from parity.diagnosis.probes import ASKED, COARSE, is_small
from parity.diagnosis.responses import Responses
from parity.diagnosis.simplify import simplified
from parity.judging.second_bias import only_second_bias
from parity.model.config import Config
from parity.model.finding import Misbehaviour
from parity.model.verdict import Verdict
from parity.reference.base import Reference
from parity.subjects.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a subject differs: proven causes, or facts when the cause is unknown."""

    causes: tuple[Cause, ...]
    facts: tuple[str, ...]
    problems: tuple[str, ...]  # probes or arrays that could not be compared, and why
    probes: int  # that it answered
    ranking: tuple[Ranked, ...]
    exhausted: bool  # every combination that could explain it was tried
    seconds: float  # for information: the result does not depend on the time


EXPLICABLE = (
    Misbehaviour.MUTATED_INPUT,
    Misbehaviour.STATEFUL,
    Misbehaviour.NONDETERMINISTIC,
)
"""Faults that a diagnosis can say more about."""


def is_explicable(verdict: Verdict) -> bool:
    """Return whether numbers are wrong, or a fault is one that numbers can explain.

    No mistake explains arrays of a second bias, nor what may have been asked wrongly.
    """
    if not verdict.compared or verdict.not_understood:
        return False
    faults = any(finding.kind in EXPLICABLE for finding in verdict.faults)
    wrong = verdict.failures and not only_second_bias(verdict)
    return bool(wrong or verdict.undecided or faults)


@np.errstate(all="ignore")
def diagnose(subject: Subject, config: Config, reference: Reference) -> Diagnosis:
    """Return why `subject` differs at `config`.

    The subject is asked about the configuration and a dozen probes around it, at first without
    the updates, layers and directions that the difference does not need. At most three mistakes
    are the cause if the textbook with these mistakes gives the subject's numbers, within rounding,
    in every array of every probe. Otherwise the cause is unknown.
    """
    start = time.perf_counter()
    inquiry = Inquiry(subject=subject, config=config, reference=reference)
    found = _by_simpler_probes(inquiry) or _by_its_own_probes(inquiry)
    explained = found.explained
    shapes = wrong_shapes(found.responses.answered, config)
    known = (*map(own_fault, found.responses.findings[:1]), *shapes, *found.known)
    is_right = bool(known) and found.is_right
    return Diagnosis(
        causes=(*known, *explained.causes),
        facts=() if is_right else explained.facts,
        problems=(*found.responses.problems, *explained.problems),
        probes=len(found.responses.answered),
        ranking=explained.ranking,
        exhausted=explained.exhausted,
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Understood:
    """The causes that are known for certain, and the mistakes that explain the responses."""

    responses: Responses
    known: tuple[Cause, ...]
    explained: Explanation

    @property
    def is_right(self) -> bool:
        """Whether nothing remains that a mistake in the equations would have to explain."""
        return self.explained.complete and not self.explained.causes


def _by_its_own_probes(inquiry: Inquiry) -> _Understood:
    """Explain the subject by probes with all the options of the configuration."""
    explainer = Explainer(inquiry)
    responses = _in_the_best_format(inquiry)
    found = _understood(responses, explainer)
    silent = found.is_right and not found.known
    if inquiry.config.dtype in COARSE and (silent or len(responses.answered) < FEWEST):
        found = _understood(_and_in_its_own_format(responses, inquiry), explainer)
    return found


def _by_simpler_probes(inquiry: Inquiry) -> _Understood | None:
    """Explain it by probes that take less time; None where no single mistake explains it.

    The configuration itself is among the probes: a difference that only it shows is a second
    mistake.
    """
    if not is_small(inquiry.config):
        return None
    simple = simplified(inquiry)
    if simple == inquiry.config:
        return None
    responses = _in_the_best_format(inquiry, simple)
    labels = {response.label for response in responses.answered}
    if responses.problems or responses.findings or ASKED not in labels:
        return None
    found = _understood(responses, Explainer(inquiry, most=1))
    return found if found.explained.causes and found.explained.complete else None


def _in_the_best_format(inquiry: Inquiry, around: Config | None = None) -> Responses:
    """Ask in float64, which shows most; or in float32, if the subject supports nothing better."""
    responses = inquiry.ask_around(around=around)
    if inquiry.config.dtype != "float32":
        return responses
    every = [i.responses for i in interpretations(responses.answered, inquiry.config)]
    single = any(all(r.case.config.dtype == "float32" for r in own) for own in every)
    if len(responses.answered) < FEWEST or single:
        return inquiry.ask_around("float32", around)
    return responses


def _and_in_its_own_format(responses: Responses, inquiry: Inquiry) -> Responses:
    """Return the responses, and the configuration's own one in its own format."""
    own = inquiry.ask_itself()
    others = [r for r in responses.answered if r.label != ASKED]
    return Responses(
        answered=(*own.answered, *others),
        problems=tuple(dict.fromkeys((*own.problems, *responses.problems))),
        findings=(*own.findings, *responses.findings),
    )


def _understood(responses: Responses, explainer: Explainer) -> _Understood:
    """Return the first interpretation of the responses that is certain or explains them."""
    explained = Explanation()
    known: tuple[Cause, ...] = ()
    for own in interpretations(responses.answered, explainer.inquiry.config):
        explained = explainer.explain(own.responses) if own.explicable else Explanation()
        known = own.causes
        if own.certain or explained.complete:
            break
    return _Understood(responses=responses, known=known, explained=explained)
