"""Understood: a subject is accused only where the way in which it was asked is certain."""

from dataclasses import replace

from parity.model.comparison import Comparison, Status
from parity.model.finding import Finding, Misbehaviour
from parity.model.names import ArrayName
from parity.model.verdict import Verdict
from parity.subjects.subject import Subject

BY_ASKING = (
    Misbehaviour.RAISED,
    Misbehaviour.INCOMPLETE,
    Misbehaviour.MUTATED_INPUT,
    Misbehaviour.STATEFUL,
    Misbehaviour.NONDETERMINISTIC,
)
"""Faults that a wrong way of asking causes as easily as a wrong network."""


def understood(verdict: Verdict, subject: Subject) -> Verdict:
    """Return the verdict; of a subject that may have been asked wrongly, one that accuses nobody.

    It may have been where its way of asking is `uncertain`, and no array of the forward pass
    agrees. Its comparisons stay, as not certain.
    """
    if not subject.uncertain or verdict.not_understood or _forward_agrees(verdict):
        return verdict
    doubtful = [finding for finding in verdict.faults if finding.kind in BY_ASKING]
    if not (verdict.failures or doubtful):
        return verdict
    said = [line for finding in doubtful for line in (finding.text, finding.evidence) if line]
    found = Finding(
        kind=Misbehaviour.NOT_UNDERSTOOD,
        text=f"not understood, so neither right nor wrong: {subject.uncertain}",
        evidence="\n".join((*subject.binding, *said, by_hand(subject.name))),
    )
    others = (finding for finding in verdict.findings if finding not in doubtful)
    return replace(
        verdict,
        comparisons=tuple(_in_doubt(c, verdict) for c in verdict.comparisons),
        findings=(found, *others),
        remarks=(),
    )


def by_hand(name: str) -> str:
    """Return how a person says how a subject is asked."""
    return f"by hand: adapt-subject {name} --write FILE.py writes a parity.bind(...) to complete"


def _forward_agrees(verdict: Verdict) -> bool:
    return any(
        comparison.status is Status.AGREES and ArrayName.parse(comparison.name).chapter == "forward"
        for comparison in verdict.comparisons
    )


def _in_doubt(comparison: Comparison, verdict: Verdict) -> Comparison:
    if comparison not in verdict.failures:
        return comparison
    return replace(comparison, status=Status.NOT_CERTAIN, ruling=None)
