"""Subjects that fail, and the cases that are kept of them."""

from pathlib import Path
from typing import Any

import numpy as np

from parity import Case, Config, Subject, draw, judge, scratch
from parity.reference.frameworks.pytorch import pytorch
from parity.reproduce.save import Kept, keep

SMALL = Config(batch=2, steps=3, hidden=2)


def halved(case: Case) -> dict[str, Any]:
    trace = dict(scratch.run(case))
    return trace | {"grad/W_h": trace["grad/W_h"] / 2}


def doubled(case: Case) -> dict[str, Any]:
    trace = dict(scratch.run(case))
    return trace | {"hidden": trace["hidden"] * 2}


def wordy(case: Case) -> dict[str, Any]:
    return scratch.run(case) | {"padding": np.zeros(1000)}


def raising(case: Case) -> dict[str, Any]:
    raise KeyError("states")


HALVED = Subject(name="halved.py", run=halved)


def kept_of(root: Path, case: Case | None = None, subject: Subject = HALVED) -> Kept:
    case = case or draw(SMALL)
    return keep(subject, case, judge(subject, case, pytorch), pytorch, root)
