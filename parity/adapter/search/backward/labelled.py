"""Labelled: which labels a call takes, and whether there are scores to compare them with."""

from parity.adapter.search.backward.gradients import parameters_of
from parity.adapter.search.backward.readings import LABELS, Backward
from parity.adapter.search.calling.calls import Proposal
from parity.adapter.search.forward.judged import Forward


def kind_of_labels(proposal: Proposal) -> tuple[bool, bool]:
    """Return whether labels are handed over as rows of zeros and ones, and for every step.

    Where several kinds run and none answers anything right, nobody knows which one is wanted.
    """
    texts = [v.text for v in proposal.arguments.values() if v.role in LABELS]
    return any("one_hot" in text for text in texts), any("step" in text for text in texts)


def has_no_place_for_labels(found: Backward, forward: Forward) -> bool:
    """Return whether a call wants labels, and the head that they are compared with is not ours."""
    return found.level > 0 and "W_out" not in parameters_of(forward) and found.evidence == 0
