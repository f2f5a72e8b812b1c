"""Whether a configuration shows that a subject is wrong, and which mistakes a diagnosis names."""

import functools
import itertools
from collections.abc import Iterable, Iterator

from parity.cases.draw import draw
from parity.diagnosis.diagnose import Diagnosis, diagnose
from parity.judging.judge import judge
from parity.model.case import Case
from parity.model.config import Config
from parity.model.trace import Trace
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Subject
from tests.support.mutants import Mutant


def caught_at(subject: Subject, within: Iterable[Config]) -> Config | None:
    """Return the first configuration that fails, or None."""
    for config in within:
        case, expected = _drawn(config)
        verdict = judge(subject, case, pytorch, expected=expected)
        if not verdict.passed and not verdict.only_undecided:
            return config
    return None


@functools.cache
def _drawn(config: Config) -> tuple[Case, Trace]:
    """Return the case and PyTorch's answer, which hundreds of subjects are compared with."""
    case = draw(config)
    return case, pytorch.run(case)


def asked(subject: Subject) -> Iterator[Diagnosis]:
    """Diagnose as a classifier and as a layer, of tanh and of relu: some mistakes exist in one."""
    for activation, kind in itertools.product(("tanh", "relu"), ("classifier", "layer")):
        yield diagnose(subject, Config(activation=activation, kind=kind), pytorch)


def names(diagnoses: Iterable[Diagnosis]) -> set[str]:
    """Return all named mistakes, by slug and number."""
    return {cause.name for diagnosis in diagnoses for cause in diagnosis.causes}


def is_named(diagnoses: Iterable[Diagnosis], mutants: Iterable[Mutant]) -> bool:
    """Return whether the mistakes of these mutants are named, and no other."""
    return names(diagnoses) == {mutant.name for mutant in mutants}
