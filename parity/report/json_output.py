"""The verdict as data, for `--json`: plain dictionaries, which a reader needs no class for."""

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

from parity.diagnosis.diagnose import Diagnosis
from parity.judging.training import Training
from parity.model.comparison import Comparison
from parity.model.coverage import Coverage
from parity.model.verdict import Verdict
from parity.report import text
from parity.subjects.subject import Subject


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """Return all data of a verdict. A NaN or an infinity is written as a string."""
    return {
        "id": str(verdict.config),
        "config": dataclasses.asdict(verdict.config),
        "subject": verdict.subject,
        "reference": verdict.reference,
        "passed": verdict.passed,
        "comparable": verdict.comparable,
        "summary": text.headline(verdict),
        "worth": text.worth(verdict),
        "remarks": list(verdict.remarks),
        "not_checked": list(verdict.left_out),
        "coverage": coverage_data(verdict.coverage),
        "findings": [
            {"kind": f.kind.value, "text": f.text, "evidence": f.evidence, "grave": f.grave}
            for f in verdict.findings
        ],
        "comparisons": [_comparison(c) for c in verdict.comparisons],
        "command": text.repeat_command(verdict),
    }


def coverage_data(coverage: Coverage | None) -> dict[str, Any] | None:
    """Return how many lines a verdict covers and those that it does not; None: not watched."""
    if coverage is None:
        return None
    return {
        "files": list(coverage.files),
        "executed": coverage.executed,
        "executable": coverage.executable,
        "not_judged": [
            dataclasses.asdict(part) | {"grave": part.grave} for part in coverage.not_judged
        ],
    }


def others_data(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return, under one key, a line of each further configuration that was compared."""
    return {
        "others": [
            {"id": str(v.config), "passed": v.passed, "summary": text.headline(v)} for v in verdicts
        ]
    }


def diagnosis_data(diagnosis: Diagnosis | None) -> dict[str, Any]:
    """Return all data of a diagnosis, under one key; nothing where nothing was wrong."""
    return {"diagnosis": None if diagnosis is None else dataclasses.asdict(diagnosis)}


def training_data(training: Training) -> dict[str, Any]:
    """Return a training run: its verdict, both loss curves and both accuracies."""
    return verdict_data(training.verdict) | {
        "epochs": training.epochs,
        "losses": {
            "subject": training.losses[:, 0].tolist(),
            "reference": training.losses[:, 1].tolist(),
        },
        "held_out_accuracy": dict(zip(("subject", "reference"), training.accuracy, strict=True)),
    }


def subject_data(subject: Subject) -> dict[str, Any]:
    """Return how a subject is asked: its binding, what is assumed, the only values of options."""
    return {
        "assumed": list(subject.assumed),
        "asked_with": dict(subject.asks),
        "binding": text.binding_lines(subject),
        "uncertain": subject.uncertain,
    }


def to_json(data: dict[str, Any]) -> str:
    """Return `data` as JSON text that every parser reads."""
    return json.dumps(_plain(data), indent=2, allow_nan=False) + "\n"


def _comparison(comparison: Comparison) -> dict[str, Any]:
    greatest = comparison.greatest
    return {
        "name": comparison.name,
        "against": comparison.against,
        "status": comparison.status.value,
        "detail": comparison.detail,
        "resolution": comparison.resolution,
        "ruling": None if comparison.ruling is None else dataclasses.asdict(comparison.ruling),
        **(dataclasses.asdict(greatest) if greatest is not None else {}),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
