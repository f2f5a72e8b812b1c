"""The plain network, from which mutants are made, has no mistake itself."""

from collections.abc import Iterator

import numpy as np
import pytest

from parity import Config, Subject, draw, judge
from parity.cases.grid import GRIDS
from parity.cases.pairwise import of_classifiers, of_layers
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.capabilities import ORDINARY
from tests.support.plain import PlainNetwork

OTHER_LOSSES = [
    Config(loss="squared", layers=2),
    Config(loss="steps", steps=1),
    Config(loss="steps", bidirectional=True, updates=2),
    Config(loss="squared-steps", activation="relu"),
]
COMBINED = (*of_layers(), *of_classifiers())


def configurations() -> Iterator[Config]:
    """Yield the smoke grid's configurations, all combinations of options, and other losses."""
    yield from (config for group in GRIDS["smoke"].groups() for config in group.configs)
    yield from COMBINED
    yield from OTHER_LOSSES


def test_float64_is_pytorchs(subtests: pytest.Subtests) -> None:
    """With every option, alone and together, all arrays are PyTorch's to about 13 digits."""
    for config in {config.replace(dtype="float64") for config in configurations()}:
        with subtests.test(str(config)):
            case = draw(config)
            answer, expected = PlainNetwork().run(case), pytorch.run(case)
            assert answer.keys() == expected.keys()
            for name, array in expected.items():
                np.testing.assert_allclose(answer[name], array, 1e-9, 1e-13, err_msg=name)


def test_other_formats_agree(subtests: pytest.Subtests) -> None:
    """With 32-bit or 16-bit numbers, no difference is larger than rounding explains."""
    narrow = [config for config in COMBINED if config.dtype != "float64"]
    plain = Subject(name="plain", run=PlainNetwork().run, knows=tuple(ORDINARY))
    for config in narrow[::6]:
        with subtests.test(str(config)):
            verdict = judge(plain, draw(config), pytorch)
            assert verdict.passed or verdict.only_undecided
