"""Settle: a subject whose way of asking is uncertain was asked rightly if a mistake explains it."""

from dataclasses import replace

from parity.diagnosis.diagnose import diagnose
from parity.model.config import Config
from parity.model.verdict import Verdict
from parity.reference.base import Reference
from parity.reference.mistakes import by_slug
from parity.subjects.subject import Subject


def settled(subject: Subject, config: Config, verdict: Verdict, reference: Reference) -> Subject:
    """Return the subject, without a doubt where known mistakes give its numbers exactly.

    verdict: of this configuration. A subject that is understood is returned as it is. A wrong
    shape, or a write into an input, is as likely the fault of the question.
    """
    if not verdict.not_understood:
        return subject
    certain = replace(subject, uncertain="")
    causes = diagnose(certain, config, reference).causes
    return certain if any(cause.slug in by_slug for cause in causes) else subject
