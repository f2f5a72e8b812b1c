"""Automatic mutants: the plain network with one small edit of its source, by the hundreds.

They are independent of the catalogue of mistakes. `operators` has the edits, such as a swapped
operator or a dropped transpose. `generator` makes each edit at every possible place of
`tests.support.plain`. An edit can leave the network right. `labels` decides which ones do, by a
comparison with PyTorch's autograd (`autograd`). They share only the containers of cases with the
harness.
"""

from tests.support.auto_mutants.generator import AutoMutant, edits_of, generate
from tests.support.auto_mutants.labels import Label, labelled

__all__ = ["AutoMutant", "Label", "edits_of", "generate", "labelled"]
