"""Settle: a subject whose way of asking is uncertain was asked rightly if a mistake explains it."""

from dataclasses import replace

from parity.diagnosis.diagnose import diagnose
from parity.model.config import Config
from parity.model.verdict import Verdict
from parity.reference.base import Reference
from parity.subjects.subject import Subject


def settled(subject: Subject, config: Config, verdict: Verdict, reference: Reference) -> Subject:
    """Return the subject, without a doubt where known mistakes give its numbers exactly.

    verdict: of this configuration. A subject that is understood is returned as it is.
    """
    if not verdict.not_understood:
        return subject
    certain = replace(subject, uncertain="")
    return certain if diagnose(certain, config, reference).causes else subject
