"""The engine: a subject and a reference run on a case, their traces compared, a verdict explained.

A public name is imported when it is first asked for. pytest loads this package in every project
in which it is installed, and must not pay for NumPy there.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity.adapter.bind import bind
    from parity.adapter.load import load
    from parity.adapter.runtime import definitions
    from parity.cases.draw import draw
    from parity.diagnosis.diagnose import Diagnosis, diagnose
    from parity.execution.limits import Limits
    from parity.execution.process import isolated
    from parity.gate.parametrize import parametrize
    from parity.gate.verify import Record, Verification, verify
    from parity.judging.judge import judge, judge_behaviour
    from parity.model.case import Case
    from parity.model.comparison import Comparison, Status, compare
    from parity.model.config import Config
    from parity.model.errors import (
        ConfigError,
        MissingExtraError,
        ParityError,
        Reason,
        SubjectError,
    )
    from parity.model.finding import Finding, Misbehaviour
    from parity.model.trace import Trace
    from parity.model.verdict import Verdict
    from parity.subjects.subject import Subject

_HOMES = {
    "Case": "parity.model.case",
    "Comparison": "parity.model.comparison",
    "Config": "parity.model.config",
    "ConfigError": "parity.model.errors",
    "Diagnosis": "parity.diagnosis.diagnose",
    "Finding": "parity.model.finding",
    "Limits": "parity.execution.limits",
    "Misbehaviour": "parity.model.finding",
    "MissingExtraError": "parity.model.errors",
    "ParityError": "parity.model.errors",
    "Reason": "parity.model.errors",
    "Record": "parity.gate.verify",
    "Status": "parity.model.comparison",
    "Subject": "parity.subjects.subject",
    "SubjectError": "parity.model.errors",
    "Trace": "parity.model.trace",
    "Verdict": "parity.model.verdict",
    "Verification": "parity.gate.verify",
    "bind": "parity.adapter.bind",
    "compare": "parity.model.comparison",
    "definitions": "parity.adapter.runtime",
    "diagnose": "parity.diagnosis.diagnose",
    "draw": "parity.cases.draw",
    "isolated": "parity.execution.process",
    "judge": "parity.judging.judge",
    "judge_behaviour": "parity.judging.judge",
    "load": "parity.adapter.load",
    "parametrize": "parity.gate.parametrize",
    "verify": "parity.gate.verify",
}

__all__ = [
    "Case",
    "Comparison",
    "Config",
    "ConfigError",
    "Diagnosis",
    "Finding",
    "Limits",
    "Misbehaviour",
    "MissingExtraError",
    "ParityError",
    "Reason",
    "Record",
    "Status",
    "Subject",
    "SubjectError",
    "Trace",
    "Verdict",
    "Verification",
    "bind",
    "compare",
    "definitions",
    "diagnose",
    "draw",
    "isolated",
    "judge",
    "judge_behaviour",
    "load",
    "parametrize",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import a public name. Raises AttributeError for any other."""
    if name not in _HOMES:
        raise AttributeError(f"module 'parity' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
