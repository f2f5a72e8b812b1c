"""A program of a few lines, adapted from its file and judged."""

from pathlib import Path
from typing import Any

from parity.adapter.load import load
from parity.cases.draw import draw
from parity.judging.judge import judge
from parity.model.config import Config
from parity.model.verdict import Verdict
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Subject

SIZES = Config(batch=2, steps=3, features=4, hidden=5, classes=7)


def adapted(folder: Path, text: str) -> Subject:
    """Return the subject that the search makes of a program."""
    file = folder / "program.py"
    file.write_text(f"import numpy as np\n\n\n{text}", encoding="utf-8")
    return load(str(file))


def judged(subject: Subject, **options: Any) -> Verdict:
    """Return the verdict on a small case with these options."""
    return judge(subject, draw(subject.asked(SIZES.replace(**options))), pytorch, thorough=True)


def bound(subject: Subject) -> str:
    """Return how it is asked, as one text."""
    return str(list(subject.run.binding.items()))  # type: ignore[attr-defined]
