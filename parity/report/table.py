"""The verdict as a table for a terminal, by rich: colour only where there is a terminal."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from parity.comparison import Comparison, Status
from parity.judging import OWN_GRADIENT
from parity.report import text
from parity.training import Training
from parity.verdict import Verdict

COLOURS = {Status.AGREES: "green", Status.LEFT_OUT: "dim", Status.INCONCLUSIVE: "yellow"}

WIDTH_OF_A_FILE = 110
"""Columns of output that goes to a file or a pipe."""


def console() -> Console:
    """Return the console of standard output, wide enough where it is no terminal."""
    terminal = Console(highlight=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=WIDTH_OF_A_FILE)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """Give a function of (step, steps) that moves a bar on a terminal, and nothing elsewhere."""
    out = Console(stderr=True)
    with Progress(console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("training", total=None)
        yield lambda step, steps: bar.update(task, completed=step, total=steps)


def print_verdict(verdict: Verdict) -> None:
    """Print a row for each comparison, then the verdict and the command that repeats it."""
    out = console()
    _print_table(out, verdict)
    _print_closing(out, verdict, text.repeat_command(verdict))


def print_training(training: Training) -> None:
    """Print, for the loss and every parameter, the step that used most of its allowance."""
    out, verdict = console(), training.verdict
    _print_table(out, verdict)
    if len(training.losses):
        (ours, theirs), (right, also_right) = training.losses[-1], training.accuracy
        out.print(
            f"{training.epochs} epochs, {len(training.losses)} steps\n"
            f"last mini-batch loss  {ours:.6f} (subject)  {theirs:.6f} ({verdict.reference})\n"
            f"held-out accuracy     {right:.1%} (subject)  {also_right:.1%} ({verdict.reference})"
        )
    command = f"{text.repeat_command(verdict)} --epochs {training.epochs}"
    _print_closing(out, verdict, command)


def _print_table(out: Console, verdict: Verdict) -> None:
    if not verdict.comparisons:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("quantity", no_wrap=True)
    for heading in ("greatest difference", "at", "allowed", "used"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("")
    for comparison in verdict.comparisons:
        table.add_row(*map(Text, _cells(comparison)), style=COLOURS.get(comparison.status, "red"))
    out.print(Text(f"{verdict.config}: {verdict.subject} against {verdict.reference}\n", "bold"))
    out.print(table)
    out.print()


def _cells(comparison: Comparison) -> list[str]:
    own = comparison.against == OWN_GRADIENT
    name = "  w - lr * own gradient" if own else comparison.name
    values = [""] * 4
    if (found := comparison.greatest) is not None:
        used = f"{found.used:.1%}" if found.used < 10 else f"{found.used:.1e} x"
        where = str(list(found.index)) if found.index else ""
        values = [f"{found.difference:.1e}", where, f"{found.allowed:.1e}", used]
    return [name, *values, comparison.status.value, comparison.detail]


def _print_closing(out: Console, verdict: Verdict, command: str) -> None:
    out.print(Text(text.headline(verdict), "bold green" if verdict.passed else "bold red"))
    for comparison in (*verdict.failures, *verdict.undecided):
        out.print(Text(f"  {text.line(comparison)}"))
    for finding in verdict.findings:
        out.print(Text("\n".join([f"  {finding.kind}  {finding.text}", finding.evidence]).rstrip()))
    if verdict.passed and verdict.left_out:
        out.print(
            Text(f"not checked, since the subject offers none: {', '.join(verdict.left_out)}")
        )
    if (said := text.worth(verdict)) is not None:
        out.print(Text(said))
    out.print(Text(f"again: {command}", "dim"), soft_wrap=True)
