"""Symptom: two failures with the same symptom are of the same kind."""

from dataclasses import dataclass

from parity.model.finding import Misbehaviour
from parity.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """How a subject misbehaved, and the first array that went wrong, with its status."""

    findings: tuple[str, ...]  # kind and text, without the part that depends on the case
    name: str  # empty when nothing was compared
    status: str

    def __str__(self) -> str:
        """Return it as part of a file's name: `grad-W_h-DIFFERS`, `RAISED-KeyError`."""
        words = [found.split() for found in self.findings]
        kinds = [w[0] + (f"-{w[-1]}" if w[0] == Misbehaviour.RAISED else "") for w in words]
        said = "-".join(kinds or [self.name, self.status])
        return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in said)[:60]


def symptom(verdict: Verdict) -> Symptom:
    """Return the symptom of a verdict that did not pass."""
    first = next(iter((*verdict.failures, *verdict.undecided)), None)
    return Symptom(
        findings=tuple(f"{f.kind.value} {f.text.partition(':')[0]}" for f in verdict.faults),
        name=first.name if first is not None else "",
        status=first.status.value if first is not None else "nothing-compared",
    )
