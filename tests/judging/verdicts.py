"""Subjects that are wrong in one array, and their verdicts."""

from collections.abc import Callable
from typing import Any

import numpy as np

from parity import Case, Config, Status, Subject, Verdict, draw, judge, scratch
from parity.reference.frameworks.pytorch import pytorch

Run = Callable[[Case], dict[str, Any]]


def verdict_of(run: Run, case: Case | None = None, **options: Any) -> Verdict:
    case = case if case is not None else draw(Config())
    return judge(Subject(name="mine.py", run=run), case, pytorch, **options)


def off_by(name: str, factor: float) -> Run:
    """Return scratch's run with the largest entry of one array off by a factor."""

    def run(case: Case) -> dict[str, Any]:
        trace = {key: np.array(array) for key, array in scratch.run(case).items()}
        flat = trace[name].reshape(-1)
        flat[np.abs(flat).argmax()] *= factor
        return trace

    return run


def status_of(verdict: Verdict, name: str) -> Status:
    return next(c.status for c in verdict.comparisons if c.name == name)


VALUES = ("hidden", "logits", "loss", "grad/W_out", "grad/b_out", "grad/W_x", "grad/W_h")
VALUES += ("grad/b", "grad/x", "grad/h_0")
