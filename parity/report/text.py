"""The verdict in plain lines: what a failing test prints."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from parity.diagnosis.cause import Cause
from parity.diagnosis.diagnose import Diagnosis
from parity.judging.local_check import OWN_DELTA, OWN_STATE
from parity.model.comparison import Comparison, Greatest
from parity.model.coverage import Coverage, NotJudged
from parity.model.names import ArrayName
from parity.model.verdict import Verdict
from parity.subjects.subject import DEFAULT, NOT_EXECUTED, Subject

BINDING_LINES = 5
"""Lines, at most, that say how a subject is asked."""

PROBLEMS = 3
"""Probes without an answer that a report lists, at most."""

MENTIONED = 5
"""Functions that did not run, or not wholly, that a report names, at most."""


def repeat_command(verdict: Verdict) -> str:
    """Return the shell command that repeats this comparison."""
    subject = f" --subject {shlex.quote(verdict.subject)}"
    if verdict.kept:
        return repeat_kept(verdict.kept) + subject  # perhaps another one than the kept one
    return verdict.config.command() + ("" if verdict.subject == DEFAULT else subject)


def repeat_kept(folder: str) -> str:
    """Return the shell command that repeats a kept case."""
    return f"compare-one-config {shlex.quote(folder)}"


def kept_line(folder: str) -> str:
    """Return where a failing case is kept, and how to repeat it."""
    return f"kept: {folder}, repeat with {repeat_kept(folder)}"


def smallest_line(name: str, tried: int, seconds: float) -> str:
    """Return the id of the smallest failing case, and the cost of the search for it."""
    return f"smallest failing case: {name} ({tried} tried in {seconds:.1f} s)"


def headline(verdict: Verdict) -> str:
    """Return one line: how many of the comparisons agree, or why there are none."""
    count, wrong = len(verdict.comparisons), len(verdict.failures)
    checked = count - len(verdict.left_out)
    if verdict.faults:
        said = verdict.faults[0].text.splitlines()[0]
        return f"{said}; {wrong} of {checked} comparisons fail" if wrong else said
    if not verdict.compared:
        return f"nothing was compared with {verdict.reference}"
    if wrong:
        return f"{wrong} of {checked} comparisons with {verdict.reference} fail"
    if verdict.undecided:
        return f"{len(verdict.undecided)} of {checked} comparisons decide nothing"
    return f"agrees with {verdict.reference} in {checked} of {checked} comparisons"


def title(verdict: Verdict) -> list[str]:
    """Return the headline; of a fault, behind its kind, and with its evidence below."""
    if not verdict.faults:
        return [headline(verdict)]
    first = verdict.faults[0]
    said = "\n".join((*first.text.splitlines()[1:], first.evidence))
    return [f"{first.kind}  {headline(verdict)}", *_indented(said)]


def failure_message(verdict: Verdict) -> str:
    """Return everything that is wrong, the first in computation order on top, and how to repeat."""
    head, *below = title(verdict)
    lines = [f"{verdict.config}: {head}", *below]
    for finding in verdict.faults[1:]:
        lines += [f"  {finding.kind}  {finding.text}", *_indented(finding.evidence)]
    for comparison in (*verdict.failures, *verdict.undecided):
        lines.append(f"  {line(comparison)}")
        if comparison.ruling is not None:
            lines.append(f"    {comparison.ruling.text}")
    lines += [f"  {remark}" for remark in verdict.remarks]
    if not verdict.compared and verdict.left_out:
        lines.append(f"  the subject offers none of {', '.join(verdict.left_out)}")
    lines += [f"  note: {note}" for note in notes(verdict)]
    return "\n".join([*lines, f"  again: {repeat_command(verdict)}"])


def diagnosis_lines(diagnosis: Diagnosis, *, explain: bool = False) -> list[str]:
    """Return what is wrong and the proof, or the known facts; with `explain`, all attempts."""
    lines = ["What is wrong"]
    for cause in diagnosis.causes:
        lines += [f"  {cause.says}", *_proof(cause)]
    if not diagnosis.causes:
        tried = "no known mistake gives these numbers, and no two or three of them"
        if not diagnosis.exhausted:
            tried += " that were tried within the budget of the search"
        lines.append(f"  Unknown{f': {tried}' if diagnosis.ranking else ''}.")
    lines += [f"    {fact}" for fact in diagnosis.facts]
    shown = diagnosis.problems[:PROBLEMS]
    lines += [f"  not compared at {problem}" for problem in shown]
    if len(diagnosis.problems) > len(shown):
        lines.append(f"  nor at {len(diagnosis.problems) - len(shown)} more configurations")
    for ranked in diagnosis.ranking if explain else ():
        lines.append(f"  {ranked.explained:3} of {ranked.arrays} arrays  {ranked.says}")
    return lines


def _proof(cause: Cause) -> list[str]:
    first, *further = cause.evidence
    rows = [("evidence", first), *(("", line) for line in further), ("look for", cause.look_for)]
    if cause.hidden_at and 0 < len(cause.shown_at) < len(cause.hidden_at):
        rows.append(("shown at", ", ".join(cause.shown_at)))
    elif cause.hidden_at:
        rows.append(("hidden at", ", ".join(cause.hidden_at)))
    rows += [("or else", f"{other}: the same numbers") for other in cause.also]
    return [f"    {title:9}  {line}" for title, line in rows]


def assumed_lines(subject: Subject) -> list[str]:
    """Return one line with the assumptions about a subject, and one for each statement left out."""
    made = [said for said in subject.assumed if not said.startswith(NOT_EXECUTED)]
    left = [said for said in subject.assumed if said.startswith(NOT_EXECUTED)]
    adapter = f" (adapt-subject {shlex.quote(subject.name)} prints the adapter)"
    return [f"assumed: {'; '.join(made)}{adapter}"] * bool(made) + left


def binding_lines(subject: Subject) -> list[str]:
    """Return how a subject is asked, in at most five lines."""
    return list(subject.binding[:BINDING_LINES])


def entry(greatest: Greatest) -> str:
    """Return both numbers of one entry, their difference and the allowed difference."""
    return (
        f"at {list(greatest.index)}: subject {greatest.subject:.9g}, "
        f"reference {greatest.reference:.9g}, difference {greatest.difference:.1e}, "
        f"allowed {greatest.allowed:.1e}; {greatest.wrong} of {greatest.size} entries"
    )


def notes(verdict: Verdict) -> list[str]:
    """Return the notes, which fail nothing, each kind once."""
    once = {finding.kind: finding.text for finding in reversed(verdict.notes)}
    return [f"{kind}  {said}" for kind, said in reversed(once.items())]


def worth(verdict: Verdict) -> str | None:
    """Return the sentence that says which error the verdict would certainly have seen."""
    gradients = (c for c in verdict.compared if ArrayName.parse(c.name).is_gradient)
    known = [c for c in gradients if c.resolution]
    if not known:
        return None
    coarsest = max(known, key=lambda c: c.resolution or 0.0)
    return (
        f"anything above {coarsest.resolution:.0e} of the largest {coarsest.name} entry "
        "would not have passed"
    )


def coverage_lines(coverage: Coverage | None, *, known: bool = True) -> list[str]:
    """Return how many of the subject's lines a verdict covers, and the functions that never ran.

    known: whether a finding names those that compute a loss, gradients or a step, if there are.
    """
    if coverage is None or not coverage.executable:
        return []
    of = ", ".join(coverage.files) if len(coverage.files) < 4 else f"{len(coverage.files)} files"
    said = [f"covers {coverage.executed} of {coverage.executable} executable lines of {of}"]
    parts = coverage.minor if known else (*coverage.grave, *coverage.minor)
    named = list(_named(parts))
    more = [f"and {len(named) - MENTIONED} more"] * (len(named) > MENTIONED)
    if named:
        said.append(f"never ran: {'; '.join([*named[:MENTIONED], *more])}")
    return said


def _named(parts: Sequence[NotJudged]) -> Iterator[str]:
    """Yield each function that did not run; of too many, one line for all of one reason."""
    counts = Counter(part.reason for part in parts if part.reason)
    counted = {reason for reason, n in counts.items() if n > 1 and len(parts) > MENTIONED}
    for reason in dict.fromkeys(part.reason for part in parts if part.reason in counted):
        yield f"{counts[reason]} functions, {reason}"
    for part in parts:
        if part.reason not in counted:
            yield f"{part}{f', {part.reason}' * bool(part.reason)}"


def line(comparison: Comparison) -> str:
    """Return the result of one comparison: its status, name and evidence."""
    name = comparison.name
    is_step = ArrayName.parse(name).is_first_step
    if is_step or comparison.against in (OWN_STATE, OWN_DELTA):
        name += f" against {comparison.against}"
    said = comparison.detail
    if comparison.greatest is not None:
        said = entry(comparison.greatest) + (f" ({said})" if said else "")
    return f"{comparison.status}  {name} {said}"


def _indented(evidence: str) -> list[str]:
    return [f"    {line}" for line in evidence.rstrip().splitlines()]
