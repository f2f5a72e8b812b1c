"""What is true: PyTorch's own answer to a case, and the textbook's, with the noise around it."""

from parity.branches import Branches
from parity.case import Case
from parity.yardstick import Exact, Yardstick
from reference import noise, planting, twin
from reference.mistakes import CATALOGUE
from reference.stepwise import own_step, stepwise
from reference.surroundings import surroundings


def _exact(case: Case, branches: Branches | None = None) -> Exact:
    from reference import oracle  # python-flint is loaded only when somebody asks who is right

    return oracle.exact(case, branches)


pytorch = Yardstick(
    name="PyTorch",
    run=twin.run,
    floor=noise.floor,
    training_floor=noise.training_floor,
    exact=_exact,
    stepwise=stepwise,
    own_step=own_step,
    catalogue=CATALOGUE,
    predict=planting.predict,
    planted_floor=planting.planted_floor,
    surroundings=surroundings,
)

__all__ = ["pytorch"]
