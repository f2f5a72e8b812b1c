"""The engine: configuration, case, trace, comparison, verdict, report, command line."""

from parity.case import Case
from parity.comparison import Comparison, Status, compare
from parity.config import Config
from parity.diagnosis import Diagnosis, diagnose
from parity.drawing import draw
from parity.errors import ConfigError, MissingExtraError, ParityError, SubjectError
from parity.finding import Finding, Misbehaviour
from parity.isolation import Limits, isolated
from parity.judging import judge, judge_behaviour
from parity.subject import Subject, load
from parity.trace import Trace
from parity.verdict import Verdict
from parity.verifying import Record, parametrize, verify

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
    "Record",
    "Status",
    "Subject",
    "SubjectError",
    "Trace",
    "Verdict",
    "compare",
    "diagnose",
    "draw",
    "isolated",
    "judge",
    "judge_behaviour",
    "load",
    "parametrize",
    "verify",
]
