"""What is true: PyTorch's own answer to a case, and the textbook's, with the noise around it."""

from parity.case import Array, Case
from parity.yardstick import Exact, Yardstick
from reference import noise, planting, twin
from reference.mistakes import CATALOGUE
from reference.stepwise import stepwise
from reference.surroundings import surroundings


def _exact(case: Case, gates: Array | None = None) -> Exact:
    from reference import oracle  # python-flint is loaded only when somebody asks who is right

    return oracle.exact(case, gates)


pytorch = Yardstick(
    name="PyTorch",
    run=twin.run,
    floor=noise.floor,
    training_floor=noise.training_floor,
    exact=_exact,
    stepwise=stepwise,
    catalogue=CATALOGUE,
    predict=planting.predict,
    planted_floor=planting.planted_floor,
    surroundings=surroundings,
)

__all__ = ["pytorch"]
