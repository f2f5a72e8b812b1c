"""Automatic mutants: the plain network with one small edit of its source, by the hundreds.

Nobody wrote them with the catalogue of mistakes in mind: `operators` has the edits, such as an
operator swapped or a transpose dropped; `generator` makes each of them at every place of
`tests.support.plain` that has one. An edit can leave the network right. `labels` says which are, by
a comparison with PyTorch's autograd (`autograd`) that shares no code with the harness.
"""

from tests.support.auto_mutants.generator import AutoMutant, edits_of, generate
from tests.support.auto_mutants.labels import Label, labelled

__all__ = ["AutoMutant", "Label", "edits_of", "generate", "labelled"]
