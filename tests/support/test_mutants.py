"""Every mutant makes the mistake that it is named after, and no other."""

import numpy as np
import pytest

from parity import draw
from parity.model.trace import Trace
from parity.reference.frameworks.pytorch import pytorch
from parity.reference.mistakes import by_slug
from parity.reference.mistakes.mistake import Mistake
from parity.reference.mistakes.planting import predict
from tests.support.mutants import MUTANTS, Mutant, MutantError, combined
from tests.support.mutants.mutant import mutant
from tests.support.unknown import UNKNOWN


def mistake_of(mutant: Mutant) -> Mistake:
    mistake = by_slug[mutant.slug]
    return mistake if mutant.value is None else mistake.having([mutant.value])[0]


def agrees(answer: Trace, expected: Trace) -> bool:
    return all(np.allclose(answer[name], array, 1e-9, 1e-11) for name, array in expected.items())


@pytest.mark.parametrize("slug", MUTANTS)
def test_mutant_makes_its_mistake(slug: str) -> None:
    """Its numbers are those of the textbook with the same mistake, and not PyTorch's."""
    mutant = MUTANTS[slug]
    mistake, case = mistake_of(mutant), draw(mutant.config)
    assert mistake.applies(mutant.config)
    answer, expected = mutant.run(case), predict(case, [mistake])
    for name in answer.keys() & expected.keys():
        np.testing.assert_allclose(answer[name], expected[name], 1e-9, 1e-11, err_msg=name)
    assert not agrees(answer, pytorch.run(case))


def test_every_mistake_has_a_mutant() -> None:
    """Every slug of the catalogue has a mutant, and every mutant's slug is in the catalogue."""
    assert by_slug.keys() == MUTANTS.keys()


@pytest.mark.parametrize("slug", UNKNOWN)
def test_an_unknown_error_is_an_error(slug: str) -> None:
    """An unknown error has a name that no mistake has, and its numbers differ from PyTorch's."""
    case = draw(UNKNOWN[slug].config)
    assert slug not in by_slug
    assert not agrees(UNKNOWN[slug].run(case), pytorch.run(case))


def test_an_unknown_stage_is_refused() -> None:
    """A mutant that replaces no stage is refused, and so cannot count as caught."""
    with pytest.raises(MutantError, match="no stage sofmax"):
        mutant("softmax-twice", sofmax=lambda net, logits: logits)


def test_two_mutants_of_one_stage_are_refused() -> None:
    """Two mistakes in one stage are refused: the second would hide the first."""
    with pytest.raises(MutantError, match="loss-doubled and another mutant replace loss"):
        combined(MUTANTS["loss-halved"], MUTANTS["loss-doubled"])
