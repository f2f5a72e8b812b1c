"""The verdict as a table for a terminal, by rich; colour only on a terminal."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from parity.diagnosis.diagnose import Diagnosis
from parity.judging.comparator import OWN_GRADIENT
from parity.judging.coverage import incomplete
from parity.judging.local_check import OWN_DELTA, OWN_STATE
from parity.judging.training import Training
from parity.model.comparison import Comparison, Status
from parity.model.names import ArrayName, Kind
from parity.model.verdict import Verdict
from parity.report import text
from parity.subjects.subject import Subject

COLOURS = {
    Status.AGREES: "green",
    Status.INCOMPLETE: "dim",
    Status.INCONCLUSIVE: "yellow",
    Status.NOT_CERTAIN: "yellow",
}

WIDTH_OF_A_FILE = 140
"""Columns of output that goes to a file or a pipe."""


def console() -> Console:
    """Return the console of standard output, wide enough where it is not a terminal."""
    terminal = Console(highlight=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=WIDTH_OF_A_FILE)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """Yield a function of (step, steps) that moves a bar, on a terminal only."""
    out = Console(stderr=True)
    with Progress(console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("training", total=None)
        yield lambda step, steps: bar.update(task, completed=step, total=steps)


def print_verdict(verdict: Verdict, *, exact: bool = False) -> None:
    """Print a row for each comparison, then the verdict and the command that repeats it.

    With `exact`, also both sides' distance from the exact value in ulp of the array's largest
    entry, with a question mark where that value is not certain.
    """
    out = console()
    _print_table(out, verdict, exact=exact)
    _print_closing(out, verdict, text.repeat_command(verdict))


def print_diagnosis(diagnosis: Diagnosis, *, explain: bool) -> None:
    """Print what is wrong, and with `explain` all attempts."""
    out = console()
    out.print()
    heading, *lines = text.diagnosis_lines(diagnosis, explain=explain)
    out.print(Text(heading, "bold"))
    for line in lines:
        out.print(Text(line), soft_wrap=True)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines, each of which stays one line."""
    out = console()
    for line in lines:
        out.print(Text(line), soft_wrap=True)


def print_assumed(subject: Subject, *, binding: bool = True) -> None:
    """Print how a subject is asked, the assumptions about it, and what was not executed.

    binding: whether the way of asking was not printed before, as part of a doubt about it.
    """
    out = console()
    asked = text.binding_lines(subject) if binding else []
    for line in (*asked, *text.assumed_lines(subject)):
        out.print(Text(line, "dim"), soft_wrap=True)


def print_training(training: Training) -> None:
    """Print, for the loss and every parameter, the step that used most of its allowance."""
    out, verdict = console(), training.verdict
    _print_table(out, verdict)
    if len(training.losses):
        (ours, theirs), (right, also_right) = training.losses[-1], training.accuracy
        out.print(
            f"{training.epochs} epochs, {len(training.losses)} steps\n"
            f"last mini-batch loss  {ours:.6g} (subject)  {theirs:.6g} ({verdict.reference})\n"
            f"held-out accuracy     {right:.1%} (subject)  {also_right:.1%} ({verdict.reference})"
        )
    command = f"{text.repeat_command(verdict)} --epochs {training.epochs}"
    _print_closing(out, verdict, command)


def _print_table(out: Console, verdict: Verdict, *, exact: bool = False) -> None:
    if all(c.status is Status.INCOMPLETE for c in verdict.comparisons):
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("quantity", no_wrap=True)
    headings = ["greatest difference", "at", "allowed", "used"]
    if exact:
        headings += ["subject ulp", f"{verdict.reference} ulp"]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("")
    for comparison in verdict.comparisons:
        cells = [_name(comparison), *_values(comparison), *(_errors(comparison) if exact else [])]
        left_out = comparison.status is Status.INCOMPLETE
        cells += ["not checked" if left_out else comparison.status.value, comparison.detail]
        table.add_row(*map(Text, cells), style=COLOURS.get(comparison.status, "red"))
    title = f"{verdict.config}: {verdict.subject} against {verdict.reference}\n"
    out.print(Text(title, "bold"), soft_wrap=True)
    out.print(table)
    out.print()


def _name(comparison: Comparison) -> str:
    own = comparison.against == OWN_GRADIENT or comparison.against in (OWN_STATE, OWN_DELTA)
    if own:
        return f"  {comparison.against}"
    name = ArrayName.parse(comparison.name)
    return name.parameter if name.kind is Kind.BEHAVIOUR else comparison.name


def _values(comparison: Comparison) -> list[str]:
    if (found := comparison.greatest) is None:
        return [""] * 4
    used = f"{found.used:.1%}" if found.used < 10 else f"{found.used:.1e} x"
    where = str(list(found.index)) if found.index else ""
    return [f"{found.difference:.1e}", where, f"{found.allowed:.1e}", used]


def _errors(comparison: Comparison) -> list[str]:
    """Return both sides' distance from the exact value."""
    if (ruling := comparison.ruling) is None:
        return ["", ""]
    mark = "" if ruling.enclosed else "?"
    return [f"{ulps:.3g}{mark}" for ulps in (ruling.subject, ruling.reference)]


def _print_closing(out: Console, verdict: Verdict, command: str) -> None:
    _print_result(out, verdict)
    if verdict.passed and verdict.left_out:
        _say(out, f"not checked, since the subject offers none: {', '.join(verdict.left_out)}")
    if (worth := text.worth(verdict)) is not None:
        _say(out, worth)
    known = incomplete(verdict.coverage) in verdict.findings
    for covered in text.coverage_lines(verdict.coverage, known=known):
        _say(out, covered, "dim")
    for note in text.notes(verdict):
        _say(out, f"note: {note}", "dim")
    _say(out, f"again: {command}", "dim")


def _print_result(out: Console, verdict: Verdict) -> None:
    """Print the headline, and everything that is wrong."""
    headline, *evidence = text.title(verdict)
    _say(out, headline, "bold green" if verdict.passed else "bold red")
    for line in evidence:
        _say(out, line)
    for comparison in (*verdict.failures, *verdict.undecided):
        _say(out, f"  {text.line(comparison)}")
        if comparison.ruling is not None:
            _say(out, f"    {comparison.ruling.text}", "bold")
    for finding in verdict.faults[1:]:
        _say(out, f"  {finding.kind}  {finding.text}\n{finding.evidence}".rstrip())
    for remark in verdict.remarks:
        _say(out, remark, "yellow")


def _say(out: Console, line: str, style: str = "") -> None:
    out.print(Text(line, style), soft_wrap=True)  # a line that is copied stays one line
